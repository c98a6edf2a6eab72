"""Functions that autograd cannot differentiate, written in functions that it can.

Only values within a gradient come here; all else goes to NumPy. Functions that only
move elements about share one rule: what they do to the array of positions tells where
each gradient goes.
"""

import functools
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
}


def call_traced(path: str, args: Any, kwargs: Any) -> Any:
    """Call the function of that name on values within a gradient.

    Raises:
        NotImplementedError: if it has no gradient and gives floating point numbers.
    """
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


# Order statistics


def _sort(x: Any, axis: int | None = -1, **_: Any) -> Any:
    if axis is None:
        x, axis = xp.ravel(x), 0
    order = xp.argsort(stop_gradient(x), axis=axis)
    return xp.take_along_axis(x, order, axis=axis)


def _quantile(
    x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear"
) -> Any:
    axes = range(x.ndim) if axis is None else axis
    axes = [a % x.ndim for a in (axes if not isinstance(axes, int) else [axes])]
    kept = [a for a in range(x.ndim) if a not in axes]
    kept_sizes = [x.shape[a] for a in kept]
    ordered = _sort(xp.reshape(xp.transpose(x, (*kept, *axes)), (*kept_sizes, -1)))
    q = np.asarray(stop_gradient(q), np.float64)
    place = q * (ordered.shape[-1] - 1)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    weight = {
        "linear": place - low,
        "lower": np.zeros_like(place),
        "higher": np.ones_like(place),
        "midpoint": np.where(high > low, 0.5, 0.0),
        "nearest": np.round(place) - low,
    }[method].astype(np.float32)
    result = (1 - weight) * ordered[..., low] + weight * ordered[..., high]
    result = xp.moveaxis(result, range(len(kept), result.ndim), range(q.ndim))
    if keepdims:
        sizes = tuple(1 if a in axes else x.shape[a] for a in range(x.ndim))
        result = xp.reshape(result, q.shape + sizes)
    return result


# Products, right where factors are zero


def _product(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    axes = range(x.ndim) if axis is None else axis
    for a in [axes] if isinstance(axes, int) else axes:
        while x.shape[a] > 1:
            if x.shape[a] % 2:
                x = xp.concatenate([x, xp.ones_like(_first(x, a))], a)
            x = _skip(x, a, 0) * _skip(x, a, 1)
    if keepdims:
        return x
    return xp.squeeze(x, None if axis is None else axis)


def _first(x: Any, axis: int) -> Any:
    return xp.take(stop_gradient(x), xp.asarray([0]), axis=axis)


def _skip(x: Any, axis: int, start: int) -> Any:
    return x[(*(slice(None),) * (axis % x.ndim), slice(start, None, 2))]


def _running_product(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    if axis is None:
        x, axis = xp.ravel(x), 0
    x, step = xp.moveaxis(x, axis, 0), 1
    while step < x.shape[0]:
        x, step = xp.concatenate([x[:step], x[step:] * x[:-step]], 0), 2 * step
    return xp.moveaxis(x, 0, axis)


# The rest: formulas


def _ignoring_nan(name: str, fill: float) -> Callable[..., Any]:
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(xp, name)(xp.where(xp.isnan(x), fill, x), *args, **kwargs)

    return call


def _nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    count = xp.sum(~xp.isnan(x), axis=axis, keepdims=keepdims)
    return xp.nansum(x, axis=axis, keepdims=keepdims) / count


def _nanvar(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    count = xp.sum(~xp.isnan(x), axis=axis, keepdims=keepdims)
    square = xp.square(x - _nanmean(x, axis, True))
    return xp.nansum(square, axis=axis, keepdims=keepdims) / (count - ddof)


def _average(
    x: Any, axis: Any = None, weights: Any = None, keepdims: bool = False
) -> Any:
    if weights is None:
        return xp.mean(x, axis=axis, keepdims=keepdims)
    if np.ndim(stop_gradient(weights)) != x.ndim:
        shape = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
        weights = xp.broadcast_to(xp.reshape(weights, shape), x.shape)
    total = xp.sum(weights, axis=axis, keepdims=keepdims)
    return xp.sum(x * weights, axis=axis, keepdims=keepdims) / total


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = xp.moveaxis(y, axis, -1)
    widths = dx if x is None else xp.diff(asarray(x), axis=-1)
    return xp.sum(widths * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    size = xp.abs(x)
    if ord is None or ord == "fro" or (ord == 2 and np.ndim(axis) == 0):
        if axis is None and not keepdims:
            size = xp.ravel(size)
        return xp.sqrt(xp.sum(size * size, axis=axis, keepdims=keepdims))
    if isinstance(ord, str) or (axis is None and x.ndim > 1) or np.ndim(axis):
        return anp.linalg.norm(x, ord, axis)
    if abs(ord) == np.inf:
        return (xp.max if ord > 0 else xp.min)(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return xp.sum(cast(size != 0, x.dtype), axis=axis, keepdims=keepdims)
    return xp.sum(size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if axis is None and not keepdims:
        x = xp.ravel(x)
    if isinstance(axis, tuple) and ord == 2:
        ord = None
    return _norm(x, ord, axis, keepdims)


def _eigh(x: Any, **kwargs: Any) -> Any:
    symmetric = (x + xp.matrix_transpose(x)) / 2
    values_and_vectors = anp.linalg.eigh(symmetric, **kwargs)
    return values_and_vectors[0], values_and_vectors[1]


def _matrix_power(x: Any, n: int) -> Any:
    if n < 0:
        x, n = xp.linalg.inv(x), -n
    unit = xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    return functools.reduce(xp.matmul, [x] * n, unit)


def _ravelled(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: fn(xp.ravel(asarray(x)), xp.ravel(asarray(y)))


COMPOSED: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("concatenate", "concat"), _concatenate),
    "stack": _stack,
    "vstack": _stacking("atleast_2d", 0),
    "hstack": _stacking("atleast_1d", 1),
    "dstack": _stacking("atleast_3d", 2),
    "append": lambda x, y, axis=None: _concatenate([x, y], axis),
    "column_stack": lambda arrays: _concatenate(
        [a[:, None] if a.ndim < 2 else a for a in map(asarray, arrays)], 1
    ),
    "meshgrid": lambda *arrays, indexing="xy": _meshgrid(arrays, indexing),
    "sort": _sort,
    "quantile": _quantile,
    "percentile": lambda x, q, *a, **k: _quantile(x, np.asarray(q) / 100, *a, **k),
    "median": lambda x, axis=None, keepdims=False: _quantile(x, 0.5, axis, keepdims),
    "prod": _product,
    "cumprod": _running_product,
    "cumulative_prod": lambda x, axis=None: _running_product(x, axis),
    "cumulative_sum": lambda x, axis=None: xp.cumsum(x, axis=axis),
    "abs": lambda x: _abs(x),
    "absolute": lambda x: _abs(x),
    "cbrt": lambda x: xp.sign(x) * xp.abs(x) ** (1 / 3),
    "fmod": lambda x, y: x - y * xp.trunc(x / y),
    "divmod": lambda x, y: (xp.floor_divide(x, y), xp.remainder(x, y)),
    "float_power": lambda x, y: xp.power(x, y),
    "copysign": lambda x, y: xp.abs(x) * xp.copysign(1.0, stop_gradient(y)),
    "ptp": lambda x, **k: xp.max(x, **k) - xp.min(x, **k),
    "outer": _ravelled(lambda x, y: x[:, None] * y[None, :]),
    "vdot": _ravelled(lambda x, y: xp.sum(xp.conj(x) * y)),
    "vecdot": lambda x, y, axis=-1: xp.sum(xp.conj(x) * y, axis=axis),
    "matvec": lambda x, y: xp.matmul(x, y[..., None])[..., 0],
    "vecmat": lambda x, y: xp.matmul(xp.conj(x)[..., None, :], y)[..., 0, :],
    "nansum": _ignoring_nan("sum", 0.0),
    "nanprod": _ignoring_nan("prod", 1.0),
    "nanmax": _ignoring_nan("max", -np.inf),
    "nanmin": _ignoring_nan("min", np.inf),
    "nancumsum": _ignoring_nan("cumsum", 0.0),
    "nancumprod": _ignoring_nan("cumprod", 1.0),
    "nanmean": _nanmean,
    "nanvar": _nanvar,
    "nanstd": lambda x, *a, **k: xp.sqrt(_nanvar(x, *a, **k)),
    "average": _average,
    "trapezoid": _trapezoid,
    "linalg.norm": _norm,
    "linalg.vector_norm": _vector_norm,
    "linalg.eigh": _eigh,
    "linalg.eigvalsh": lambda x, **k: _eigh(x, **k)[0],
    "linalg.matrix_power": _matrix_power,
}


def _meshgrid(arrays: Any, indexing: str) -> list[Any]:
    shapes = [np.shape(stop_gradient(a))[0] for a in arrays]
    n, result = len(arrays), []
    for i, a in enumerate(arrays):
        a = xp.reshape(asarray(a), [-1 if j == i else 1 for j in range(n)])
        a = xp.broadcast_to(a, shapes)
        result.append(xp.swapaxes(a, 0, 1) if indexing == "xy" and n > 1 else a)
    return result


def _abs(x: Any) -> Any:
    if np.iscomplexobj(stop_gradient(x)):
        return anp.abs(x)
    return xp.where(stop_gradient(x) >= 0, x, -x)


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """Limit `x` to [min, max]; None is no limit."""
    x = x if min is None else xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


OWN: dict[str, Callable[..., Any]] = {
    "asarray": asarray,
    "array": asarray,
    "astype": cast,
    "clip": clip,
}
xp: Any = Namespace(np, OWN, isbox, call_traced)
