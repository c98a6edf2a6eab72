"""Calls within a gradient, and `xp` itself.

NumPy's functions are called on values within a gradient in one of three ways. Those
that only move elements about share one rule: what they do to the array of positions
tells where each gradient goes. Those in `COMPOSED` are written in others (most of them
in `formulas`). All others are autograd's.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .array import Array, Namespace, leave
from .gradients import anp, cast, defvjp, isbox, primitive, stop_gradient

MOVING = {
    *("broadcast_arrays", "broadcast_to", "diag", "diagflat", "diagonal", "flip"),
    *("matrix_transpose", "repeat", "roll", "take", "take_along_axis", "unstack"),
    *("array_split", "split", "copy", "positive", "pad", "tril", "triu", "rot90"),
    "tile",
}
COMPOSED: dict[str, Callable[..., Any]] = {}
# Functions that take the place of NumPy's everywhere, or add to them.
OWN: dict[str, Callable[..., Any]] = {}


def call_traced(path: str, args: Any, kwargs: Any) -> Any:
    """Call the function of that name on values within a gradient.

    Raises:
        NotImplementedError: if it has no gradient and gives floating point numbers.
    """
    dtype = kwargs.pop("dtype", None)
    if dtype is not None:
        if dtype.kind == "f":
            args = [cast(x, dtype) if isbox(x) else x for x in args]
        return cast(call_traced(path, args, kwargs), dtype)
    if path in MOVING:
        return _move(path, args, kwargs)
    if path in COMPOSED:
        return COMPOSED[path](*args, **kwargs)
    if any(map(isbox, args)):
        try:
            return operator.attrgetter(path)(anp)(*args, **kwargs)
        except NotImplementedError:
            pass  # autograd computes, then finds that it knows no gradient
    plain = operator.attrgetter(path)(xp)(
        *_constant(args), **{key: _constant(x) for key, x in kwargs.items()}
    )
    if _is_discrete(plain):
        return plain
    raise NotImplementedError(
        f"`{path}` has no gradient on the NumPy backend, or not for these arguments. "
        "Use `keras.ops.stop_gradient` on them if they are constants, or the JAX "
        "backend."
    )


def _constant(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_constant, x))
    return stop_gradient(x)


def _is_discrete(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return all(map(_is_discrete, x))
    return getattr(x, "dtype", np.dtype(bool)).kind in "biu"


# Functions that move elements: positions count from 1, and 0 is a constant.


@primitive
def _gather(x: Any, positions: Any) -> Any:
    taken = np.take(np.ravel(x), np.maximum(positions, 1) - 1)
    return leave(np.where(positions > 0, taken, np.zeros((), x.dtype)))


@primitive
def _scatter(g: Any, positions: Any, shape: Any) -> Any:
    flat = np.zeros(int(np.prod(shape)) + 1, np.result_type(g.dtype, np.float32))
    np.add.at(flat, np.asarray(positions).ravel(), np.asarray(g).ravel())
    return leave(flat[1:].reshape(shape)).astype(g.dtype)


defvjp(_gather, lambda ans, x, positions: lambda g: _scatter(g, positions, np.shape(x)))
defvjp(_scatter, lambda ans, x, positions, shape: lambda g: _gather(g, positions))


def _move(name: str, args: Any, kwargs: Any) -> Any:
    many = name == "broadcast_arrays"
    values, rest = (args, ()) if many else (args[:1], _constant(args[1:]))
    fill = kwargs.pop("constant_values", 0)
    counted = [
        np.arange(1, np.size(stop_gradient(v)) + 1).reshape(np.shape(stop_gradient(v)))
        for v in values
    ]
    moved = getattr(np, name)(*counted, *map(_bare, rest), **kwargs)
    if many:
        return tuple(_gather(v, m) for v, m in zip(values, moved))
    if isinstance(moved, (list, tuple)):
        return [_gather(values[0], m) for m in moved]
    result = _gather(values[0], moved)
    return result if name != "pad" or _is_zero(fill) else result + fill * (moved == 0)


def _is_zero(x: Any) -> bool:
    return not isbox(x) and np.ndim(x) == 0 and x == 0


def _bare(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, Array) else x


# Choosing and joining


def fit(g: Any, values: Any) -> Any:
    """Sum `g` over the axes along which `values` were broadcast."""
    shape = np.shape(stop_gradient(values))
    g = xp.sum(g, axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return xp.sum(g, axis=axes, keepdims=True) if axes else g


@primitive
def _choose(x: Any, y: Any, condition: Any) -> Any:
    return np.where(condition, x, y)


def _choice(side: int) -> Callable[..., Any]:
    def vjp(ans: Any, x: Any, y: Any, condition: Any) -> Callable[[Any], Any]:
        condition = condition if side == 0 else np.logical_not(condition)
        return lambda g: fit(
            xp.where(condition, g, xp.zeros((), g.dtype)), (x, y)[side]
        )

    return vjp


defvjp(_choose, _choice(0), _choice(1))


def _where(condition: Any, x: Any, y: Any) -> Any:
    return _choose(asarray(x), asarray(y), stop_gradient(condition))


# Joining. Its gradients are slices, whose gradients exist.


@primitive
def _join(axis: int, *arrays: Any) -> Any:
    return leave(np.concatenate(arrays, axis))


def _join_gradient(argnum: int, _: Any, args: Any, kwargs: Any) -> Callable[..., Any]:
    axis, *arrays = args
    before = [np.shape(stop_gradient(a))[axis] for a in arrays[:argnum]]
    start, size = sum(before[:-1]), before[-1]
    index = (slice(None),) * (axis % np.ndim(stop_gradient(arrays[0])))
    return lambda g: g[(*index, slice(start, start + size))]


if anp is not None:
    from autograd.extend import defvjp_argnum

    defvjp_argnum(_join, _join_gradient)


def _concatenate(arrays: Any, axis: int | None = 0) -> Any:
    arrays = [asarray(a) for a in arrays]
    if axis is None:
        arrays, axis = [xp.ravel(a) for a in arrays], 0
    return _join(axis, *arrays)


def _stack(arrays: Any, axis: int = 0) -> Any:
    return _concatenate([xp.expand_dims(asarray(a), axis) for a in arrays], axis)


def _stacking(at_least: str, axis: int) -> Callable[[Any], Any]:
    def join(arrays: Any) -> Any:
        arrays = [getattr(xp, at_least)(asarray(a)) for a in arrays]
        return _concatenate(arrays, min(axis, arrays[0].ndim - 1))

    return join


def asarray(x: Any, dtype: Any = None, copy: Any = None) -> Any:
    """Convert numbers, (nested) lists and arrays, traced ones too."""
    if isinstance(x, (list, tuple)) and _any_traced(x):
        x = _stack([asarray(item) for item in x])
    if isbox(x) or type(x) is Array:
        return x if dtype is None else cast(x, dtype)
    new = np.array(x)
    if new.dtype.kind in "OUSMm":
        raise TypeError(f"Cannot make an array of numbers of {x!r}.")
    return leave(new) if dtype is None else cast(leave(new), dtype)


def _any_traced(items: Any) -> bool:
    return any(
        _any_traced(x) if isinstance(x, (list, tuple)) else isbox(x) for x in items
    )


COMPOSED.update(
    {
        **dict.fromkeys(("concatenate", "concat"), _concatenate),
        "where": _where,
        "stack": _stack,
        "vstack": _stacking("atleast_2d", 0),
        "hstack": _stacking("atleast_1d", 1),
        "dstack": _stacking("atleast_3d", 2),
        "append": lambda x, y, axis=None: _concatenate([x, y], axis),
        "column_stack": lambda arrays: _concatenate(
            [a[:, None] if a.ndim < 2 else a for a in map(asarray, arrays)], 1
        ),
    }
)
OWN.update({"asarray": asarray, "array": asarray, "astype": cast})
xp: Any = Namespace(np, OWN, isbox, call_traced)
