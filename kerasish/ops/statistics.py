"""Order statistics, histograms, correlation."""

from typing import Any

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float
from .reduction import Axes, tuple_of

__all__ = [
    "bincount", "corrcoef", "correlate", "digitize", "histogram", "nanpercentile",
    "nanquantile", "percentile", "quantile",
]  # fmt: skip


@op
def quantile(
    x: Tensor,
    q: Tensor,
    axis: Axes = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """Quantile: the value below which the fraction `q` of the elements lies.

    Args:
        x: tensor of any shape; integers become floats.
        q: number or one-dimensional tensor in [0, 1]; its axis comes first.
        axis: axis or axes to reduce; default all.
        method: between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`
            or `"nearest"`.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.quantile([1.0, 2.0, 3.0, 4.0], 0.5))
        2.5
    """
    return backend.xp.quantile(
        as_float(x), q, axis=tuple_of(axis), method=method, keepdims=keepdims
    )


@op
def percentile(
    x: Tensor,
    q: Tensor,
    axis: Axes = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """Percentile: the quantile of q / 100.

    Args:
        x: tensor of any shape; integers become floats.
        q: number or one-dimensional tensor in [0, 100]; its axis comes first.
        axis: axis or axes to reduce; default all.
        method: between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`
            or `"nearest"`.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.percentile([1.0, 2.0, 3.0, 4.0], 50.0))
        2.5
    """
    return backend.xp.percentile(
        as_float(x), q, axis=tuple_of(axis), method=method, keepdims=keepdims
    )


@op
def nanquantile(
    x: Tensor,
    q: Tensor,
    axis: Axes = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """Quantile of the elements that are not NaN.

    Args:
        x: tensor of any shape; integers become floats.
        q: number or one-dimensional tensor in [0, 1]; its axis comes first.
        axis: axis or axes to reduce; default all.
        method: between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`
            or `"nearest"`.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanquantile([1.0, np.nan, 3.0], 0.5))
        2.0
    """
    return backend.xp.nanquantile(
        as_float(x), q, axis=tuple_of(axis), method=method, keepdims=keepdims
    )


@op
def nanpercentile(
    x: Tensor,
    q: Tensor,
    axis: Axes = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """Percentile of the elements that are not NaN.

    Args:
        x: tensor of any shape; integers become floats.
        q: number or one-dimensional tensor in [0, 100]; its axis comes first.
        axis: axis or axes to reduce; default all.
        method: between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`
            or `"nearest"`.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.nanpercentile([1.0, np.nan, 3.0], 50.0))
        2.0
    """
    return backend.xp.nanpercentile(
        as_float(x), q, axis=tuple_of(axis), method=method, keepdims=keepdims
    )


@op
def bincount(
    x: Tensor, weights: Tensor | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """Count how often each of 0, 1, 2 … occurs; or sum the weights.

    The length of the result depends on the values, so inside compiled code give
    `minlength`: the result then has that length, and larger numbers are dropped.

    Args:
        x: non-negative integers of shape (n,) or (batch, n).
        weights: of the shape of `x`; default 1 each.
        minlength: the least length of the result.
        sparse: must be False.

    Returns:
        Shape (length,) or (batch, length); int32, or the dtype of `weights`.

    Example:
        >>> print(keras.ops.bincount(keras.ops.array([0, 1, 1, 3])))
        [1 2 0 1]
    """
    if sparse:
        raise ValueError("Sparse tensors are not supported; leave `sparse=False`.")
    x = backend.asarray(x)
    if x.ndim not in (1, 2):
        raise ValueError(
            f"`x` of `bincount` must have one or two axes, got shape {tuple(x.shape)}."
        )
    length = _bins(x, minlength)
    if weights is None:
        weights = backend.xp.ones(x.shape, dtype="int32")
    hits = backend.xp.expand_dims(x, -1) == backend.xp.arange(length)
    counted = backend.xp.where(hits, backend.xp.expand_dims(weights, -1), 0)
    return backend.xp.sum(counted, axis=-2)


def _bins(x: Any, minlength: int) -> int:
    """The largest number of `x` plus one, where it can be known."""
    try:
        return max(int(backend.xp.max(x, initial=-1)) + 1, minlength)
    except TypeError:  # traced: there are no values
        return minlength


@op
def histogram(
    x: Tensor, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Tensor, Tensor]:
    """Count the elements in bins of equal width.

    Args:
        x: tensor of shape (n,).
        bins: number of bins.
        range: ends of the first and last bin; default the extremes of `x`.

    Returns:
        Counts of shape (bins,) as floats, and edges of shape (bins + 1,).

    Raises:
        ValueError: if `x` has not one axis, or `bins` or `range` make no sense.

    Example:
        >>> x = keras.ops.array([1.0, 2.0, 5.0])
        >>> counts, edges = keras.ops.histogram(x, bins=2)
        >>> print(counts, edges)
        [2. 1.] [1. 3. 5.]
    """
    if not isinstance(bins, int) or bins < 1:
        raise ValueError(f"`bins` must be a positive integer, got {bins!r}.")
    if range is not None and (len(range) != 2 or range[1] < range[0]):
        raise ValueError(f"`range` must be (low, high) with low ≤ high, got {range!r}.")
    if len(x.shape) != 1:
        raise ValueError(f"`x` must have one axis, got shape {tuple(x.shape)}.")
    counts, edges = backend.xp.histogram(x, bins=bins, range=range)
    return as_float(counts), edges


@op
def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """Index of the bin of each element: how many edges are ≤ it.

    Args:
        x: tensor of any shape.
        bins: increasing edges, shape (n,).

    Returns:
        int32 tensor of the shape of `x` with numbers from 0 to n.

    Example:
        >>> print(keras.ops.digitize([0.5, 1.0, 9.0], [0.0, 1.0, 2.0]))
        [1 2 3]
    """
    return backend.cast(backend.xp.digitize(x, bins), "int32")


@op
def corrcoef(x: Tensor) -> Tensor:
    """Pearson's correlation coefficients of the rows.

    Args:
        x: tensor of shape (variables, observations).

    Returns:
        Shape (variables, variables); ones on the diagonal.

    Example:
        >>> print(keras.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
        [[ 1. -1.]
         [-1.  1.]]
    """
    return backend.xp.corrcoef(x)


@op
def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """Cross-correlation c[k] = ∑ₙ x1[n + k] · x2[n] of two sequences.

    Args:
        x1, x2: tensors of shapes (m,) and (n,).
        mode: `"valid"` (full overlap), `"same"` (length max(m, n)) or `"full"`.

    Example:
        >>> print(keras.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0]))
        [2. 3.]
    """
    return backend.xp.correlate(x1, x2, mode=mode)
