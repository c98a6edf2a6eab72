"""Products of vectors, matrices and tensors."""

from typing import Any

from .. import backend
from ..graph import Tensor, op
from .conversion import as_float, as_floats

__all__ = [
    "cdist", "cross", "diff", "dot", "einsum", "inner", "kron", "matmul", "outer",
    "tensordot", "trace", "trapezoid", "vdot",
]  # fmt: skip


def _int8(*operands: Any) -> bool:
    """Whether all are int8, whose products are summed in int32 for quantization."""
    return all(backend.dtype_name(x) == "int8" for x in operands)


@op
def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product ∑ₖ x1[…, i, k] · x2[…, k, j]; leading axes broadcast.

    Args:
        x1: tensor of shape (..., m, k) or (k,).
        x2: tensor of shape (..., k, n) or (k,).

    Returns:
        Shape (..., m, n), without the axes of vectors. int8 gives int32.

    Example:
        >>> print(keras.ops.matmul([[1, 2], [3, 4]], [1, 10]))
        [21 43]
    """
    if _int8(x1, x2):
        x1, x2 = backend.cast(x1, "int32"), backend.cast(x2, "int32")
    return backend.xp.matmul(x1, x2)


@op
def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axis of `x1` and the second last of `x2`.

    Args:
        x1: tensor of shape (..., k), or a number.
        x2: tensor of shape (..., k, n) or (k,), or a number.

    Example:
        >>> print(keras.ops.dot([1, 2, 3], [4, 5, 6]))
        32
    """
    return backend.xp.dot(x1, x2)


@op
def einsum(subscripts: str, *operands: Tensor, **kwargs: Any) -> Tensor:
    """Einstein's summation: products summed over the indices that the result lacks.

    Args:
        subscripts: such as `"ij,jk->ik"`; `...` stands for axes that broadcast.
        *operands: tensors, as many as there are groups of letters.
        **kwargs: options of the array library, such as `optimize`.

    Example:
        >>> print(keras.ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 10]))
        [21 43]
    """
    if _int8(*operands):
        operands = tuple(backend.cast(x, "int32") for x in operands)
    return backend.xp.einsum(subscripts, *operands, **kwargs)


@op
def tensordot(x1: Tensor, x2: Tensor, axes: Any = 2) -> Tensor:
    """Sum of products over pairs of axes.

    Args:
        x1, x2: tensors.
        axes: n: the last n axes of `x1` with the first n of `x2`; or two lists of axes.

    Returns:
        The other axes of `x1`, then those of `x2`.

    Example:
        >>> keras.ops.tensordot(keras.ops.ones((2, 3, 4)), keras.ops.ones((4, 3)),
        ...     axes=[[1, 2], [1, 0]]).tolist()
        [12.0, 12.0]
    """
    return backend.xp.tensordot(x1, x2, axes=axes)


@op
def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """Dot product of the flattened tensors; the first is conjugated.

    Example:
        >>> print(keras.ops.vdot([[1, 2], [3, 4]], [[1, 1], [1, 1]]))
        10
    """
    return backend.xp.vdot(x1, x2)


@op
def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axis of both.

    Example:
        >>> print(keras.ops.inner([[1, 2], [3, 4]], [1, 10]))
        [21 43]
    """
    return backend.xp.inner(x1, x2)


@op
def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """All products x1[i] · x2[j] of the flattened tensors: a matrix.

    Example:
        >>> print(keras.ops.outer([1, 2], [3, 4, 5]))
        [[ 3  4  5]
         [ 6  8 10]]
    """
    return backend.xp.outer(x1, x2)


@op
def cross(
    x1: Tensor,
    x2: Tensor,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """Cross product of vectors of two or three numbers.

    Args:
        x1, x2: tensors that broadcast with each other outside of the vectors' axis.
        axisa, axisb, axisc: the vectors' axis in `x1`, `x2` and the result.
        axis: all three at once.

    Example:
        >>> print(keras.ops.cross([1, 0, 0], [0, 1, 0]))
        [0 0 1]
    """
    return backend.xp.cross(x1, x2, axisa, axisb, axisc, axis)


@op
def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """Kronecker product: `x2` times each element of `x1`, in blocks.

    Example:
        >>> print(keras.ops.kron([1, 10], [1, 2]))
        [ 1  2 10 20]
    """
    return backend.xp.kron(x1, x2)


@op
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum of a diagonal of the matrices that two axes form.

    Args:
        x: tensor of at least two axes.
        offset: which diagonal: above the main one if positive.
        axis1, axis2: rows and columns of the matrices.

    Example:
        >>> print(keras.ops.trace([[1, 2], [3, 4]]))
        5
    """
    return backend.xp.trace(x, offset=offset, axis1=axis1, axis2=axis2)


@op
def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences a[i + 1] − a[i] along an axis, `n` times over.

    Example:
        >>> print(keras.ops.diff([1, 4, 9, 16]))
        [3 5 7]
    """
    return backend.xp.diff(a, n=n, axis=axis)


@op
def trapezoid(
    y: Tensor, x: Tensor | None = None, dx: float = 1.0, axis: int = -1
) -> Tensor:
    """Integral by the trapezoidal rule: ∑ (x[i+1] − x[i]) (y[i] + y[i+1]) / 2.

    Args:
        y: values of the function.
        x: where they were taken; default evenly, at distance `dx`.
        dx: distance.
        axis: along which to integrate.

    Example:
        >>> print(keras.ops.trapezoid([1.0, 2.0, 3.0]))
        4.0
    """
    if x is None:
        return backend.xp.trapezoid(as_float(y), dx=dx, axis=axis)
    return backend.xp.trapezoid(*as_floats(y, x), axis=axis)


@op
def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distance between each row of `x` and each row of `y`.

    Args:
        x: tensor of shape (..., m, d).
        y: tensor of shape (..., n, d).

    Returns:
        Tensor of shape (..., m, n).

    Example:
        >>> print(keras.ops.cdist(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])))
        [[5.]]
    """
    x, y = as_floats(x, y)
    difference = x[..., :, None, :] - y[..., None, :, :]
    return backend.xp.sqrt(backend.xp.sum(difference**2, axis=-1))
