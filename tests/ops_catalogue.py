"""One row for each op: its name and arguments. The laws in test_ops run over them all.

Few shapes on purpose: JAX compiles each op anew for each shape.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ops_attention import CALLS as ATTENTION
from ops_convolution import CALLS as CONVOLUTION
from ops_images import CALLS as IMAGES
from ops_images import OTHERS


def _floats(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Any:
    numbers = np.random.default_rng(seed).uniform(low, high, shape)
    return numbers.astype("float32")


F, G = _floats(2, 3), _floats(2, 3, seed=1)  # any sign
P, Q = _floats(2, 3, low=0.2, seed=2), _floats(2, 3, low=0.2, seed=3)  # positive
U = _floats(2, 3, low=0.05, high=0.95, seed=4)  # between 0 and 1
V, W = F[0], G[0]  # vectors
M = F + np.float32(0.2) * G  # another matrix
T = _floats(2, 3, 4, seed=5)
N = np.array([[1.0, np.nan, -2.0], [np.nan, 3.0, 0.5]], "float32")
X = np.array([[1.0, np.inf, -np.inf], [np.nan, 0.0, -0.5]], "float32")
I = np.array([[5, -2, 3], [0, 4, 7]], "int32")  # noqa: E741
J = np.array([[2, 3, 3], [1, 4, 2]], "int32")
I4 = np.array([[0, 1, 2, 0], [1, 1, 2, 2]], "int32")
B = np.array([[True, False, True], [False, False, True]])
C = np.array([[False, False, True], [True, False, True]])
Z = F + 1j * G
S = _floats(3, 3, seed=6)  # square
D = S @ S.T + 2 * np.eye(3, dtype="float32")  # symmetric, positive definite
L = np.linalg.cholesky(D).astype("float32")
PROBABILITIES = U / U.sum(-1, keepdims=True)
ONE_HOT = np.eye(3, dtype="float32")[[2, 0]]
IDS = np.array([1, 0], "int32")
MEAN, VARIANCE = F[0], P[0]


@dataclass
class Row:
    """A call of an op.

    Attributes:
        keras: real Keras does it too, and rightly.
        grad: gradients to the float arguments are compared with those of Keras.
        batch: the first axis of arguments of shape (2, ...) may be unknown.
        symbolic: the arguments may be symbolic at all.
        jit: may be compiled.
        lists: arguments may be nested lists.
        tolerance: absolute and relative.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    keras: bool = True
    grad: bool = True
    batch: bool = True
    symbolic: bool = True
    jit: bool = True
    lists: bool = True
    tolerance: float = 1e-5


ROWS: list[Row] = []


def row(name: str, *args: Any, _: str = "", _tolerance: float = 1e-5, **kwargs: Any):
    """Add a row. `_` names the laws that do not hold for it, such as "grad batch"."""
    off = dict.fromkeys(_.split(), False)
    ROWS.append(Row(name, args, kwargs, tolerance=_tolerance, **off))


# elementwise
for name in """absolute abs arcsinh arctan cbrt ceil conj conjugate cos cosh deg2rad erf
        erfc exp exp2 expm1 fabs floor negative rad2deg real reciprocal sign sin sinc
        sinh square tan tanh trunc i0 round""".split():
    row(name, F)
for name in "log log10 log1p log2 rsqrt sqrt".split():
    row(name, P)
for name in "arccos arcsin arctanh".split():
    row(name, U)
row("arccosh", P + 1)
row("erfinv", U)
row("angle", Z, _="grad lists")
row("imag", Z, _="grad lists")
row("real", Z, _="grad lists")
row("conj", Z, _="grad lists")
row("signbit", X, _="grad")
row("nan_to_num", X, _="grad")
row("nan_to_num", X, nan=1.0, posinf=2.0, neginf=3.0, _="grad")
row("round", F, decimals=1)
row("clip", F, -1.0, 1.0)
row("clip", I, 0, 5)
row("clip", B, 0, 1)
for name in "sqrt exp sin floor ceil negative square sign reciprocal".split():
    row(name, J)

# arithmetic
for name in """add subtract multiply divide true_divide maximum minimum fmax fmin
        arctan2 hypot logaddexp logaddexp2 heaviside""".split():
    row(name, F, G)
    row(name, F, V, _="batch")
for name in "add subtract multiply divide maximum minimum power".split():
    row(name, P, 2)
    row(name, 2.5, P)
    row(name, J, 2)
    row(name, J, 2.5)
row("power", P, G)
row("power", I, 2)
row("divide_no_nan", F, G * (G > 0))
row("divide_no_nan", I, np.int32(0), _="batch")
row("floor_divide", F, P, _="grad")
row("floor_divide", I, J)
row("mod", F, P)
row("mod", I, J)
row("fmod", F, P)
row("fmod", I, J)
row("nextafter", F, G, _="grad")
row("gcd", I, J)
row("lcm", I, J)
row("ldexp", F, J)

# truth and bits
for name in "equal greater greater_equal less less_equal not_equal".split():
    row(name, F, G)
    row(name, I, J)
    row(name, I, 3)
for name in "logical_and logical_or logical_xor".split():
    row(name, B, C)
    row(name, I, C)
row("logical_not", B)
row("logical_not", I)
for name in "isfinite isinf isnan isneginf isposinf".split():
    row(name, X)
row("isreal", Z, _="lists")
row("isclose", F, F + np.float32(1e-6))
row("isclose", N, N, equal_nan=True)
row("allclose", F, F + np.float32(1e-6))
row("isin", I, J)
row("isin", I, J, invert=True)
for name in "bitwise_and bitwise_or bitwise_xor".split():
    row(name, I, J)
for name in "bitwise_left_shift bitwise_right_shift left_shift right_shift".split():
    row(name, I, J)
row("bitwise_not", I)
row("bitwise_invert", I)

# reductions
for name in "sum prod mean var std max min amax amin median ptp logsumexp".split():
    row(name, F)
    row(name, F, axis=1)
    row(name, F, axis=(0, 1), keepdims=True)
for name in "sum prod mean var std max min".split():
    row(name, I, axis=0)
for name in "sum mean max any all".split():
    row(name, B, axis=-1)
row("sum", I.astype("int8"), axis=1)
row("prod", F, axis=1, dtype="float16", _tolerance=1e-2)
row("max", F, axis=1, initial=0.5)
row("min", F, initial=0.5)
row("any", F)
row("all", F, axis=1, keepdims=True)
row("count_nonzero", I)
row("count_nonzero", I, axis=1)
for name in "argmax argmin".split():
    row(name, F)
    row(name, F, axis=1, keepdims=True)
for name in "cumsum cumprod".split():
    row(name, F, axis=1)
    row(name, F)
    row(name, I, axis=1, dtype="float32")
row("average", F, axis=1)
row("average", F, axis=1, weights=P[0], _="batch")
row("average", I)
for name in """nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian
        nancumsum nancumprod""".split():
    row(name, N, axis=1, _="grad")
row("nanargmax", N, axis=1)
row("nanargmin", N, axis=1)

# statistics
for name, q in (("quantile", 0.3), ("percentile", 30.0)):
    row(name, F, q)
    row(name, F, q, axis=1, keepdims=True)
    row(name, F, q, axis=1, method="nearest", _="grad")
    row(f"nan{name}", N, q, axis=1, _="grad")
row("quantile", F, np.array([0.2, 0.7], "float32"), axis=1, _="batch grad")
row("bincount", I[1], _="symbolic jit lists")
row("bincount", I[1], minlength=9, _="symbolic jit lists")
row("bincount", I[1], weights=P[1], minlength=8, _="symbolic jit grad lists")
row("histogram", V, bins=4, _="grad")
row("histogram", V, bins=4, range=(-1.0, 1.0), _="grad")
row("digitize", F, np.array([-1.0, 0.0, 1.0], "float32"))
row("corrcoef", F)
row("correlate", V, W)
row("correlate", V, W, mode="full")
row("correlate", V, W, mode="same")

# shapes
row("reshape", T, (-1, 4))
row("reshape", T, (2, -1), _="batch")
row("ravel", F)
row("transpose", T)
row("transpose", T, axes=(0, 2, 1))
row("moveaxis", T, 1, -1)
row("moveaxis", T, (1, 2), (2, 1))
row("swapaxes", T, 1, 2)
row("expand_dims", F, 1)
row("expand_dims", F, (0, -1))
row("squeeze", T[:, :1])
row("squeeze", T[:, :1], axis=1)
row("broadcast_to", V, (2, 3))
row("flip", F)
row("flip", F, axis=1)
row("fliplr", F)
row("flipud", F)
row("rot90", F)
row("rot90", T, k=2, axes=(1, 2))
row("roll", F, 1)
row("roll", F, 1, axis=1)
row("roll", F, (1, 2), axis=(0, 1))
row("tile", F, 2)
row("tile", F, (1, 2))
row("repeat", F, 2)
row("repeat", F, 2, axis=1)
row("repeat", F, np.array([1, 0, 2]), axis=1, _="jit symbolic lists")
row("concatenate", [F, G])
row("concatenate", [F, I], axis=1)
row("stack", [F, G])
row("stack", [F, G], axis=-1)
row("hstack", [F, G])
row("vstack", [F, G])
row("dstack", [F, G])
row("append", F, G)
row("append", F, G, axis=1)
row("split", T, 2, axis=2)
row("split", T, [1, 3], axis=2)
row("split", F, 2)
row("array_split", T, 3, axis=2)
row("hsplit", F, 3)
row("vsplit", F, 2)
row("dsplit", T, 2)
row("unstack", F, axis=1)
row("unstack", F, _="batch")
row("unstack", F, num=2, _="batch")
row("pad", F, 1)
row("pad", F, (1, 2))
row("pad", F, ((0, 0), (1, 2)), constant_values=3)
row("pad", F, [[0, 0], [1, 1]], mode="reflect")
row("pad", F, ((0, 0), (1, 1)), mode="symmetric")
row("pad", F, ((0, 0), (1, 1)), mode="edge")
row("pad", F, ((0, 0), (1, 1)), mode="wrap")
row("rearrange", T, "a b c -> a c b")
row("rearrange", T, "a b (c d) -> (a d) c b", d=2, _="jit")
row("rearrange", T, "a b c -> a (b c)")
row("extract_sequences", T, 3, 1)
row("copy", F)

# making
row("zeros", (2, 3), _="symbolic")
row("zeros", 3, dtype="int32", _="symbolic")
row("ones", (2, 3), _="symbolic lists")
row("ones", [2, 3], dtype="bool", _="symbolic lists")
row("empty", (0, 3), _="symbolic lists")
row("full", (2, 3), 7, _="symbolic lists")
row("full", (2, 3), V, dtype="float16", _="symbolic lists grad")
for name in "zeros_like ones_like empty_like".split():
    row(name, F)
    row(name, I, dtype="float32")
row("full_like", F, 2)
row("full_like", I, 2.7)
row("arange", 3, _="symbolic lists")
row("arange", 1, 3, 0.5, _="symbolic lists")
row("arange", 5, 1, -2, dtype="float32", _="symbolic lists")
row("linspace", 0, 1, num=5, _="symbolic lists")
row("linspace", V, W, num=5, axis=-1)
row("linspace", 0.0, 9.0, num=4, endpoint=False, retstep=True, _="symbolic lists")
row("linspace", 0, 9, num=4, dtype="int32", _="symbolic lists")
row("logspace", 0.0, 1.0, num=4, _="symbolic lists")
row("geomspace", 1.0, 8.0, num=4, _="symbolic lists")
row("eye", 3, _="symbolic lists")
row("eye", 2, 4, k=1, dtype="int32", _="symbolic lists")
row("identity", 3, _="symbolic lists")
row("tri", 2, 4, k=1, _="symbolic lists")
for name in "tril triu".split():
    row(name, F)
    row(name, T, k=-1)
row("diag", F, _="batch")
row("diag", V, k=1)
row("diagflat", F)
row("diagonal", T, offset=1, axis1=1, axis2=2)
row("meshgrid", V, W)
row("meshgrid", V, W, indexing="ij")
row("vander", V)
row("vander", V, 2, increasing=True)
for name in "bartlett blackman hamming hanning".split():
    row(name, 6, _="symbolic jit lists")
row("kaiser", 6, 2.0, _="symbolic jit lists")

# picking and putting
row("get_item", F, (slice(None), 1))
row("get_item", F, (Ellipsis, None, slice(0, 2)))
row("take", F, [2, 0], axis=1)
row("take", F, J[0] - 1)
row("take", F, -1, axis=1)
row("take", F, [0, 5], axis=1, _="grad")
row("take", V, I, _="batch grad")
row("take_along_axis", F, I % 3, axis=1)
row("where", B, F, G)
row("where", B, F, 1)
row("where", B, 1, 2)
row("where", B, _="symbolic jit lists")
row("nonzero", F, _="symbolic jit lists grad")
row("select", [B, C], [F, G], 0.5)
row("slice", F, (0, 1), (2, 2), _="batch")
row("slice", F, np.array([1, 2], "int32"), (2, 2), _="batch")
row("slice", F, (0, 1), (-1, 2))
row("slice_update", F, (0, 1), np.ones((2, 2), "float32"), _="batch")
row("slice_update", F, np.array([0, 2], "int32"), G[:, :2], _="batch")
PLACES = np.array([[0, 1], [1, 2], [0, 1]], "int32")
row("scatter", PLACES, V, (2, 3), _="batch")
row("scatter", PLACES[:, :1], T[0], (2, 4), _="batch")
row("scatter_update", F, PLACES[:2], W[:2], _="batch")
for how in "add max min mul".split():
    no_gradient = " grad" if how == "mul" else ""  # in JAX's own function
    row("scatter_update", F, PLACES, W, reduction=how, _="batch" + no_gradient)
    row("scatter_update", I, PLACES, J[0], reduction=how, _="batch")
row("unravel_index", J, (3, 4))
row("sort", F)
row("sort", F, axis=0)
row("argsort", F)
row("argsort", I, axis=0)
row("argpartition", F, 1)
row("searchsorted", np.sort(V), W)
row("searchsorted", np.sort(V), F, side="right")
row("digitize", I, np.array([0, 3], "int32"))
row("top_k", F, 2)
row("top_k", I, 2)
row("in_top_k", IDS, F, 2)
row("in_top_k", np.array([2, -1], "int32"), F, 1)
row("unique", J, _="symbolic jit lists")
row("unique", J, return_counts=True, return_inverse=True, _="symbolic jit lists")
row("unique", J, size=6, fill_value=0, _="symbolic")
for how in "sum max min prod".split():
    name = f"segment_{how}"
    no_gradient = " grad" if how == "prod" else ""  # in JAX's own function
    off = "batch lists" + no_gradient
    row(name, F, IDS, num_segments=3, _=off)
    row(name, T[0], np.array([2, 0, 2]), num_segments=3, _=off)
    row(name, I, np.array([1, 7]), num_segments=2, _="batch lists")

# products
row("matmul", F, S)
row("matmul", T, _floats(2, 4, 3, seed=8))
row("matmul", F, V)
row("matmul", I, J.T, _="batch")
row("matmul", I.astype("int8"), J.T.astype("int8"), _="batch")
row("dot", F, S)
row("dot", V, W)
row("dot", F, 2.0)
row("einsum", "ij,jk->ik", F, S)
row("einsum", "ij,ij->i", F, G)
row("einsum", "bij->bji", T)
row("tensordot", T, F, axes=[[0, 1], [0, 1]], _="batch")
row("tensordot", F, S, axes=1)
row("vdot", F, G)
row("inner", F, G)
row("outer", V, W)
row("outer", F, V)
row("cross", F, G)
row("cross", F[:, :2], G[:, :2], _="batch")
row("kron", F, G)
row("trace", S)
row("trace", T, offset=1, axis1=1, axis2=2)
row("diff", F)
row("diff", F, n=2)
row("trapezoid", F)
row("trapezoid", F, dx=0.5, axis=0)
row("trapezoid", F, x=np.sort(V))
row("cdist", F, G)
row("cdist", T, T[:, :2])
row("polar", P, F, _="grad")

# linear algebra
for how in (None, 1, 2, np.inf, 0.5):
    row("norm", V, ord=how)
for how in (None, "fro", 1, -1, 2, -2, np.inf, "nuc"):
    row("norm", S, ord=how, _="grad" if how in (2, -2, "nuc") else "", _tolerance=1e-4)
row("norm", F, axis=1, keepdims=True)
row("norm", I)
row("norm", T, axis=(1, 2), ord=1)
row("det", S)
row("det", np.stack([S, D]))
row("slogdet", D)
row("logdet", D)
row("inv", D)
row("pinv", F, _tolerance=1e-4, _="batch")
row("solve", D, S)
row("solve", D, V)
row("solve_triangular", D, S)
row("solve_triangular", D, V, lower=True)
row("cholesky", D)
row("cholesky", D, upper=True)
row("cholesky_inverse", L, _tolerance=1e-4)
row("cholesky_inverse", L.T, upper=True, _tolerance=1e-4)
row("qr", D, _="grad")
row("qr", F.T, mode="complete", _="grad")
row("svd", F, full_matrices=False, _="grad batch")
row("svd", F, compute_uv=False, _="grad batch")
row("eigh", D, _="grad", _tolerance=1e-4)
row("eig", D, _="grad", _tolerance=1e-4)
row("lstsq", F.T, T[0, :, 0], _="grad batch", _tolerance=1e-4)
row("lstsq", F.T, T[0], _="grad batch", _tolerance=1e-4)
row("matrix_rank", S)
row("matrix_rank", np.stack([S, np.ones_like(S)]))
row("lu_factor", S, _="grad")
row("lu_factor", np.stack([S, D]), _="grad")

# neural networks
for name in """relu relu6 leaky_relu elu selu celu gelu sigmoid log_sigmoid softplus
        silu swish hard_sigmoid hard_silu hard_swish hard_tanh softsign tanh_shrink
        hard_shrink soft_shrink squareplus sparse_plus sparse_sigmoid softmax
        log_softmax""".split():
    row(name, F)
    row(name, 50 * G, _tolerance=2e-5)
for name in "relu relu6 leaky_relu elu selu celu gelu hard_sigmoid silu".split():
    row(name, np.array([-3.0, -1.0, 0.0, 1.0, 3.0, 6.0], "float32"))
row("leaky_relu", F, negative_slope=0.5)
row("elu", F, alpha=0.5)
row("celu", F, alpha=0.5)
row("gelu", F, approximate=False)
row("hard_shrink", F, threshold=1.0)
row("soft_shrink", F, threshold=1.0)
row("squareplus", F, b=1)
row("threshold", F, 0.5, 9.0)
row("glu", T)
row("glu", F, axis=0, _="batch")
row("softmax", T, axis=(1, 2))
row("softmax", T, axis=1)
row("log_softmax", T, axis=(1, 2))
row("softmax", F, axis=None)
row("softmax", I)
row("sparsemax", F, axis=0, _="keras")  # Keras: does not sum to one
row("sparsemax", T, _="keras")
row("moments", F, [0])
row("moments", T, [0, 2], keepdims=True)
row("moments", (1000 * F).astype("float16"), [0], _tolerance=1e-2)
row("batch_normalization", F, MEAN, VARIANCE, -1)
row("batch_normalization", F, MEAN, VARIANCE, 1, offset=V, scale=W, epsilon=1e-5)
row("batch_normalization", T, MEAN, VARIANCE, 1, scale=W)
row("layer_normalization", F)
row("layer_normalization", F, V, W, epsilon=1e-3)
row("layer_normalization", T, T[0], T[1], axis=(1, 2))
row("layer_normalization", T, V, axis=1)
row("layer_normalization", (90 * F).astype("float16"), _tolerance=1e-2)
row("rms_normalization", F)
row("rms_normalization", T, T[0], axis=(1, 2), epsilon=1e-3)
row("normalize", F)
row("normalize", F, order=1)
row("normalize", F, axis=0, order=3)
row("normalize", np.float32(1e-5) * F, epsilon=1e-2)
row("psnr", F, G, 2.0)
for args, options in ATTENTION:
    row("dot_product_attention", *args, **options)
for name, args, options in CONVOLUTION:
    row(name, *args, **options)
for name, args, options in IMAGES:
    row(f"image.{name}", *args, **options)
for name, args, options in OTHERS:
    row(name, *args, **options)
row("one_hot", I, 5)
row("one_hot", J, 5, axis=0, dtype="int32")
row("one_hot", J, 5, axis=1, dtype="bool")
row("multi_hot", J, 5)
row("multi_hot", J[0], 5)
row("binary_crossentropy", B.astype("float32"), U)
row("binary_crossentropy", B.astype("float32"), np.round(U))
row("binary_crossentropy", B.astype("float32"), F, from_logits=True)
row("binary_crossentropy", B.astype("float32"), 50 * F, from_logits=True)
row("binary_crossentropy", U, PROBABILITIES)
row("categorical_crossentropy", ONE_HOT, U)
row("categorical_crossentropy", PROBABILITIES, F, from_logits=True)
row("categorical_crossentropy", np.abs(T), P[..., None] + 0 * T, axis=1)
row("sparse_categorical_crossentropy", IDS, U)
row("sparse_categorical_crossentropy", IDS[:, None], F, from_logits=True)
row("sparse_categorical_crossentropy", I4, P[..., None] + 0 * T, _="keras", axis=1)
row(
    "ctc_loss",
    np.array([[1, 2, 2], [3, 1, 0]], "int32"),
    _floats(2, 6, 4, seed=9),
    np.array([3, 2], "int32"),
    np.array([6, 4], "int32"),
    _tolerance=1e-4,
)
row(
    "ctc_loss",
    np.array([[1, 2, 2], [2, 1, 0]], "int32"),
    _floats(2, 6, 4, seed=9),
    np.array([1, 0], "int32"),
    np.array([5, 4], "int32"),
    mask_index=3,
    _tolerance=1e-4,
)

# what tensors are
row("cast", F, "int32")
row("cast", I, "float16")
row("cast", F, "bfloat16", _tolerance=1e-2)
row("saturate_cast", 200 * F, "uint8", _="grad")
row("saturate_cast", I, "uint8")
row("saturate_cast", np.float32(1e10) * F, "int32", _="grad")
row("view", F, dtype="int32", _="grad")
row("view", I, dtype="float16")
row("view_as_complex", T[..., :2], _="grad")
row("view_as_real", Z, _="grad lists")
row("stop_gradient", F, _="lists")
row("convert_to_tensor", I, "float32")
row("convert_to_tensor", [1, 2.5], _="symbolic")
row("array", [True, False], _="symbolic")
row("convert_to_numpy", F, _="symbolic jit grad")
row("shape", T, _="symbolic jit lists")
row("ndim", T, _="symbolic jit lists")
row("size", T, _="symbolic jit lists")
row("dtype", I, _="symbolic jit lists")
row("is_tensor", F, _="keras symbolic jit lists")
