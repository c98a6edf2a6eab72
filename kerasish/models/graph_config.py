"""The graph of a functional model as a config, and back; Keras reads the same."""

import inspect
from typing import Any

from .. import ops, registry, tree
from ..graph import FunctionOperation, KerasTensor, Node, Operation, is_symbolic
from .function import Function

__all__ = ["graph_config", "graph_from_config"]


def graph_config(graph: Function) -> dict[str, Any]:
    """Return layers, their calls, inputs and outputs."""
    calls: dict[int, list[Node]] = {id(o): [] for o in graph.operations}
    for node in graph.all_nodes:
        calls[id(node.operation)].append(node)

    def history(tensor: KerasTensor) -> list[Any]:
        node = tensor.node
        assert node is not None
        index = calls[id(node.operation)].index(node)
        outputs = [id(t) for t in tree.flatten(node.outputs)]
        return [node.operation.name, index, outputs.index(id(tensor))]

    def tensor_config(x: Any) -> Any:
        if not is_symbolic(x):
            return registry.serialize_keras_object(x)
        inner = {"shape": x.shape, "dtype": x.dtype, "keras_history": history(x)}
        return {"class_name": "__keras_tensor__", "config": inner}

    layers = []
    for operation in graph.operations:
        nodes = [n for n in calls[id(operation)] if n.inputs]
        config = _operation_config(operation, nodes)
        config["name"] = operation.name
        config["inbound_nodes"] = [
            dict(zip(("args", "kwargs"), _map_args(tensor_config, _call_of(node))))
            for node in nodes
        ]
        layers.append(config)
    return {
        "layers": layers,
        "input_layers": _map_histories(history, graph.inputs_struct),
        "output_layers": _map_histories(history, graph.outputs_struct),
    }


def _map_args(fn: Any, x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_map_args(fn, e) for e in x]
    if isinstance(x, dict):
        return {k: _map_args(fn, v) for k, v in x.items()}
    return fn(x)


def _map_histories(history: Any, structure: Any) -> Any:
    return tree.map_structure(history, structure)


# In which of Keras's files an op's class is, unless in `numpy`; and what it is called,
# unless by the op's name in camel case.
_KERAS_FILES = {
    "core": "cast saturate_cast scatter scatter_update slice slice_update "
    "stop_gradient unstack",
    "math": "cdist erf erfc erfinv extract_sequences in_top_k logdet logsumexp rsqrt "
    "segment_max segment_min segment_prod segment_sum top_k view_as_complex "
    "view_as_real",
    "linalg": " ".join(set(ops.linalg.__all__) - {"logdet", "slogdet"}),
    "nn": " ".join(ops.nn.__all__),
}
_FILE_OF = {
    name: file for file, names in _KERAS_FILES.items() for name in names.split()
}
_KERAS_CLASSES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "ctc_loss": "CTCLoss",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "svd": "SVD",
}
# Arguments that Keras passes to the call and not to the constructor, or vice versa.
_IN_CALL = {
    "get_item": ["key"],
    "isclose": ["rtol", "atol"],
    "pad": ["constant_values"],
    "slice": ["start_indices"],
    "slice_update": ["start_indices"],
}
_IN_CONSTRUCTOR = {
    "bincount": ["weights"],
    "clip": ["x_min", "x_max"],
    "trapezoid": ["x"],
}
# Activations that are more than the op of the same name.
_ACTIVATIONS = {"mish": "Mish", "relu": "ReLU"}
_OWN = "kerasish.function"  # the module of ops that are none of Keras's


def _op_name(function: Any) -> str | None:
    """The public name of an op, None for a function that is none of `ops`."""
    name = function.__name__.lstrip("_")
    is_activation = registry.namespace("activations").get(name) is function
    is_op = function.__module__.startswith(ops.__name__)
    same = is_activation and name in ops.__all__ and name not in _ACTIVATIONS
    return name if is_op or same else None


def _operation_config(operation: Operation, nodes: list[Node]) -> dict[str, Any]:
    if not isinstance(operation, FunctionOperation):
        return registry.serialize_keras_object(operation)
    settings = registry.serialize_keras_object(_op_arguments(nodes[0])[1])
    name = _op_name(operation.function)
    if name is None and operation.function.__name__ in _ACTIVATIONS:
        class_name = _ACTIVATIONS[operation.function.__name__]
        return {
            "module": "keras.src.activations.activations",
            "class_name": class_name,
            "config": {"name": operation.name, **settings},
            "registered_name": class_name,
        }
    if name is None:
        function = registry.serialize_keras_object(operation.function)
        return {
            "module": _OWN,
            "class_name": "function",
            "config": {"name": operation.name, "call": function, "settings": settings},
            "registered_name": None,
        }
    camel = "".join(part.capitalize() for part in name.split("_"))
    class_name = _KERAS_CLASSES.get(name, camel)
    return {
        "module": f"keras.src.ops.{_FILE_OF.get(name, 'numpy')}",
        "class_name": class_name,
        "config": {"name": operation.name, **settings},
        "registered_name": class_name,
    }


def _op_arguments(node: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a recorded op call by name: of the call, of Keras's constructor."""
    function = node.operation.function  # type: ignore[attr-defined]
    single, several = function.tensor_parameters
    name = _op_name(function) or ""
    in_call = {*single, *several, *_IN_CALL.get(name, ())}
    in_call -= {*_IN_CONSTRUCTOR.get(name, ())}
    bound = inspect.signature(function).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    passed: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for key, value in bound.arguments.items():
        kind = bound.signature.parameters[key].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            settings.update(value)
        else:
            (passed if key in in_call else settings)[key] = value
    return passed, settings


def _call_of(node: Node) -> tuple[Any, Any]:
    if not isinstance(node.operation, FunctionOperation):
        return node.args, node.kwargs
    function = node.operation.function
    parameters = inspect.signature(function).parameters
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for key, value in _op_arguments(node)[0].items():
        if parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
            args += value
        elif parameters[key].default is inspect.Parameter.empty:
            args.append(value)
        else:
            kwargs[key] = value
    return tuple(args), kwargs


# --- and back ------------------------------------------------------------------------


def graph_from_config(config: dict[str, Any]) -> tuple[Any, Any]:
    """Return inputs and outputs of the graph that `graph_config` described."""
    operations: dict[str, Any] = {}
    waiting: list[tuple[str, int, dict[str, Any]]] = []
    results: dict[tuple[str, int], list[Any]] = {}
    for layer in config["layers"]:
        name = layer.get("name") or layer["config"]["name"]
        operations[name] = _operation_from_config(layer, name)
        calls = layer.get("inbound_nodes", [])
        waiting += [(name, i, call) for i, call in enumerate(calls)]
        if not calls:
            results[name, 0] = [operations[name].output]

    def look_up(history: Any) -> Any:
        name, node, tensor = history[:3]
        return results[name, node][tensor]

    while waiting:
        ready = [w for w in waiting if _sources(w[2]) <= set(results)]
        if not ready:
            raise ValueError(
                "The config's graph cannot be put together: calls of "
                f"{sorted({w[0] for w in waiting})} depend on tensors that nothing in "
                "it makes."
            )
        for name, index, call in ready:
            args = _restore(call.get("args", ()), look_up)
            kwargs = _restore(call.get("kwargs", {}), look_up)
            outputs = operations[name](*args, **kwargs)
            results[name, index] = tree.flatten(outputs)
        done = {(name, index) for name, index, _ in ready}
        waiting = [w for w in waiting if w[:2] not in done]
    inputs = _from_histories(config["input_layers"], look_up)
    return inputs, _from_histories(config["output_layers"], look_up)


def _operation_from_config(config: dict[str, Any], name: str) -> Any:
    module, inner = config.get("module") or "", config["config"]
    if module != _OWN and ".ops." not in module and ".activations" not in module:
        layer = registry.deserialize_keras_object(config)
        if not isinstance(layer, Operation):
            raise ValueError(f"`{name}` in the config is not a layer: {layer!r}.")
        return layer
    settings = registry.deserialize_keras_object(
        inner["settings"]
        if module == _OWN
        else {k: v for k, v in inner.items() if k != "name"}
    )
    function = _function_of(config, name)
    several = [key for key, p in inspect.signature(function).parameters.items()
               if p.kind is p.VAR_POSITIONAL]  # fmt: skip
    operation = FunctionOperation(function, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        first = list(settings.values())[:1] if several else []  # einsum's subscripts
        rest = dict(list(settings.items())[len(first) :])
        return operation.symbolic_call(*first, *args, **kwargs, **rest)

    return call


def _function_of(config: dict[str, Any], name: str) -> Any:
    """The function that a config of an op means: one of `ops`, or a user's own."""
    if config.get("module") == _OWN:
        return registry.deserialize_keras_object(config["config"]["call"])
    table = registry.namespace("ops")
    if ".activations" in config["module"]:
        table = registry.namespace("activations")
    names = {n.replace("_", ""): n for n in table}
    names |= {kind.lower(): n for n, kind in _KERAS_CLASSES.items()}
    found = names.get(config["class_name"].lower())
    if found is None:
        raise ValueError(
            f"Unknown operation {config['class_name']!r} (`{name}`)."
            + registry.did_you_mean(config["class_name"].lower(), names)
        )
    public = table[found]
    if hasattr(public, "tensor_parameters"):
        return public
    return getattr(inspect.getmodule(public), f"_{found}", public)  # what is recorded


def _sources(call: Any) -> set[tuple[str, int]]:
    """The calls whose results a call's config mentions."""
    if isinstance(call, dict):
        if call.get("class_name") == "__keras_tensor__":
            return {tuple(call["config"]["keras_history"][:2])}
        call = list(call.values())
    if isinstance(call, (list, tuple)):
        return set().union(*map(_sources, call))
    return set()


def _restore(x: Any, look_up: Any) -> Any:
    if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
        return look_up(x["config"]["keras_history"])
    if isinstance(x, dict) and "class_name" in x:
        return registry.deserialize_keras_object(x)
    if isinstance(x, dict):
        return {k: _restore(v, look_up) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_restore(v, look_up) for v in x]
    return x


def _from_histories(structure: Any, look_up: Any) -> Any:
    if isinstance(structure, dict):
        return {k: _from_histories(v, look_up) for k, v in structure.items()}
    if len(structure) in (3, 4) and isinstance(structure[0], str):
        return look_up(structure)
    return [_from_histories(x, look_up) for x in structure]
