"""Linear algebra of (batches of) matrices."""

from typing import Any

import numpy as np

from .. import backend, tree
from ..graph import Tensor, op
from .conversion import as_float, as_floats
from .reduction import Axes, tuple_of

__all__ = [
    "cholesky", "cholesky_inverse", "det", "eig", "eigh", "inv", "jvp", "logdet",
    "lstsq", "lu_factor", "matrix_rank", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_triangular", "svd",
]  # fmt: skip


def _square(x: Any, name: str) -> Any:
    """`x` as floats, if its last two axes form square matrices."""
    x = as_float(x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(
            f"`{name}` needs square matrices (..., n, n), got shape {tuple(x.shape)}."
        )
    return x


@op
def norm(
    x: Tensor, ord: Any = None, axis: Axes = None, keepdims: bool = False
) -> Tensor:
    """Norm of vectors or matrices.

    Args:
        x: tensor; integers become floats.
        ord: for vectors: p, giving (∑|x|ᵖ)^(1/p), ±inf, or 0 (number of elements not
            zero). For matrices: `"fro"`, `"nuc"`, ±1, ±2, ±inf. Default √∑|x|².
        axis: of the vectors, or the two axes of the matrices; default all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> print(keras.ops.norm([3.0, 4.0]))
        5.0
    """
    x = as_float(x)
    return backend.xp.linalg.norm(x, ord=ord, axis=tuple_of(axis), keepdims=keepdims)


@op
def det(x: Tensor) -> Tensor:
    """Determinant.

    Args:
        x: tensor of shape (..., n, n).

    Example:
        >>> print(np.round(np.asarray(keras.ops.det([[1.0, 2.0], [3.0, 4.0]])), 3))
        -2.0
    """
    return backend.xp.linalg.det(_square(x, "det"))


@op
def slogdet(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sign of the determinant, and logarithm of its absolute value.

    Args:
        x: tensor of shape (..., n, n).

    Example:
        >>> x = keras.ops.array([[1.0, 2.0], [3.0, 4.0]])
        >>> sign, logarithm = keras.ops.slogdet(x)
        >>> float(sign), round(float(logarithm), 3)
        (-1.0, 0.693)
    """
    return tuple(backend.xp.linalg.slogdet(_square(x, "slogdet")))


@op
def logdet(x: Tensor) -> Tensor:
    """Logarithm of the determinant of symmetric positive definite matrices.

    Args:
        x: tensor of shape (..., n, n).

    Example:
        >>> print(np.round(np.asarray(keras.ops.logdet(2.0 * np.eye(2))), 3))
        1.386
    """
    factor = backend.xp.linalg.cholesky(_square(x, "logdet"))
    diagonal = backend.xp.diagonal(factor, axis1=-2, axis2=-1)
    return 2.0 * backend.xp.sum(backend.xp.log(diagonal), axis=-1)


@op
def inv(x: Tensor) -> Tensor:
    """Inverse matrix.

    Args:
        x: tensor of shape (..., n, n).

    Example:
        >>> print(keras.ops.inv([[2.0, 0.0], [0.0, 4.0]]))
        [[0.5  0.  ]
         [0.   0.25]]
    """
    return backend.xp.linalg.inv(_square(x, "inv"))


@op
def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """Moore and Penrose's pseudo-inverse.

    Args:
        x: tensor of shape (..., m, n).
        rcond: singular values below `rcond` times the largest count as zero.

    Example:
        >>> print(np.round(np.asarray(keras.ops.pinv(np.array([[2.0], [0.0]]))), 3))
        [[0.5 0. ]]
    """
    return backend.xp.linalg.pinv(as_float(x), rcond)


@op
def solve(a: Tensor, b: Tensor) -> Tensor:
    """Solve a x = b for x.

    Args:
        a: tensor of shape (..., n, n).
        b: tensor of shape (..., n) or (..., n, k).

    Example:
        >>> print(keras.ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]))
        [1.  0.5]
    """
    a, b = as_floats(a, b)
    a = _square(a, "solve")
    if b.ndim == a.ndim - 1:
        return backend.xp.linalg.solve(a, b[..., None])[..., 0]
    return backend.xp.linalg.solve(a, b)


@op
def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """Solve a x = b for x, where `a` is triangular; its other half is not read.

    Args:
        a: tensor of shape (..., n, n).
        b: tensor of shape (..., n) or (..., n, k).
        lower: whether `a` is lower triangular.

    Example:
        >>> print(keras.ops.solve_triangular([[2.0, 1.0], [0.0, 4.0]], [3.0, 4.0]))
        [1. 1.]
    """
    a, b = as_floats(a, b)
    a = _square(a, "solve_triangular")
    return solve(backend.xp.tril(a) if lower else backend.xp.triu(a), b)


@op
def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """Cholesky factor L of x = L Lᵀ, for symmetric positive definite matrices.

    Args:
        x: tensor of shape (..., n, n).
        upper: return the upper triangular factor Lᵀ.

    Raises:
        ValueError: if a matrix is not positive definite (not checked when compiled).

    Example:
        >>> print(keras.ops.cholesky([[4.0, 2.0], [2.0, 5.0]]))
        [[2. 0.]
         [1. 2.]]
    """
    try:
        factor = backend.xp.linalg.cholesky(_square(x, "cholesky"))
    except np.linalg.LinAlgError:
        factor = np.nan
    if _known_nan(factor):
        raise ValueError("`cholesky` needs positive definite matrices, got others.")
    return backend.xp.swapaxes(factor, -1, -2) if upper else factor


def _known_nan(x: Any) -> bool:
    """Whether there is a NaN; traced values count as fine."""
    try:
        return bool(backend.xp.any(backend.xp.isnan(x)))
    except TypeError:
        return False


@op
def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """Inverse of the matrix whose Cholesky factor is given: (L Lᵀ)⁻¹.

    Args:
        x: triangular tensor of shape (..., n, n).
        upper: whether it is the upper triangular factor.

    Example:
        >>> print(keras.ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]))
        [[0.25 0.  ]
         [0.   1.  ]]
    """
    x = _square(x, "cholesky_inverse")
    identity = backend.xp.broadcast_to(
        backend.xp.eye(x.shape[-1], dtype=backend.dtype_name(x)), x.shape
    )
    inverse = solve_triangular(x, identity, lower=not upper)
    turned = backend.xp.swapaxes(inverse, -1, -2)
    left, right = (inverse, turned) if upper else (turned, inverse)
    return backend.xp.matmul(left, right)


@op
def qr(x: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """QR factors: x = Q R, Q with orthonormal columns, R upper triangular.

    Args:
        x: tensor of shape (..., m, n).
        mode: `"reduced"`: Q (..., m, k) with k = min(m, n); `"complete"`: (..., m, m).

    Example:
        >>> q, r = keras.ops.qr(keras.ops.array([[3.0, 1.0], [4.0, 1.0]]))
        >>> print(np.round(np.abs(np.asarray(r)), 3))
        [[5.  1.4]
         [0.  0.2]]
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"`mode` must be 'reduced' or 'complete', got {mode!r}.")
    return tuple(backend.xp.linalg.qr(as_float(x), mode=mode))


@op
def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition x = U diag(S) Vᴴ.

    Args:
        x: tensor of shape (..., m, n).
        full_matrices: U and V square; else with min(m, n) columns.
        compute_uv: return U, S, Vᴴ; else S alone.

    Example:
        >>> u, s, v = keras.ops.svd(keras.ops.array([[3.0, 0.0], [0.0, 4.0]]))
        >>> print(np.round(np.asarray(s), 3))
        [4. 3.]
    """
    x = as_float(x)
    if not compute_uv:
        return backend.xp.linalg.svd(x, full_matrices=full_matrices, compute_uv=False)
    return tuple(backend.xp.linalg.svd(x, full_matrices=full_matrices))


@op
def eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and, as columns, eigenvectors of any square matrices (on CPU).

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        Complex tensors of shapes (..., n) and (..., n, n).

    Example:
        >>> values, vectors = keras.ops.eig(keras.ops.array([[2.0, 0.0], [0.0, 3.0]]))
        >>> print(np.round(np.real(np.asarray(values)), 3))
        [2. 3.]
    """
    return tuple(backend.xp.linalg.eig(_square(x, "eig")))


@op
def eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues in ascending order and eigenvectors of symmetric matrices.

    Args:
        x: tensor of shape (..., n, n).

    Returns:
        Tensors of shapes (..., n) and (..., n, n).

    Example:
        >>> values, vectors = keras.ops.eigh(keras.ops.array([[2.0, 1.0], [1.0, 2.0]]))
        >>> print(np.round(np.asarray(values), 3))
        [1. 3.]
    """
    return tuple(backend.xp.linalg.eigh(_square(x, "eigh")))


@op
def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """Least squares: the shortest x that minimizes |a x − b|.

    Args:
        a: tensor of shape (m, n).
        b: tensor of shape (m,) or (m, k).
        rcond: singular values below `rcond` times the largest count as zero.

    Example:
        >>> a, b = keras.ops.array([[1.0], [1.0]]), keras.ops.array([1.0, 3.0])
        >>> print(np.round(np.asarray(keras.ops.lstsq(a, b)), 3))
        [2.]
    """
    return backend.xp.linalg.lstsq(*as_floats(a, b), rcond=rcond)[0]


@op
def matrix_rank(x: Tensor, tol: float | None = None) -> Tensor:
    """Number of singular values that are not (nearly) zero.

    Args:
        x: tensor of shape (..., m, n).
        tol: what counts as zero; default S.max() · max(m, n) · machine epsilon.

    Example:
        >>> print(keras.ops.matrix_rank(np.array([[1.0, 2.0], [2.0, 4.0]])))
        1
    """
    x = as_float(x)
    s = backend.xp.linalg.svd(x, full_matrices=False, compute_uv=False)
    if tol is None:
        epsilon = float(np.finfo(backend.dtype_name(x)).eps)
        tol = backend.xp.max(s, axis=-1, keepdims=True) * max(x.shape[-2:]) * epsilon
    return backend.cast(backend.xp.sum(s > tol, axis=-1), "int32")


@op
def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """LU factors with partial pivoting, packed in one matrix, and the row exchanges.

    Args:
        x: tensor of shape (..., m, n).

    Returns:
        L (below the diagonal, its ones left out) and U in one tensor (..., m, n); and
        for each step the row that was exchanged with it, int32 (..., min(m, n)).

    Example:
        >>> x = keras.ops.array([[1.0, 2.0], [4.0, 4.0]])
        >>> factors, rows = keras.ops.lu_factor(x)
        >>> print(factors, rows)
        [[4.   4.  ]
         [0.25 1.  ]] [1 1]
    """
    x = as_float(x)
    xp, rows = backend.xp, x.shape[-2]
    places = xp.arange(rows)

    def step(matrix: Any, k: Any) -> Any:
        column = xp.where(places < k, -1.0, xp.abs(xp.take(matrix, k, axis=-1)))
        pivot = xp.argmax(column, axis=-1)
        order = xp.where(places == k, pivot, xp.where(places == pivot, k, places))
        matrix = xp.take(matrix, order, axis=0)
        row, pillar = xp.take(matrix, k, axis=0), xp.take(matrix, k, axis=1)
        factor = xp.where(places > k, pillar / xp.take(row, k), 0.0)
        right = xp.where(xp.arange(matrix.shape[1]) > k, row, 0.0)
        matrix = matrix - factor[:, None] * right
        here = xp.arange(matrix.shape[1]) == k
        below = (places > k)[:, None] & here
        return xp.where(below, factor[:, None], matrix), backend.cast(pivot, "int32")

    def factorize(matrix: Any) -> Any:
        return backend.scan(step, matrix, xp.arange(min(matrix.shape)))

    for _ in range(x.ndim - 2):
        factorize = backend.vmap(factorize)
    return tuple(factorize(x))


def jvp(fun: Any, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """Value of a function, and its derivative in a direction: J · tangents.

    Computed by two gradients: v ↦ vᵀJ · t is linear, and its gradient is J · t.

    Args:
        fun: function of tensors.
        primals: list of its arguments, floats.
        tangents: list of directions, shaped as the arguments.
        has_aux: `fun` returns (result, something besides).

    Returns:
        (result, derivative), and with `has_aux` also what came besides.

    Example:
        >>> x, direction = keras.ops.array([1.0, 2.0]), keras.ops.array([1.0, 0.0])
        >>> value, slope = keras.ops.jvp(keras.ops.square, [x], [direction])
        >>> print(value, slope)
        [1. 4.] [2. 0.]
    """
    primals = [backend.asarray(x) for x in primals]
    result, *aux = fun(*primals) if has_aux else (fun(*primals),)

    def total(xs: Any, ys: Any) -> Any:
        return sum(backend.xp.sum(x * y) for x, y in zip(xs, ys))

    def along(weights: list[Any]) -> Any:
        def weighted(arguments: list[Any]) -> Any:
            output = fun(*arguments)
            return total(tree.flatten(output[0] if has_aux else output), weights), ()

        return total(backend.value_and_grad(weighted)(primals)[1], tangents), ()

    start = [backend.xp.zeros_like(x) for x in tree.flatten(result)]
    derivative = backend.value_and_grad(along)(start)[1]
    return result, tree.pack_sequence_as(result, derivative), *aux
