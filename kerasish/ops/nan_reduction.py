"""Reductions that leave out NaN."""

from .. import backend
from ..graph import Tensor, op
from .reduction import Axes, tuple_of

__all__ = [
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean",
    "nanmedian", "nanmin", "nanprod", "nanstd", "nansum", "nanvar",
]  # fmt: skip


@op
def nansum(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Sum of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nansum([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [4. 6.]
    """
    return backend.xp.nansum(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanprod(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Product of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanprod([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [3. 6.]
    """
    return backend.xp.nanprod(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanmean(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Mean of the elements that are not NaN; NaN where there is none.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanmean([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [2. 6.]
    """
    return backend.xp.nanmean(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanvar(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Variance of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanvar([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [1. 0.]
    """
    return backend.xp.nanvar(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanstd(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Standard deviation of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanstd([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [1. 0.]
    """
    return backend.xp.nanstd(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanmax(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Largest of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanmax([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [3. 6.]
    """
    return backend.xp.nanmax(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanmin(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Smallest of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanmin([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [1. 6.]
    """
    return backend.xp.nanmin(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanmedian(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Median of the elements that are not NaN.

    Args:
        x: tensor of any shape.
        axis: axis or axes to reduce; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanmedian([[1.0, np.nan], [3.0, 6.0]], axis=0))
        [2. 6.]
    """
    return backend.xp.nanmedian(x, axis=tuple_of(axis), keepdims=keepdims)


@op
def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the first largest element that is not NaN; −1 if all are.

    Args:
        x: tensor of any shape.
        axis: default: the index in the flattened tensor.
        keepdims: keep the reduced axis with size 1.

    Example:
        >>> print(keras.ops.nanargmax([np.nan, 7.0, 2.0, 7.0]))
        1
    """
    return backend.xp.nanargmax(x, axis=axis, keepdims=keepdims)


@op
def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the first smallest element that is not NaN; −1 if all are.

    Args:
        x: tensor of any shape.
        axis: default: the index in the flattened tensor.
        keepdims: keep the reduced axis with size 1.

    Example:
        >>> print(keras.ops.nanargmin([np.nan, 7.0, 2.0, 7.0]))
        2
    """
    return backend.xp.nanargmin(x, axis=axis, keepdims=keepdims)


@op
def nancumsum(x: Tensor, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running sums, with 0 in place of NaN.

    Args:
        x: tensor of any shape.
        axis: default: over the flattened tensor.
        dtype: in which to compute; default that of `x`.

    Example:
        >>> print(keras.ops.nancumsum([1.0, np.nan, 3.0]))
        [1. 1. 4.]
    """
    return backend.xp.nancumsum(x, axis=axis, dtype=dtype)


@op
def nancumprod(x: Tensor, axis: int | None = None, dtype: str | None = None) -> Tensor:
    """Running products, with 1 in place of NaN.

    Args:
        x: tensor of any shape.
        axis: default: over the flattened tensor.
        dtype: in which to compute; default that of `x`.

    Example:
        >>> print(keras.ops.nancumprod([1.0, np.nan, 3.0]))
        [1. 1. 3.]
    """
    return backend.xp.nancumprod(x, axis=axis, dtype=dtype)
