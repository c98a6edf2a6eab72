"""Special functions, segments, indexed updates: what `xp` does not say."""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from ... import dtypes
from .array import Array, leave
from .composed import asarray, fit, xp
from .gradients import cast, defvjp, primitive, stop_gradient


def _special(
    one: Callable[[float], float], derivative: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """Make a function of floats one of arrays, given d/dx as a function of (x, y)."""

    @primitive
    def compute(x: Any) -> Any:
        flat = np.asarray(x, np.float64).ravel().tolist()
        values = np.fromiter(map(one, flat), np.float64, len(flat))
        return leave(values.reshape(x.shape)).astype(x.dtype)

    defvjp(compute, lambda y, x: lambda g: g * derivative(x, y))

    def call(x: Any) -> Any:
        x = asarray(x)
        inexact = dtypes.is_float(x.dtype.name)
        return compute(x if inexact else cast(x, dtypes.canonical("float64")))

    call.__doc__ = one.__doc__
    return call


def _erfinv(x: float) -> float:
    """Inverse of the error function on [-1, 1]."""
    if abs(x) >= 1:
        return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
    if abs(x) < 1e-4:
        return x * math.sqrt(math.pi) / 2 * (1 + math.pi * x * x / 12)
    return NormalDist().inv_cdf((x + 1) / 2) / math.sqrt(2)


def _lgamma(x: float) -> float:
    """log |Γ(x)|; infinite at 0, -1, -2 ..."""
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _polygamma(order: int) -> Callable[[float], float]:
    """Digamma (0) or trigamma (1): recurrence up to 8, then the asymptotic series."""

    def one(x: float) -> float:
        if math.isnan(x) or (x <= 0 and x == math.floor(x)):
            return math.nan
        if x < 0:  # reflection
            t = math.pi / math.tan(math.pi * x)
            square = (math.pi / math.sin(math.pi * x)) ** 2
            return one(1 - x) - t if order == 0 else square - one(1 - x)
        total = 0.0
        while x < 8:
            total += -1 / x if order == 0 else 1 / (x * x)
            x += 1
        z = 1 / (x * x)
        if order == 0:
            series = z * (
                1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132)))
            )
            return total + math.log(x) - 0.5 / x - series
        series = z * (1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - z * 5 / 66))))
        return total + (1 + 0.5 / x + series) / x

    return one


@primitive
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)) of an array of floats, without overflow."""
    small = np.exp(-np.abs(x))
    return leave(np.where(x >= 0, 1, small) / (1 + small)).astype(x.dtype)


defvjp(sigmoid, lambda y, x: lambda g: g * (y * (1 - y)))

erf = _special(math.erf, lambda x, y: 2 / math.sqrt(math.pi) * xp.exp(-x * x))
erfinv = _special(_erfinv, lambda x, y: math.sqrt(math.pi) / 2 * xp.exp(y * y))
_trigamma = _special(_polygamma(1), lambda x, y: _no_gradient(x))
digamma = _special(_polygamma(0), lambda x, y: _trigamma(x))
lgamma = _special(_lgamma, lambda x, y: digamma(x))


def _no_gradient(x: Any) -> Any:
    raise NotImplementedError(
        "The second derivative of `digamma` is missing on the NumPy backend: use JAX."
    )


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log of the sum of exp, without overflow."""
    x = asarray(x)
    top = xp.max(stop_gradient(x), axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0.0)
    total = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=keepdims))
    return total + (top if keepdims else xp.squeeze(top, axis=axis))


def top_k(x: Any, k: int) -> tuple[Any, Any]:
    """Largest `k` along the last axis, descending, and their indices."""
    last = np.shape(stop_gradient(x))[-1]
    order = np.argsort(np.asarray(stop_gradient(x))[..., ::-1], -1, kind="stable")
    indices = leave((last - 1 - order)[..., ::-1][..., :k])
    return xp.take_along_axis(x, indices, axis=-1), indices


@primitive
def _set(x: Any, values: Any, indices: Any) -> Any:
    new = np.array(x)
    new[indices] = values
    return leave(new)


@primitive
def _add(x: Any, values: Any, indices: Any) -> Any:
    new = np.array(x)
    np.add.at(new, indices, np.asarray(values, x.dtype))
    return leave(new)


defvjp(
    _set,
    lambda ans, x, values, indices: lambda g: _set(g, xp.zeros((), g.dtype), indices),
    lambda ans, x, values, indices: lambda g: fit(g[indices], values),
)
defvjp(
    _add,
    lambda ans, x, values, indices: lambda g: g,
    lambda ans, x, values, indices: lambda g: fit(g[indices], values),
)


def _index(indices: Any) -> Any:
    if isinstance(indices, tuple):
        return tuple(map(_index, indices))
    indices = stop_gradient(indices)
    array = isinstance(indices, (Array, list)) or hasattr(indices, "__array__")
    return np.asarray(indices) if array else indices


def index_update(x: Any, indices: Any, values: Any) -> Any:
    """`x` with `x[indices]` replaced by `values`."""
    x = asarray(x)
    return _set(x, cast(asarray(values), x.dtype), _index(indices))


def index_add(x: Any, indices: Any, values: Any) -> Any:
    """`x` with `values` added to `x[indices]`; repeated indices add up."""
    x = asarray(x)
    return _add(x, cast(asarray(values), x.dtype), _index(indices))


def _segments(ids: Any, num_segments: int | None) -> tuple[np.ndarray, int]:
    """Ids, those out of range one past the end, and the number of segments."""
    ids = np.asarray(stop_gradient(ids))
    count = num_segments if num_segments is not None else int(ids.max(initial=-1)) + 1
    return np.where((ids < 0) | (ids >= count), count, ids), count


def segment_sum(data: Any, ids: Any, num_segments: int | None = None) -> Any:
    """Sum the rows of `data` that share an id."""
    data = asarray(data)
    ids, count = _segments(ids, num_segments)
    return index_add(xp.zeros((count + 1, *data.shape[1:]), data.dtype), ids, data)[:-1]


@primitive
def _segment_max(data: Any, ids: Any, count: int) -> Any:
    lowest = -np.inf if data.dtype.kind == "f" else np.iinfo(data.dtype).min
    new = np.full((count + 1, *data.shape[1:]), lowest, data.dtype)
    np.maximum.at(new, ids, np.asarray(data))
    return leave(new[:-1])


def _segment_max_gradient(ans: Any, data: Any, ids: Any, count: int) -> Any:
    inside = np.minimum(ids, count - 1)
    best = (stop_gradient(data) == stop_gradient(ans)[inside]).T & (ids < count)
    share = cast(best.T, ans.dtype)
    share = share / xp.maximum(segment_sum(share, ids, count), 1)[inside]
    return lambda g: g[inside] * share


defvjp(_segment_max, _segment_max_gradient)


def segment_max(data: Any, ids: Any, num_segments: int | None = None) -> Any:
    """Maximum of the rows of `data` that share an id; the lowest number if none."""
    return _segment_max(asarray(data), *_segments(ids, num_segments))


def take_rows(x: Any, start: Any, size: int, order: Any = None) -> Any:
    """Rows `start` to `start + size` of `x`, or of `x[order]`; `size` is fixed."""
    first = min(max(int(start), 0), len(x if order is None else order) - size)
    rows = slice(first, first + size)
    return x[rows] if order is None else x[order[rows]]


def flash_attention(*_: Any) -> Any:
    """A fused kernel for attention, which is not here."""
    raise RuntimeError(
        "The NumPy backend has no fused kernel for attention; leave `flash_attention` "
        "at None or False."
    )
