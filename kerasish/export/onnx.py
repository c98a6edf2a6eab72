"""From the steps of a program to an ONNX model.

The program is what JAX traces of the model's forward pass, step by step. `onnx_table`
and `onnx_steps` say what each step is in ONNX; here are those that make values out of
nothing, copy along axes, and run programs of their own.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .onnx_graph import Graph, Value, same, sizes
from .onnx_steps import STEPS
from .onnx_table import ELEMENTWISE, IDENTICAL, NESTED

__all__ = ["LARGEST", "converted"]

LARGEST = 2**31 - 2**20  # bytes that a file of this kind can have
Known = dict[int, Value]


def converted(
    program: Any,
    weights: dict[int, tuple[str, np.ndarray]],
    inputs: Sequence[str],
    outputs: Sequence[str],
    name: str,
) -> Any:
    """Return a program as an ONNX model.

    Args:
        program: as `backend.jax_export.traced` returns it.
        weights: path and value of those that it needs, by their places.
        inputs, outputs: their names; what stands before the inputs are weights.
        name: of the function.

    Raises:
        ValueError: if there is no such step in ONNX, or the model is too large.
    """
    if sum(value.nbytes for _, value in weights.values()) > LARGEST:
        raise ValueError("ONNX files hold at most 2 GiB, and the weights are more.")
    g, inner, known = Graph(), program.jaxpr, {}
    variables = inner.invars[len(inner.invars) - len(inputs) :]
    inputs, outputs = ([g.fresh(name) for name in side] for side in (inputs, outputs))
    for name, variable in zip(inputs, variables):
        shape = sizes(variable.aval.shape)
        for axis, size in enumerate(shape):
            if not isinstance(size, int):
                g.symbols.setdefault(str(size), (name, axis))
        known[id(variable)] = Value(name, shape)
        g.inputs.append(_described(g, name, variable))
    for i, (path, value) in weights.items():
        known[id(inner.invars[i])] = Value(g.constant(value, path), value.shape)
    _end(g, _run(g, inner, program.consts, known), inner.outvars, outputs)
    return g.model(name)


def _described(g: Graph, name: str, variable: Any) -> Any:
    shape = [n if isinstance(n, int) else str(n) for n in sizes(variable.aval.shape)]
    return g.described(name, variable.aval.dtype, shape)


def _end(g: Graph, found: Sequence[Value], variables: Any, names: Any) -> None:
    """Give names to what a graph returns."""
    for name, value, variable in zip(names, found, variables):
        whole = g.expand(value, sizes(variable.aval.shape))
        g.outputs.append(_described(g, name, variable))
        g.nodes.append(g.onnx.helper.make_node("Identity", [whole], [name]))


def _run(g: Graph, inner: Any, consts: Sequence[Any], known: Known) -> list[Value]:
    """Add the steps of a program whose inputs are known; return what it returns."""
    for variable, value in zip(inner.constvars, consts):
        array = np.asarray(value)
        known[id(variable)] = Value(g.constant(array), array.shape)

    def look_up(variable: Any) -> Value:
        if hasattr(variable, "val"):
            array = np.asarray(variable.val, variable.aval.dtype)
            return Value(g.constant(array), array.shape)
        return known[id(variable)]

    for step in _needed(inner):
        inputs = [look_up(variable) for variable in step.invars]
        try:
            outputs = _step(g, step, inputs)
        except ValueError as error:
            if getattr(error, "said", False):
                raise
            told = ValueError(
                f"The step `{step.primitive.name}`{_whence(step)} cannot be exported "
                f"to ONNX. {error}".rstrip()
            )
            told.said = True  # type: ignore[attr-defined]
            raise told from error
        known |= {id(v): value for v, value in zip(step.outvars, outputs)}
    return [look_up(variable) for variable in inner.outvars]


def _needed(inner: Any) -> list[Any]:
    """The steps that make a difference: not the numbers drawn for trainings alone."""
    read, steps = {id(variable) for variable in inner.outvars}, []
    for step in reversed(inner.eqns):
        if any(id(variable) in read for variable in step.outvars):
            read |= {id(variable) for variable in step.invars}
            steps.append(step)
    return steps[::-1]


def _whence(step: Any) -> str:
    """Say which layer's `call` a step comes from."""
    trace = getattr(step.source_info, "traceback", None)
    for frame in trace.frames if trace else ():
        name = frame.function_name
        if name.endswith(".call") and "<locals>.call" not in name:
            return f" of `{name}`"
    return ""


def _step(g: Graph, step: Any, inputs: list[Value]) -> Sequence[Value]:
    kind = step.primitive.name
    if kind in IDENTICAL:
        return inputs
    if kind in NESTED:
        inner = step.params[NESTED[kind]]
        consts = getattr(inner, "consts", ())
        inner = getattr(inner, "jaxpr", inner)
        own = {id(v): x for v, x in zip(inner.invars, inputs)}
        return _run(g, inner, consts, own)
    if kind in SPECIAL:
        return SPECIAL[kind](g, step, inputs)
    if kind in ELEMENTWISE:
        shape = _together([x.shape for x in inputs])
        names = [x.name for x in inputs]
        return [Value(ELEMENTWISE[kind](g, names, step), shape)]
    if kind not in STEPS:
        raise ValueError("")
    shapes = [sizes(v.aval.shape) for v in step.invars]
    whole = [g.expand(x, shape) for x, shape in zip(inputs, shapes)]
    names = STEPS[kind](g, whole, step)
    names = [names] if isinstance(names, str) else names
    return [Value(x, sizes(v.aval.shape)) for x, v in zip(names, step.outvars)]


def _together(shapes: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The shape of what is computed number by number."""
    rank = max(map(len, shapes))
    found = []
    for axis in range(-rank, 0):
        here = [shape[axis] for shape in shapes if len(shape) >= -axis]
        found.append(next((n for n in here if not same(n, 1)), 1))
    return tuple(found)


# --- steps that need more than names --------------------------------------------------


def _broadcast(g: Graph, step: Any, inputs: list[Value]) -> list[Value]:
    """Only axes are added: ONNX makes copies when it computes."""
    (value, *_) = inputs
    axes = [int(i) for i in step.params["broadcast_dimensions"]]
    rank = len(step.outvars[0].aval.shape)
    shape: list[Any] = [1] * rank
    for axis, size in zip(axes, value.shape):
        shape[axis] = size
    if not value.shape:
        return [Value(g.reshape(value.name, shape), tuple(shape))] if rank else [value]
    added = [i for i in range(rank) if i not in axes]
    return [Value(g.unsqueeze(value.name, added), tuple(shape))]


def _iota(g: Graph, step: Any, inputs: list[Value]) -> list[Value]:
    axis, dtype = int(step.params["dimension"]), step.params["dtype"]
    size = sizes(step.outvars[0].aval.shape)[axis]
    shape = [1] * len(step.outvars[0].aval.shape)
    shape[axis] = size
    if isinstance(size, int):
        name = g.constant(np.arange(size, dtype=dtype).reshape(shape))
        return [Value(name, tuple(shape))]
    ends = [np.asarray(n, "int64") for n in (0, 1)]
    first, one = map(g.constant, ends)
    numbers = g.add("Range", first, g.add("Squeeze", g.size(size)), one)
    numbers = g.add("Cast", g.reshape(numbers, shape), to=g.dtype(dtype))
    return [Value(numbers, tuple(shape))]


def _scan(g: Graph, step: Any, inputs: list[Value]) -> list[Value]:
    """A loop: ONNX has the same, whose body sees what is around it."""
    about = step.params
    inner, consts = about["jaxpr"].jaxpr, about["jaxpr"].consts
    fixed, carried = about["num_consts"], about["num_carry"]
    shapes = [sizes(v.aval.shape) for v in step.invars]
    whole = [g.expand(x, s) for x, s in zip(inputs[fixed:], shapes[fixed:])]
    xs = whole[carried:]
    body = Graph(g)
    known = {id(v): x for v, x in zip(inner.invars, inputs[:fixed])}
    for variable in inner.invars[fixed:]:
        name = body.fresh("loop")
        shape = sizes(variable.aval.shape)
        known[id(variable)] = Value(name, shape)
        body.inputs.append(_described(body, name, variable))
    if not xs:  # ONNX counts by what it walks over
        whole.append(g.add("Range", *map(g.constant, _counting(about["length"]))))
        name = body.fresh("loop")
        body.inputs.append(body.described(name, "int64", ()))
    found = _run(body, inner, consts, known)
    _end(body, found, inner.outvars, [body.fresh("loop") for _ in found])
    many, results = len(whole) - carried, len(found) - carried
    back = int(about["reverse"])
    names = g.add(
        "Scan",
        *whole,
        outputs=len(found),
        body=body.made(g.fresh("body")),
        num_scan_inputs=many,
        scan_input_directions=[back] * many,
        **({"scan_output_directions": [back] * results} if results else {}),
    )
    names = [names] if len(found) == 1 else names
    return [Value(x, sizes(v.aval.shape)) for x, v in zip(names, step.outvars)]


def _counting(length: int) -> list[np.ndarray]:
    return [np.asarray(n, "int64") for n in (0, length, 1)]


SPECIAL = {"broadcast_in_dim": _broadcast, "iota": _iota, "scan": _scan}
