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


_KERAS_FILES = {"nn": "nn", "math": "math", "linalg": "linalg", "control": "core"}


def _operation_config(operation: Operation, nodes: list[Node]) -> dict[str, Any]:
    if not isinstance(operation, FunctionOperation):
        return registry.serialize_keras_object(operation)
    function = operation.function
    name = "".join(part.capitalize() for part in function.__name__.split("_"))
    file = _KERAS_FILES.get(function.__module__.rsplit(".", 1)[-1], "numpy")
    return {
        "module": f"keras.src.ops.{file}",
        "class_name": name,
        "config": {"name": operation.name, **_op_settings(nodes[0])},
        "registered_name": name,
    }


def _op_arguments(node: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and settings among the arguments of a recorded op call, by name."""
    function = node.operation.function  # type: ignore[attr-defined]
    single, several = function.tensor_parameters
    bound = inspect.signature(function).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    tensors: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for key, value in bound.arguments.items():
        is_tensor = key in single | several or key == "key"
        (tensors if is_tensor else settings)[key] = value
    return tensors, settings


def _op_settings(node: Node) -> dict[str, Any]:
    return registry.serialize_keras_object(_op_arguments(node)[1])


def _call_of(node: Node) -> tuple[Any, Any]:
    if not isinstance(node.operation, FunctionOperation):
        return node.args, node.kwargs
    tensors = {k: v for k, v in _op_arguments(node)[0].items() if v is not None}
    return tuple(tensors.values()), {}


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
    module = config.get("module") or ""
    if ".ops." not in module:
        layer = registry.deserialize_keras_object(config)
        if not isinstance(layer, Operation):
            raise ValueError(f"`{name}` in the config is not a layer: {layer!r}.")
        return layer
    known = {n.replace("_", ""): f for n, f in vars(ops).items() if callable(f)}
    function = known.get(config["class_name"].lower())
    if function is None:
        raise ValueError(
            f"Unknown operation {config['class_name']!r} (`{name}`)."
            + registry.did_you_mean(config["class_name"].lower(), known)
        )
    settings = registry.deserialize_keras_object(
        {k: v for k, v in config["config"].items() if k != "name"}
    )
    operation = FunctionOperation(function, name)
    return lambda *args, **kwargs: operation.symbolic_call(*args, **kwargs, **settings)


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
