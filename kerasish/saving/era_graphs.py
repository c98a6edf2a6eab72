"""Graphs of functional models as Keras 1, Keras 2 and tf.keras wrote them.

A call of a layer was a list of its inputs `[layer, call, output, keyword arguments]`.
Functions of TensorFlow that were called on symbolic tensors became layers; the simple
ones are ops here.
"""

from typing import Any

__all__ = ["graph", "operation"]

RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU")
CONSTANT = "_CONSTANT_VALUE"
# TensorFlow's function, without its module -> the op's class in Keras, and the names of
# TensorFlow's arguments in the order of the op's.
FUNCTIONS = {
    **dict.fromkeys(("add", "__add__"), ("Add", "x y")),
    **dict.fromkeys(("subtract", "sub"), ("Subtract", "x y")),
    **dict.fromkeys(("multiply", "mul"), ("Multiply", "x y")),
    **dict.fromkeys(("divide", "truediv"), ("TrueDivide", "x y")),
    "pow": ("Power", "x y"),
    "maximum": ("Maximum", "x y"),
    "minimum": ("Minimum", "x y"),
    **dict.fromkeys(("negative", "neg"), ("Negative", "x")),
    "abs": ("Absolute", "x"),
    "exp": ("Exp", "x"),
    "log": ("Log", "x"),
    "sqrt": ("Sqrt", "x"),
    "square": ("Square", "x"),
    "tanh": ("Tanh", "x"),
    "sigmoid": ("Sigmoid", "x"),
    "relu": ("Relu", "features"),
    "softmax": ("Softmax", "logits axis"),
    "reduce_sum": ("Sum", "input_tensor axis keepdims"),
    "reduce_mean": ("Mean", "input_tensor axis keepdims"),
    "reduce_max": ("Max", "input_tensor axis keepdims"),
    "reduce_min": ("Min", "input_tensor axis keepdims"),
    "reduce_prod": ("Prod", "input_tensor axis keepdims"),
    "concat": ("Concatenate", "values axis"),
    "stack": ("Stack", "values axis"),
    "expand_dims": ("ExpandDims", "input axis"),
    "squeeze": ("Squeeze", "input axis"),
    "reshape": ("Reshape", "tensor shape"),
    "transpose": ("Transpose", "a perm"),
    "cast": ("Cast", "x dtype"),
    "getitem": ("GetItem", "tensor slice_spec"),
}
# In which of Keras's files the op's class is, unless in `numpy`.
FILES = {"Relu": "nn", "Softmax": "nn", "Sigmoid": "nn", "Cast": "core"}
# Operations in the graphs of TensorFlow 2.0 to 2.3, by the functions above.
RAW = {
    "Add": "add",
    "AddV2": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "RealDiv": "divide",
    "Pow": "pow",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Neg": "negative",
    "Abs": "abs",
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Square": "square",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Relu": "relu",
}


def operation(entry: Any) -> Any:
    """Spell a layer that stands for a function of TensorFlow as an op.

    Raises:
        ValueError: with its name, if it is none of the simple ones.
    """
    kind = entry.get("class_name") if isinstance(entry, dict) else None
    if kind not in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"):
        return entry
    config = entry["config"]
    constants: dict[str, Any] = {}
    if kind == "TensorFlowOpLayer":
        raw = config["node_def"]["op"]
        function, constants = RAW.get(raw, raw), config.get("constants") or {}
    else:
        function = config["function"].rsplit(".", 1)[-1]
    if function not in FUNCTIONS:
        raise ValueError(
            f"Layer `{config['name']}` of class {kind} stands for TensorFlow's "
            f"`{config.get('function', function)}`, which is not known here. Make the "
            "model in code, with the function of `kerasish.ops` that does the same, "
            "and use `load_weights`."
        )
    op, names = FUNCTIONS[function]
    calls = [
        _op_call(config["name"], names.split(), _node(node), constants)
        for node in entry["inbound_nodes"]
    ]
    return {
        "module": f"keras.src.ops.{FILES.get(op, 'numpy')}",
        "class_name": op,
        "config": {"name": config["name"]},
        "registered_name": op,
        "name": config["name"],
        "inbound_nodes": calls,
    }


def _op_call(
    name: str, names: list[str], call: Any, constants: dict[str, Any]
) -> dict[str, Any]:
    """Put the arguments of one call in the op's order."""
    first, kwargs = call
    if constants:
        args = list(first) if _is_nest(first) else [first]
        for place, value in sorted(constants.items(), key=lambda item: int(item[0])):
            args.insert(int(place), value)
    elif names[:2] == ["x", "y"] and _is_nest(first):
        args = list(first)
    else:
        args = [first]
    kwargs = {k: v for k, v in kwargs.items() if v is not None and k != "name"}
    for key in names[len(args) :]:
        args.append(_key(kwargs.pop(key)) if key in kwargs else None)
    while args and args[-1] is None:
        args.pop()
    if kwargs:
        raise ValueError(
            f"Layer `{name}` in the file stands for a function of TensorFlow with "
            f"arguments that are not known here: {sorted(kwargs)}."
        )
    return {"args": args, "kwargs": {}}


def _key(value: Any) -> Any:
    """Spell slices as Keras 3 does."""
    if not isinstance(value, list) or not any(isinstance(v, dict) for v in value):
        return value
    parts = [_slice(part) for part in value]
    return {"class_name": "__tuple__", "config": {"value": parts}}


def _slice(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    if "start" in part:
        return {"class_name": "__slice__", "config": part}
    if part.get("class_name") == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    return part


def _is_nest(x: Any) -> bool:
    return isinstance(x, list)


# --- calls ---------------------------------------------------------------------------


def graph(config: dict[str, Any]) -> dict[str, Any]:
    """Spell calls, inputs and outputs as Keras 3 does."""
    layers = [_called(layer) for layer in config["layers"]]
    config = {
        **config,
        "layers": layers,
        "input_layers": _ends(config["input_layers"]),
        "output_layers": _ends(config["output_layers"]),
    }
    counts = {layer["name"]: len(layer["inbound_nodes"]) for layer in layers}
    most: dict[str, int] = {}
    histories = list(_histories(config))
    for name, call, _ in histories:
        most[name] = max(most.get(name, 0), call)
    for history in histories:
        # A model within had a first call of its own, so that its calls count from 1.
        if 0 < counts.get(history[0], 0) == most[history[0]]:
            history[1] -= 1
    return config


def _called(layer: dict[str, Any]) -> dict[str, Any]:
    calls = []
    for node in layer.get("inbound_nodes", []):
        if isinstance(node, dict) and "args" in node:
            calls.append(node)
            continue
        first, kwargs = _node(node)
        if layer["class_name"] in RECURRENT and _is_nest(first):
            first, *states = first
            kwargs = {**kwargs, "initial_state": states}
        calls.append({"args": [first], "kwargs": kwargs})
    name = layer.get("name") or layer["config"]["name"]
    return {**layer, "name": name, "inbound_nodes": calls}


def _node(node: Any) -> tuple[Any, dict[str, Any]]:
    """Return the first argument and the keyword arguments of a call."""
    found: list[dict[str, Any]] = []

    def argument(x: Any) -> Any:
        if _is_tensor(x):
            found.extend(x[3:])
            return x[2] if x[0] == CONSTANT else _tensor(x)
        if isinstance(x, dict):
            return {key: argument(value) for key, value in x.items()}
        return [argument(value) for value in x]

    first = argument(node)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    kwargs = next((k for k in found if k), {})
    return first, {key: _keyword(value) for key, value in kwargs.items()}


def _is_tensor(x: Any) -> bool:
    return (
        isinstance(x, list)
        and len(x) in (3, 4)
        and isinstance(x[0], str)
        and isinstance(x[1], int)
        and (isinstance(x[2], int) or x[0] == CONSTANT)
    )


def _tensor(history: list[Any]) -> dict[str, Any]:
    inner = {"shape": None, "dtype": None, "keras_history": list(history[:3])}
    return {"class_name": "__keras_tensor__", "config": inner}


def _keyword(value: Any) -> Any:
    if _is_tensor(value):
        return value[2] if value[0] == CONSTANT else _tensor(value)
    if isinstance(value, list):
        return [_keyword(item) for item in value]
    if isinstance(value, dict):
        return {key: _keyword(item) for key, item in value.items()}
    return value


def _ends(structure: Any) -> Any:
    """Inputs or outputs of the model; a single one is no list."""
    if isinstance(structure, dict):
        return {key: _ends(value) for key, value in structure.items()}
    if _is_tensor(structure):
        return list(structure[:3])
    if len(structure) == 1:
        return _ends(structure[0])
    return [_ends(item) for item in structure]


def _histories(config: dict[str, Any]) -> Any:
    """Yield each mention of a call's result, to be changed in place."""

    def within(x: Any) -> Any:
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            yield x["config"]["keras_history"]
        elif _is_tensor(x):
            yield x
        elif isinstance(x, (list, dict)):
            for item in x.values() if isinstance(x, dict) else x:
                yield from within(item)

    for layer in config["layers"]:
        yield from within(layer["inbound_nodes"])
    yield from within([config["input_layers"], config["output_layers"]])
