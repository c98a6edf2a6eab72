"""What each step of a program is in ONNX: steps that know of axes.

A row takes the graph, the names of whole inputs, and the step; it returns the name of
the output, or a list of names.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .onnx_graph import Graph, same, sizes
from .onnx_table import REDUCTIONS

__all__ = ["STEPS"]

Row = Callable[[Graph, list[str], Any], Any]
INT64_MAX = 2**63 - 1


def _shape(variable: Any) -> tuple[Any, ...]:
    return sizes(variable.aval.shape)


def _cast(g: Graph, name: str, dtype: Any) -> str:
    return g.add("Cast", name, to=g.dtype(dtype))


# --- shapes ---------------------------------------------------------------------------


def _reshape(g: Graph, inputs: list[str], step: Any) -> str:
    return g.reshape(inputs[0], _shape(step.outvars[0]))


def _transpose(g: Graph, inputs: list[str], step: Any) -> str:
    return g.transpose(inputs[0], step.params["permutation"])


def _concatenate(g: Graph, inputs: list[str], step: Any) -> str:
    return g.add("Concat", *inputs, axis=int(step.params["dimension"]))


def _split(g: Graph, inputs: list[str], step: Any) -> list[str]:
    parts = g.ints(*map(int, step.params["sizes"]))
    axis, count = int(step.params["axis"]), len(step.outvars)
    found = g.add("Split", inputs[0], parts, outputs=count, axis=axis)
    return [found] if count == 1 else found


def _slice(g: Graph, inputs: list[str], step: Any) -> str:
    begin, end = step.params["start_indices"], step.params["limit_indices"]
    strides = step.params["strides"] or (1,) * len(begin)
    rows = zip(begin, end, strides, _shape(step.invars[0]))
    axes = [
        i
        for i, (low, high, stride, n) in enumerate(rows)
        if not (same(low, 0) and same(high, n) and stride == 1)
    ]
    if not axes:
        return g.add("Identity", *inputs)
    ends = [g.shape([side[i] for i in axes]) for side in (begin, end)]
    return g.add(
        "Slice", *inputs, *ends, g.ints(*axes), g.ints(*(strides[i] for i in axes))
    )


def _rev(g: Graph, inputs: list[str], step: Any) -> str:
    axes = [int(i) for i in step.params["dimensions"]]
    if not axes:
        return g.add("Identity", *inputs)
    back = [g.ints(*[n] * len(axes)) for n in (-1, -INT64_MAX)]
    return g.add("Slice", *inputs, *back, g.ints(*axes), g.ints(*[-1] * len(axes)))


def _pad(g: Graph, inputs: list[str], step: Any) -> str:
    low, high, inner = zip(*step.params["padding_config"])
    if any(inner):
        raise ValueError("It pads between numbers.")
    return g.add("Pad", inputs[0], g.shape([*low, *high]), inputs[1])


def _dim(g: Graph, inputs: list[str], step: Any) -> str:
    size = g.add("Squeeze", g.size(step.params["dim"]))
    return _cast(g, size, step.outvars[0].aval.dtype)


# --- rows and columns -----------------------------------------------------------------


def _reduction(name: str) -> Row:
    def row(g: Graph, inputs: list[str], step: Any) -> str:
        axes = g.ints(*map(int, step.params["axes"]))
        return g.add(name, inputs[0], axes, keepdims=0)

    return row


def _any(name: str) -> Row:
    """Return a row that reduces booleans, which ONNX does not."""

    def row(g: Graph, inputs: list[str], step: Any) -> str:
        numbers = _cast(g, inputs[0], "int32")
        return _cast(g, _reduction(name)(g, [numbers], step), bool)

    return row


def _arg(name: str) -> Row:
    def row(g: Graph, inputs: list[str], step: Any) -> str:
        (axis,) = step.params["axes"]
        found = g.add(name, inputs[0], axis=int(axis), keepdims=0)
        return _cast(g, found, step.params["index_dtype"])

    return row


def _cumsum(g: Graph, inputs: list[str], step: Any) -> str:
    axis = g.constant(np.asarray(step.params["axis"], "int64"))
    return g.add("CumSum", inputs[0], axis, reverse=int(step.params["reverse"]))


def _top_k(g: Graph, inputs: list[str], step: Any) -> list[str]:
    axis = int(step.params.get("axis", -1))
    axis %= len(_shape(step.invars[0]))
    size = g.ints(int(step.params["k"]))
    values, places = g.add("TopK", inputs[0], size, outputs=2, axis=axis)
    return [values, _cast(g, places, step.outvars[1].aval.dtype)]


def _sort(g: Graph, inputs: list[str], step: Any) -> list[str]:
    axis = int(step.params["dimension"])
    if step.params["num_keys"] != 1:
        raise ValueError("It sorts by several arrays.")
    size = g.size(_shape(step.invars[0])[axis])
    first, places = g.add("TopK", inputs[0], size, outputs=2, axis=axis, largest=0)
    rest = [g.add("GatherElements", x, places, axis=axis) for x in inputs[1:]]
    return [first, *rest]


# --- products -------------------------------------------------------------------------


def _dot(g: Graph, inputs: list[str], step: Any) -> str:
    (left, right), (batch, others) = step.params["dimension_numbers"]
    ranks = [len(_shape(x)) for x in step.invars]
    common = step.params["preferred_element_type"] or step.outvars[0].aval.dtype
    inputs = [
        x if variable.aval.dtype == common else _cast(g, x, common)
        for x, variable in zip(inputs, step.invars)
    ]
    n = len(batch)
    lead = tuple(range(n))
    if (
        tuple(batch) == tuple(others) == lead
        and tuple(left) == (ranks[0] - 1,)
        and tuple(right) == (n,)
        and ranks[1] == n + 2
        and (n == 0 or ranks[0] == n + 2)
    ):
        return g.add("MatMul", *inputs)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    one = [next(letters) for _ in range(ranks[0])]
    two = [next(letters) for _ in range(ranks[1])]
    for i, j in [*zip(left, right), *zip(batch, others)]:
        two[j] = one[i]
    result = [one[i] for i in batch]
    result += [c for i, c in enumerate(one) if i not in (*batch, *left)]
    result += [c for i, c in enumerate(two) if i not in (*others, *right)]
    equation = f"{''.join(one)},{''.join(two)}->{''.join(result)}"
    return g.add("Einsum", *inputs, equation=equation)


def _conv(g: Graph, inputs: list[str], step: Any) -> str:
    about = step.params
    numbers = about["dimension_numbers"]
    if about["batch_group_count"] != 1:
        raise ValueError("It is the gradient of a convolution in groups.")
    x = g.transpose(inputs[0], numbers.lhs_spec)
    kernel = g.transpose(inputs[1], numbers.rhs_spec)
    shape = [_shape(step.invars[1])[i] for i in numbers.rhs_spec[2:]]
    low, high = ([int(n) for n in side] for side in zip(*about["padding"]))
    common: dict[str, Any] = {
        "dilations": [int(n) for n in about["rhs_dilation"]],
        "group": int(about["feature_group_count"]),
        "kernel_shape": shape,
    }
    if any(n != 1 for n in about["lhs_dilation"]):
        result = _conv_transpose(g, x, kernel, step, (low, high), common)
    else:
        if min(low + high) < 0:
            x = g.add("Pad", x, g.ints(0, 0, *low, 0, 0, *high))
            low = high = [0] * len(low)
        strides = [int(n) for n in about["window_strides"]]
        result = g.add("Conv", x, kernel, strides=strides, pads=low + high, **common)
    return g.transpose(result, np.argsort(numbers.out_spec).tolist())


def _conv_transpose(
    g: Graph, x: str, kernel: str, step: Any, padding: Any, common: dict[str, Any]
) -> str:
    """A convolution of what is spread out, as ONNX says that: from the other side."""
    about = step.params
    if common["group"] != 1 or any(n != 1 for n in about["window_strides"]):
        raise ValueError("It convolves what is spread out, in steps or in groups.")
    spans = [(n - 1) * d for n, d in zip(common["kernel_shape"], common["dilations"])]
    low, high = ([s - p for s, p in zip(spans, side)] for side in padding)
    if min(low) < 0:
        raise ValueError("It pads what is spread out by more than the kernel.")
    axes = [i + 2 for i in range(len(spans))]
    many = len(axes)
    kernel = g.add(  # from last to first: (in, out, ...) that is
        "Slice",
        g.transpose(kernel, [1, 0, *axes]),
        *(g.ints(*[n] * many) for n in (-1, -INT64_MAX)),
        g.ints(*axes),
        g.ints(*[-1] * many),
    )
    return g.add(
        "ConvTranspose",
        x,
        kernel,
        strides=[int(n) for n in about["lhs_dilation"]],
        pads=low + [max(n, 0) for n in high],
        output_padding=[max(-n, 0) for n in high],
        **common,
    )


def _window(name: str | None) -> Row:
    """Return a row that pools; `name` is that of the step within, if it has one."""

    def row(g: Graph, inputs: list[str], step: Any) -> str:
        about = step.params
        kind = name or "".join(s.primitive.name for s in about["jaxpr"].eqns)
        size = [int(n) for n in about["window_dimensions"]]
        rank = len(size)
        spread = any(n != 1 for n in about["base_dilation"])
        if kind not in ("max", "add") or size[0] != 1 or size[-1] != 1 or spread:
            raise ValueError(f"It pools in a way that ONNX does not ({kind}, {size}).")
        inner = slice(1, rank - 1)
        low, high = zip(*about["padding"][inner])
        x = g.transpose(inputs[0], [0, rank - 1, *range(1, rank - 1)])
        options: dict[str, Any] = {
            "kernel_shape": size[inner],
            "strides": [int(n) for n in about["window_strides"][inner]],
            "pads": [int(n) for n in (*low, *high)],
        }
        if any(n != 1 for n in about["window_dilation"]):
            options["dilations"] = [int(n) for n in about["window_dilation"][inner]]
        if kind == "max":
            pooled = g.add("MaxPool", x, **options)
        else:
            mean = g.add("AveragePool", x, count_include_pad=1, **options)
            count = np.asarray(math.prod(size), step.outvars[0].aval.dtype)
            pooled = g.add("Mul", mean, g.constant(count))
        return g.transpose(pooled, [0, *range(2, rank), 1])

    return row


# --- places that are computed ---------------------------------------------------------


def _dynamic_slice(g: Graph, inputs: list[str], step: Any) -> str:
    x, *starts = inputs
    axes = g.ints(*range(len(starts)))
    begin = g.add("Concat", *(g.unsqueeze(s, [0]) for s in starts), axis=0)
    return _cut(g, x, begin, axes, _shape(step.invars[0]), step.params["slice_sizes"])


def _cut(
    g: Graph, x: str, begin: str, axes: str, shape: Sequence[Any], size: Sequence[Any]
) -> str:
    """Cut a piece of `size` out of `x`; one over the edge is moved back."""
    length = g.shape(size)
    last = g.add("Sub", g.shape(shape), length)
    begin = g.add("Min", g.add("Max", _cast(g, begin, "int64"), g.ints(0)), last)
    return g.add("Slice", x, begin, g.add("Add", begin, length), axes)


def _gather(g: Graph, inputs: list[str], step: Any) -> str:
    x, places = inputs
    about, numbers = step.params, step.params["dimension_numbers"]
    shape, indexed = _shape(step.invars[0]), list(numbers.start_index_map)
    cut = [about["slice_sizes"][i] for i in indexed]
    if len(_shape(step.invars[1])) == 1:
        known = [shape[i] for i in indexed]
        part = _cut(g, x, places, g.ints(*indexed), known, cut)
        gone = list(numbers.collapsed_slice_dims)
        return g.add("Squeeze", part, g.ints(*gone)) if gone else part
    batch = list(numbers.operand_batching_dims)
    rest = [i for i in range(len(shape)) if i not in indexed + batch]
    if any(n != 1 for n in cut) or not all(
        same(about["slice_sizes"][i], shape[i]) for i in rest
    ):
        raise ValueError("It takes pieces of another size from many places.")
    return _picked(g, x, places, step, rest)


def _picked(g: Graph, x: str, places: str, step: Any, rest: list[int]) -> str:
    """Rows at places: GatherND, with the axes where it wants them, and back."""
    numbers, shape = step.params["dimension_numbers"], _shape(step.invars[0])
    indexed = list(numbers.start_index_map)
    batch = list(numbers.operand_batching_dims)
    own = list(numbers.start_indices_batching_dims)
    axes = range(len(_shape(step.invars[1])) - 1)
    free = [i for i in axes if i not in own]
    places = g.transpose(places, [*own, *free, len(axes)])
    last = g.shape([shape[i] for i in indexed])
    last = g.add("Sub", last, g.ints(1))
    given = _cast(g, places, "int64")
    near = g.add("Min", g.add("Max", given, g.ints(0)), last)
    if len(indexed) == 1 and not batch:
        flat = g.add("Squeeze", near, g.ints(len(axes)))
        x = g.transpose(x, [*indexed, *rest])
        found = g.add("Gather", x, flat, axis=0)
    else:
        x = g.transpose(x, [*batch, *indexed, *rest])
        found = g.add("GatherND", x, near, batch_dims=len(batch))
    if step.params["mode"].name == "FILL_OR_DROP":
        found = _filled(g, found, (given, near), len(rest), step)
    # `found` has the axes of the places, then `rest`; axes of length one come between.
    kept = [i for i in range(len(shape)) if i not in batch]
    kept = [i for i in kept if i not in numbers.collapsed_slice_dims]
    spots = dict(zip(numbers.offset_dims, kept))
    order, ones, others = [], [], iter(axes)
    for spot in range(len(_shape(step.outvars[0]))):
        if spot not in spots:
            order.append([*own, *free].index(next(others)))
        elif spots[spot] in rest:
            order.append(len(axes) + rest.index(spots[spot]))
        else:
            ones.append(spot)
    return g.unsqueeze(g.transpose(found, order), ones)


def _filled(
    g: Graph, found: str, places: tuple[str, str], columns: int, step: Any
) -> str:
    """What is outside the array is no number, or another value that was given."""
    value, dtype = step.params["fill_value"], step.outvars[0].aval.dtype
    if value is None:
        kind = np.dtype(dtype).kind
        value = np.iinfo(dtype).min if kind == "i" else kind in "bu" or np.nan
    rank = len(_shape(step.invars[1])) - 1
    inside = _cast(g, g.add("Equal", *places), "int32")
    inside = g.add("ReduceMin", inside, g.ints(rank), keepdims=0)
    inside = g.unsqueeze(_cast(g, inside, bool), [rank + i for i in range(columns)])
    return g.add("Where", inside, found, g.constant(np.asarray(value, dtype)))


STEPS: dict[str, Row] = {
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "split": _split,
    "slice": _slice,
    "rev": _rev,
    "pad": _pad,
    "dim_as_value": _dim,
    **{name: _reduction(kind) for name, kind in REDUCTIONS.items()},
    "reduce_and": _any("ReduceMin"),
    "reduce_or": _any("ReduceMax"),
    "argmax": _arg("ArgMax"),
    "argmin": _arg("ArgMin"),
    "cumsum": _cumsum,
    "top_k": _top_k,
    "sort": _sort,
    "dot_general": _dot,
    "conv_general_dilated": _conv,
    "reduce_window": _window(None),
    "reduce_window_max": _window("max"),
    "reduce_window_sum": _window("add"),
    "dynamic_slice": _dynamic_slice,
    "gather": _gather,
}
