"""From many elements to few: sums, means, extremes, running sums."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero",
    "cumprod", "cumsum", "logsumexp", "max", "mean", "median", "min", "prod", "ptp",
    "std", "sum", "var",
]  # fmt: skip

Axes: TypeAlias = int | Sequence[int] | None


def tuple_of(axis: Any) -> Any:
    """Lists of axes become tuples; all else stays."""
    return tuple(axis) if isinstance(axis, list) else axis


@op
def sum(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements, over all axes or those given.

    Booleans and small integers are summed as int32 (uint32 if unsigned).

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.sum([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [4. 8.]
    """
    return backend.xp.sum(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def prod(
    x: Tensor, axis: Axes = None, keepdims: bool = False, dtype: str | None = None
) -> Tensor:
    """Product of the elements, over all axes or those given.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.
        dtype: in which to multiply; default that of `x`, at least 32 bits for integers.

    Example:
        >>> print(keras.ops.prod([[1, 2], [3, 6]], axis=0))
        [ 3 12]
    """
    return backend.xp.prod(x, axis=tuple_of(axis), keepdims=keepdims, dtype=dtype)


@op
def mean(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean ∑x / n. Integers become floats.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.mean([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [2. 4.]
    """
    return backend.xp.mean(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def var(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Variance, the mean of |x − mean(x)|². Integers become floats.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.var([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [1. 4.]
    """
    return backend.xp.var(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def std(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Standard deviation, the square root of `var`. Integers become floats.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.std([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [1. 2.]
    """
    return backend.xp.std(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def max(
    x: Tensor,
    axis: Axes = None,
    keepdims: bool = False,
    initial: float | None = None,
) -> Tensor:
    """Largest element, over all axes or those given.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.
        initial: a number that takes part too; makes empty tensors possible.

    Example:
        >>> print(keras.ops.max([[1, 7], [3, 6]], axis=0))
        [3 7]
    """
    return backend.xp.max(x, axis=tuple_of(axis), keepdims=keepdims, initial=initial)


@op
def amax(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Largest element: an older name of `max`.

    Example:
        >>> print(keras.ops.amax([[1, 7], [3, 6]], axis=0))
        [3 7]
    """
    return backend.xp.max(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def min(
    x: Tensor,
    axis: Axes = None,
    keepdims: bool = False,
    initial: float | None = None,
) -> Tensor:
    """Smallest element, over all axes or those given.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.
        initial: a number that takes part too; makes empty tensors possible.

    Example:
        >>> print(keras.ops.min([[1, 7], [3, 6]], axis=0))
        [1 6]
    """
    return backend.xp.min(x, axis=tuple_of(axis), keepdims=keepdims, initial=initial)


@op
def amin(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Smallest element: an older name of `min`.

    Example:
        >>> print(keras.ops.amin([[1, 7], [3, 6]], axis=0))
        [1 6]
    """
    return backend.xp.min(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def median(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Median: the middle element, or the mean of the two in the middle.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.median([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [2. 4.]
    """
    return backend.xp.median(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def ptp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Range: the largest minus the smallest element (peak to peak).

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.ptp([[1.0, 2.0], [3.0, 6.0]], axis=0))
        [2. 4.]
    """
    return backend.xp.ptp(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def all(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether all elements are true (not zero).

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.all([[1, 0], [3, 6]], axis=0))
        [ True False]
    """
    return backend.xp.all(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def any(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether any element is true (not zero).

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.any([[0, 0], [0, 6]], axis=0))
        [False  True]
    """
    return backend.xp.any(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def count_nonzero(x: Tensor, axis: Axes = None) -> Tensor:
    """Number of elements that are not zero, as int32.

    Args:
        x: tensor of any shape.
        axis: axis or axes to count along; default all.

    Example:
        >>> print(keras.ops.count_nonzero([[0, 1], [2, 3]], axis=0))
        [1 2]
    """
    return backend.xp.count_nonzero(x, axis=tuple_of(axis))


@op
def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the first largest element along an axis.

    Args:
        x: tensor of any shape.
        axis: default: the index in the flattened tensor.
        keepdims: keep the reduced axis with size 1.

    Example:
        >>> print(keras.ops.argmax([[1, 7, 2], [9, 6, 3]], axis=1))
        [1 0]
    """
    return backend.xp.argmax(x, axis=axis, keepdims=keepdims)


@op
def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the first smallest element along an axis.

    Args:
        x: tensor of any shape.
        axis: default: the index in the flattened tensor.
        keepdims: keep the reduced axis with size 1.

    Example:
        >>> print(keras.ops.argmin([[1, 7, 2], [9, 6, 3]], axis=1))
        [0 2]
    """
    return backend.xp.argmin(x, axis=axis, keepdims=keepdims)


@op
def cumsum(x: Tensor, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running sums: y[i] = x[0] + … + x[i] along an axis.

    Args:
        x: tensor of any shape.
        axis: default: over the flattened tensor.
        dtype: in which to compute; default that of `x`.

    Example:
        >>> print(keras.ops.cumsum([[1, 2], [3, 4]], axis=1))
        [[1 3]
         [3 7]]
    """
    return backend.xp.cumsum(x, axis=axis, dtype=dtype)


@op
def cumprod(x: Tensor, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running products: y[i] = x[0] · … · x[i] along an axis.

    Args:
        x: tensor of any shape.
        axis: default: over the flattened tensor.
        dtype: in which to compute; default that of `x`.

    Example:
        >>> print(keras.ops.cumprod([[1, 2], [3, 4]], axis=1))
        [[ 1  2]
         [ 3 12]]
    """
    return backend.xp.cumprod(x, axis=axis, dtype=dtype)


@op
def average(x: Tensor, axis: Axes = None, weights: Tensor | None = None) -> Tensor:
    """Weighted mean ∑(w x) / ∑w. Integers become floats.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        weights: of the shape of `x`, or one for each element of `axis`; default equal.

    Example:
        >>> print(keras.ops.average([1.0, 2.0, 4.0], weights=[2.0, 1.0, 1.0]))
        2.0
    """
    return backend.xp.average(x, axis=tuple_of(axis), weights=weights)


@op
def logsumexp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """log ∑ exp(x), without overflow. Integers become floats.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(np.round(np.asarray(keras.ops.logsumexp([1000.0, 1000.0])), 3))
        1000.693
    """
    return backend.logsumexp(as_float(x), axis=tuple_of(axis), keepdims=keepdims)
