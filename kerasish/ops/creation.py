"""Tensors made from shapes and numbers, grids, windows, parts of matrices."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes
from ..graph import Tensor, op
from .conversion import dtype as dtype_of

__all__ = [
    "arange", "bartlett", "blackman", "diag", "diagflat", "diagonal", "empty",
    "empty_like", "eye", "full", "full_like", "geomspace", "hamming", "hanning",
    "identity", "kaiser", "linspace", "logspace", "meshgrid", "ones", "ones_like",
    "tri", "tril", "triu", "vander", "zeros", "zeros_like",
]  # fmt: skip


def _stored(dtype: Any) -> str:
    """The dtype in which tensors asked for as `dtype` are made; default `floatx()`."""
    return dtypes.canonical(dtypes.standardize_dtype(dtype))


def _if_given(dtype: Any) -> str | None:
    return None if dtype is None else _stored(dtype)


def zeros(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Make a tensor of zeros.

    Args:
        shape: sizes of the axes.
        dtype: default `keras.config.floatx()`.

    Example:
        >>> print(keras.ops.zeros((2, 2)))
        [[0. 0.]
         [0. 0.]]
    """
    return backend.xp.zeros(shape, dtype=_stored(dtype))


def ones(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Make a tensor of ones.

    Args:
        shape: sizes of the axes.
        dtype: default `keras.config.floatx()`.

    Example:
        >>> print(keras.ops.ones((2, 2)))
        [[1. 1.]
         [1. 1.]]
    """
    return backend.xp.ones(shape, dtype=_stored(dtype))


def empty(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Make a tensor whose elements may be anything (here zeros).

    Example:
        >>> keras.ops.empty((2, 3)).shape
        (2, 3)
    """
    return zeros(shape, dtype)


@op
def full(shape: int | Sequence[int], fill_value: Tensor, dtype: Any = None) -> Tensor:
    """Make a tensor filled with one value.

    Args:
        shape: sizes of the axes.
        fill_value: number, or tensor that broadcasts to `shape`.
        dtype: default `keras.config.floatx()`, also for integers.

    Example:
        >>> print(keras.ops.full((2, 2), 7))
        [[7. 7.]
         [7. 7.]]
    """
    return backend.xp.full(shape, fill_value, dtype=_stored(dtype))


@op
def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Make zeros of the shape and, unless given, dtype of `x`.

    Example:
        >>> print(keras.ops.zeros_like([1, 2]))
        [0 0]
    """
    return backend.xp.zeros_like(x, dtype=_if_given(dtype))


@op
def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Make ones of the shape and, unless given, dtype of `x`.

    Example:
        >>> print(keras.ops.ones_like([1, 2]))
        [1 1]
    """
    return backend.xp.ones_like(x, dtype=_if_given(dtype))


@op
def empty_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Make a tensor like `x` whose elements may be anything (here zeros).

    Example:
        >>> keras.ops.empty_like(keras.ops.ones((2, 3))).shape
        (2, 3)
    """
    return backend.xp.zeros_like(x, dtype=_if_given(dtype))


@op
def full_like(x: Tensor, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """Make a tensor filled with one value, of the shape and dtype of `x`.

    Example:
        >>> print(keras.ops.full_like([1, 2], 7))
        [7 7]
    """
    return backend.xp.full_like(x, fill_value, dtype=_if_given(dtype))


def arange(
    start: float,
    stop: float | None = None,
    step: float | None = None,
    dtype: Any = None,
) -> Tensor:
    """Make start, start + step, … up to but without stop.

    Args:
        start: first number; with one argument the end, counting from 0.
        stop: where to end.
        step: distance; default 1.
        dtype: default int32 if all are integers, else `keras.config.floatx()`.

    Example:
        >>> print(keras.ops.arange(3), keras.ops.arange(1.0, 2.0, 0.5))
        [0 1 2] [1.  1.5]
    """
    given = [x for x in (start, stop, step) if x is not None]
    if dtype is None:
        kinds: list[Any] = [
            type(x) if isinstance(x, (int, float)) else dtype_of(x) for x in given
        ]
        kinds = ["int32" if kind in (int, bool) else kind for kind in kinds]
        dtype = dtypes.result_type(*kinds)
    return backend.xp.arange(start, stop, step, dtype=_stored(dtype))


@op
def linspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Make `num` evenly spaced numbers from `start` to `stop`.

    Args:
        start, stop: ends; numbers or tensors that broadcast with each other.
        num: how many.
        endpoint: whether `stop` is the last of them, or the first beyond.
        retstep: return the pair (numbers, their distance).
        dtype: default float, at least `keras.config.floatx()`.
        axis: where the new axis goes if `start` or `stop` is a tensor.

    Example:
        >>> print(keras.ops.linspace(0, 1, 5))
        [0.   0.25 0.5  0.75 1.  ]
    """
    options: Any = {"endpoint": endpoint, "retstep": retstep, "axis": axis}
    return backend.xp.linspace(start, stop, num, dtype=_if_given(dtype), **options)


@op
def logspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Make `num` numbers from base ** start to base ** stop, of even ratio.

    Args:
        start, stop: exponents; numbers or tensors.
        num: how many.
        endpoint: whether base ** stop is the last of them.
        base: of the powers.
        dtype: default float.
        axis: where the new axis goes if `start` or `stop` is a tensor.

    Example:
        >>> print(keras.ops.logspace(0, 2, 3))
        [  1.  10. 100.]
    """
    options: Any = {"endpoint": endpoint, "base": base, "axis": axis}
    return backend.xp.logspace(start, stop, num, dtype=_if_given(dtype), **options)


@op
def geomspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Make `num` numbers from `start` to `stop`, of even ratio.

    Args:
        start, stop: ends, not zero and of the same sign.
        num: how many.
        endpoint: whether `stop` is the last of them.
        dtype: default float.
        axis: where the new axis goes if `start` or `stop` is a tensor.

    Example:
        >>> print(np.round(np.asarray(keras.ops.geomspace(1, 8, 4)), 3))
        [1. 2. 4. 8.]
    """
    options: Any = {"endpoint": endpoint, "axis": axis}
    return backend.xp.geomspace(start, stop, num, dtype=_if_given(dtype), **options)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Make a matrix with ones on a diagonal, zeros elsewhere.

    Args:
        N, M: number of rows and columns; M defaults to N.
        k: which diagonal: 0 the main one, above if positive, below if negative.
        dtype: default `keras.config.floatx()`.

    Example:
        >>> print(keras.ops.eye(2))
        [[1. 0.]
         [0. 1.]]
    """
    return backend.xp.eye(N, M, k=k, dtype=_stored(dtype))


def identity(n: int, dtype: Any = None) -> Tensor:
    """Make the identity matrix of size n × n.

    Example:
        >>> print(keras.ops.identity(2))
        [[1. 0.]
         [0. 1.]]
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Make a matrix with ones on and below a diagonal, zeros above.

    Args:
        N, M: number of rows and columns; M defaults to N.
        k: which diagonal, as in `eye`.
        dtype: default `keras.config.floatx()`.

    Example:
        >>> print(keras.ops.tri(2))
        [[1. 0.]
         [1. 1.]]
    """
    return backend.xp.tri(N, M, k=k, dtype=_stored(dtype))


@op
def tril(x: Tensor, k: int = 0) -> Tensor:
    """Keep the lower triangle of matrices; zeros above diagonal `k`.

    Args:
        x: tensor of shape (..., rows, columns).
        k: which diagonal, as in `eye`.

    Example:
        >>> print(keras.ops.tril([[1, 2], [3, 4]]))
        [[1 0]
         [3 4]]
    """
    return backend.xp.tril(x, k=k)


@op
def triu(x: Tensor, k: int = 0) -> Tensor:
    """Keep the upper triangle of matrices; zeros below diagonal `k`.

    Args:
        x: tensor of shape (..., rows, columns).
        k: which diagonal, as in `eye`.

    Example:
        >>> print(keras.ops.triu([[1, 2], [3, 4]]))
        [[1 2]
         [0 4]]
    """
    return backend.xp.triu(x, k=k)


@op
def diag(x: Tensor, k: int = 0) -> Tensor:
    """Take the diagonal of a matrix, or make a matrix with a vector on its diagonal.

    Args:
        x: tensor of one or two axes.
        k: which diagonal, as in `eye`.

    Example:
        >>> print(keras.ops.diag([1, 2]))
        [[1 0]
         [0 2]]
    """
    return backend.xp.diag(x, k=k)


@op
def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """Make a matrix with the flattened tensor on diagonal `k`.

    Example:
        >>> print(keras.ops.diagflat([[1, 2]]))
        [[1 0]
         [0 2]]
    """
    return backend.xp.diagflat(x, k=k)


@op
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Take a diagonal of the matrices that two axes form; it becomes the last axis.

    Args:
        x: tensor of at least two axes.
        offset: which diagonal, as `k` in `eye`.
        axis1, axis2: rows and columns of the matrices.

    Example:
        >>> print(keras.ops.diagonal(keras.ops.array([[1, 2], [3, 4]])))
        [1 4]
    """
    return backend.xp.diagonal(x, offset=offset, axis1=axis1, axis2=axis2)


@op
def meshgrid(*x: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Make coordinate grids from coordinate vectors.

    Args:
        *x: n tensors of one axis each.
        indexing: `"xy"`: the first vector runs along the second axis, as in pictures;
            `"ij"`: along the first, as in matrices.

    Returns:
        List of n tensors of n axes each.

    Example:
        >>> columns, rows = keras.ops.meshgrid(keras.ops.arange(3), keras.ops.arange(2))
        >>> print(columns)
        [[0 1 2]
         [0 1 2]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"`indexing` must be 'xy' or 'ij', got {indexing!r}.")
    return list(backend.xp.meshgrid(*x, indexing=indexing))


@op
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde matrix: column j holds the powers x ** (N − 1 − j).

    Args:
        x: tensor of shape (n,).
        N: number of columns; default n.
        increasing: order the powers from 0 to N − 1.

    Example:
        >>> print(keras.ops.vander(keras.ops.array([1, 2, 3])))
        [[1 1 1]
         [4 2 1]
         [9 3 1]]
    """
    return backend.xp.vander(x, N, increasing=increasing)


def bartlett(x: int) -> Tensor:
    """Bartlett's triangular window of `x` points.

    Example:
        >>> print(keras.ops.bartlett(5))
        [0.  0.5 1.  0.5 0. ]
    """
    return backend.asarray(np.bartlett(int(x)), _stored(None))


def blackman(x: int) -> Tensor:
    """Blackman's window 0.42 − 0.5 cos(2πn/(x−1)) + 0.08 cos(4πn/(x−1)).

    Example:
        >>> print(np.round(np.asarray(keras.ops.blackman(5)), 3))
        [-0.    0.34  1.    0.34 -0.  ]
    """
    return backend.asarray(np.blackman(int(x)), _stored(None))


def hamming(x: int) -> Tensor:
    """Hamming's window 0.54 − 0.46 cos(2πn/(x−1)) of `x` points.

    Example:
        >>> print(np.round(np.asarray(keras.ops.hamming(5)), 3))
        [0.08 0.54 1.   0.54 0.08]
    """
    return backend.asarray(np.hamming(int(x)), _stored(None))


def hanning(x: int) -> Tensor:
    """Hann's window 0.5 − 0.5 cos(2πn/(x−1)) of `x` points.

    Example:
        >>> print(np.round(np.asarray(keras.ops.hanning(5)), 3))
        [0.  0.5 1.  0.5 0. ]
    """
    return backend.asarray(np.hanning(int(x)), _stored(None))


def kaiser(x: int, beta: float) -> Tensor:
    """Kaiser's window I₀(β √(1 − (2n/(x−1) − 1)²)) / I₀(β) of `x` points.

    Example:
        >>> print(np.round(np.asarray(keras.ops.kaiser(5, 2.0)), 3))
        [0.439 0.835 1.    0.835 0.439]
    """
    return backend.asarray(np.kaiser(int(x), float(beta)), _stored(None))
