"""What every backend must do: the contract of `kerasish.backend`, name by name.

Run it on a backend of your own by `KERASISH_BACKEND=my_package.my_backend pytest
tests/test_backend_contract*.py`. Here: arrays, dtypes, functions, gradients. Expected
numbers come from NumPy and the standard library.
"""

import math

import numpy as np
import pytest

from kerasish import backend, dtypes

pytestmark = pytest.mark.usefixtures("quick_compilation")

xp = backend.xp
RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.9, (3, 4)).astype("float32")
Y = RNG.uniform(0.2, 0.9, (3, 4)).astype("float32")


def same(ours, expected, rtol=1e-5, atol=1e-6):
    """An array of the backend, in value, shape and (for arrays) dtype."""
    assert backend.is_array(ours)
    mine = backend.to_numpy(ours)
    assert mine.shape == np.shape(expected)
    if isinstance(expected, np.ndarray):
        assert backend.dtype_name(ours) == expected.dtype.name
    np.testing.assert_allclose(mine, expected, rtol, atol)


def arrays(*values):
    return [backend.asarray(v) for v in values]


def run(fn, *values):
    """Call `fn` on arrays, compiled as a whole where that is done: it is faster."""
    return backend.jit(fn)(*arrays(*values))


def gradient(fn, *values):
    """Gradients of the sum of `fn`'s result."""

    def total(xs):
        return xp.sum(fn(*xs)), None

    return backend.jit(lambda xs: backend.value_and_grad(total)(xs)[1])(arrays(*values))


def inferred(fn, *types):
    """Dtypes of what `fn` returns for arrays of shape (2,)."""
    specs = backend.infer(fn, [backend.Spec((2,), t) for t in types])
    return [s.dtype for s in (specs if isinstance(specs, list) else [specs])]


def differences(fn, *values):
    """Central differences of the sum of `fn`, in float64."""
    results = []
    for k, value in enumerate(values):
        result = np.zeros(value.shape)
        for i in np.ndindex(value.shape):
            step = []
            for sign in 1, -1:
                moved = [v.astype("float64") for v in values]
                moved[k][i] += sign * 1e-5
                step.append(np.sum(fn(*moved)))
            result[i] = (step[0] - step[1]) / 2e-5
        results.append(result)
    return results


def test_every_name_is_there():
    for name in backend.CONTRACT:
        assert hasattr(backend, name), name


# Arrays


@pytest.mark.parametrize(
    "value, dtype",
    [
        (1, "int32"),
        (1.5, "float32"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([[1.0], [2.0]], "float32"),
        (np.ones(2), "float32"),
        (np.ones(2, "int64"), "int32"),
        (np.ones(2, "uint64"), "uint32"),
        (np.ones(2, "float16"), "float16"),
        (np.float64(3), "float32"),
        (1 + 2j, "complex64"),
    ],
)
def test_asarray_keeps_to_32_bits(value, dtype):
    x = backend.asarray(value)
    assert backend.is_array(x) and backend.dtype_name(x) == dtype
    np.testing.assert_array_equal(backend.to_numpy(x), value)


@pytest.mark.parametrize(
    "dtype", sorted(dtypes.NAMES - {"string", "complex64", "complex128"})
)
def test_every_dtype(dtype):
    narrow = dtypes.canonical(dtype)
    x = backend.asarray([0, 1], dtype)
    assert backend.dtype_name(x) == narrow
    assert (
        backend.dtype_name(backend.cast(backend.asarray([0.0, 1.0]), dtype)) == narrow
    )
    assert backend.dtype_name(backend.cast(x, "float32")) == "float32"
    assert backend.to_numpy(backend.cast(x, "float32")).tolist() == [0, 1]


def test_leaves():
    x = backend.asarray(1.0)
    nest = {"b": [x, (2, x)], "a": "text"}
    names, values, rebuild = backend.leaves(nest)
    assert names == ["a", "b.0", "b.1.0", "b.1.1"]
    assert values[0] == "text" and values[1] is values[3] is x
    assert rebuild([*"wxyz"]) == {"b": ["x", ("y", "z")], "a": "w"}
    assert backend.leaves(x)[0] == [""] and backend.leaves(x)[2]([3]) == 3


def aligned(size, offset=0):
    """Zeros that begin on a multiple of 64 bytes, whose memory JAX could share."""
    room = np.zeros(4 * size + 128, "uint8")
    start = -room.ctypes.data % 64 + offset
    return room[start : start + 4 * size].view("float32")


@pytest.mark.parametrize("dtype", [None, "float32"])
@pytest.mark.parametrize("offset", [0, 4, 8, 16, 32])
def test_large_arrays_are_values(offset, dtype):
    source = aligned(2**22, offset)
    x = backend.asarray(source, dtype)
    source[-1] = 1
    assert float(backend.to_numpy(x)[-1]) == 0


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_arrays_are_values(dtype):
    source = aligned(3)
    x = backend.asarray(source, dtype)
    source[0] = 1
    assert backend.to_numpy(x).tolist() == [0, 0, 0]
    copy = backend.to_numpy(x)
    copy[0] = 1
    assert type(copy) is np.ndarray and backend.to_numpy(x).tolist() == [0, 0, 0]
    y = x
    y += 1
    assert backend.to_numpy(x).tolist() == [0, 0, 0]
    with pytest.raises(TypeError):
        x[0] = 1
    assert not backend.is_array(source) and not backend.is_array(1.0)


@pytest.mark.parametrize("make", [aligned, lambda n: aligned(n + 1)[1:]])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int8"])
def test_arrays_are_adopted(make, dtype):
    numbers = make(3)
    numbers[:] = 1, 2, 3
    if dtype != "float32":
        numbers = backend.to_numpy(backend.asarray(numbers, dtype))
    if dtype == "float64":
        numbers = numbers.astype("float64")
    x = backend.adopt(numbers)
    assert backend.is_array(x) and backend.dtype_name(x) == dtypes.canonical(dtype)
    assert backend.to_numpy(x).tolist() == [1, 2, 3]


def test_float64_can_be_enabled():
    backend.enable_float64(True)
    try:
        assert backend.dtype_name(backend.asarray(1.5)) == "float64"
        assert backend.dtype_name(xp.sin(backend.asarray([1, 2]))) == "float64"
        x = backend.asarray(1.0, "float32")
        assert backend.dtype_name(x + 1) == "float32"
    finally:
        backend.enable_float64(False)
    assert backend.dtype_name(backend.asarray(np.ones(2))) == "float32"


# Dtypes of results

TYPES = (
    *("bool", "uint8", "int8", "int16", "uint32", "int32"),
    *("float16", "bfloat16", "float32"),
)


@pytest.mark.parametrize("left", TYPES)
def test_promotion_is_jaxs(left):
    for right in TYPES:

        def two(x, y):
            values = x + y, xp.multiply(x, y), xp.maximum(x, y), xp.where(x > 0, x, y)
            return [*values, xp.concat([x, y]), x < y]

        expected = dtypes.result_type(left, right)
        assert inferred(two, left, right) == [expected] * 5 + ["bool"], right
    for scalar in (2, 2.5):

        def one(x):
            return [x * scalar, scalar + x, xp.maximum(x, scalar)]  # noqa: B023

        expected = dtypes.result_type(left, type(scalar))
        assert inferred(one, left) == [expected] * 3, scalar


def test_promotion_of_values():
    x, y = arrays([1, 2], np.array([0.5, 0.25], "float32"))
    same(x * y, np.array([0.5, 0.5], "float32"))
    same(xp.add(x, y), np.array([1.5, 2.25], "float32"))
    same(xp.where(x > 1, x, y), np.array([0.5, 2], "float32"))


@pytest.mark.parametrize(
    "name, dtype, expected",
    [
        *(
            (n, "int32", "float32")
            for n in ("sin", "exp", "sqrt", "mean", "std", "var")
        ),
        *((n, "int8", "float32") for n in ("tanh", "log", "mean")),
        *((n, "float16", "float16") for n in ("sin", "mean", "sum", "max", "sort")),
        *((n, "bfloat16", "bfloat16") for n in ("exp", "mean", "sum", "cumsum", "abs")),
        *(
            (n, "int32", "int32")
            for n in ("sum", "prod", "max", "abs", "cumsum", "sign")
        ),
        *((n, "bool", "int32") for n in ("sum", "cumsum")),
        *((n, "float32", "int32") for n in ("argmax", "argsort", "argmin")),
        *((n, "float32", "bool") for n in ("isnan", "all", "logical_not")),
        ("floor", "float32", "float32"),
        ("cumsum", "int8", "int8"),
        ("sum", "int8", "int32"),
    ],
)
def test_dtypes_of_functions(name, dtype, expected):
    assert inferred(getattr(xp, name), dtype) == [expected]


def test_division_of_integers():
    x, y = arrays([1, 2], [2, 2])
    for result in (x / y, x / 2, xp.divide(x, y)):
        same(result, np.array([0.5, 1.0], "float32"))
    same(x // y, np.array([0, 1], "int32"))


def test_creation_defaults_to_32_bits():
    assert backend.dtype_name(xp.zeros(2)) == "float32"
    assert backend.dtype_name(xp.arange(3)) == "int32"
    assert backend.dtype_name(xp.linspace(0, 1, 3)) == "float32"
    assert backend.dtype_name(xp.full((2,), 1.5)) == "float32"
    assert backend.dtype_name(xp.eye(2, dtype="float16")) == "float16"


# Functions, values and gradients. Expected values: NumPy's own in float64.

FUNCTIONS = {
    "add": (lambda m, x, y: x + y * 2 - x / y, 2),
    "power": (lambda m, x, y: x**2 + x**y + 2**y, 2),
    "exp": (lambda m, x: m.exp(x) + m.expm1(x) + m.log(x) + m.log1p(x), 1),
    "sin": (lambda m, x: m.sin(x) + m.cos(x) + m.tan(x) + m.arctan(x), 1),
    "tanh": (lambda m, x: m.tanh(x) + m.sinh(x) + m.cosh(x), 1),
    "arctan2": (lambda m, x, y: m.arctan2(x, y) + m.hypot(x, y), 2),
    "abs": (lambda m, x: m.abs(x - 0.5) + m.sign(x - 0.5), 1),
    "sqrt": (lambda m, x: m.sqrt(x) + m.square(x), 1),
    "maximum": (lambda m, x, y: m.maximum(x, y) + m.minimum(x, 0.5), 2),
    "clip": (lambda m, x: m.clip(x, 0.3, 0.6), 1),
    "where": (lambda m, x, y: m.where(m.asarray(X > Y), x, y * y), 2),
    "logaddexp": (lambda m, x, y: m.logaddexp(x, y), 2),
    "sum": (lambda m, x: m.sum(x * x, axis=1, keepdims=True), 1),
    "mean": (lambda m, x: m.mean(x * x, axis=0), 1),
    "var": (lambda m, x: m.var(x, axis=1) + m.std(x, axis=1), 1),
    "max": (lambda m, x: m.max(x, axis=1) * m.min(x), 1),
    "initial": (lambda m, x: m.max(x, axis=1, initial=0.7) + m.min(x, initial=0.4), 1),
    "prod": (lambda m, x: m.prod(x, axis=1), 1),
    "cumsum": (lambda m, x: m.cumsum(x * x, axis=1), 1),
    "cumprod": (lambda m, x: m.cumprod(x, axis=1), 1),
    "matmul": (lambda m, x, y: m.matmul(x, m.matrix_transpose(y)), 2),
    "matmul of more": (lambda m, x, y: (x[None] @ y.T[None]) @ x, 2),
    "tensordot": (lambda m, x, y: m.tensordot(x, y, axes=[[0], [0]]), 2),
    "einsum": (lambda m, x, y: m.einsum("ij,kj->ik", x, y), 2),
    "outer": (lambda m, x, y: m.outer(x[0], y[1]), 2),
    "vecdot": (lambda m, x, y: m.vecdot(x, y), 2),
    "concat": (lambda m, x, y: m.concat([x * x, y], axis=1), 2),
    "stack": (lambda m, x, y: m.stack([x * x, x * y], axis=-1), 2),
    "split": (lambda m, x: m.split(x * x, 2, axis=1)[1], 1),
    "reshape": (lambda m, x: m.reshape(x * x, (2, -1)), 1),
    "transpose": (lambda m, x: m.permute_dims(x * x, (1, 0)), 1),
    "moveaxis": (lambda m, x: m.moveaxis(x[None] ** 2, 0, -1), 1),
    "expand_dims": (lambda m, x: m.squeeze(m.expand_dims(x * x, 1), axis=1), 1),
    "broadcast_to": (lambda m, x: m.broadcast_to(x * x, (2, 3, 4)), 1),
    "tile": (lambda m, x: m.tile(x * x, (2, 1)), 1),
    "repeat": (lambda m, x: m.repeat(x * x, 2, axis=1), 1),
    "roll": (lambda m, x: m.roll(x, 1, axis=1) * x, 1),
    "flip": (lambda m, x: m.flip(x, axis=1) * x, 1),
    "pad": (lambda m, x: m.pad(x * x, ((1, 0), (0, 2))), 1),
    "pad reflect": (lambda m, x: m.pad(x * x, ((1, 1), (0, 2)), mode="reflect"), 1),
    "take": (lambda m, x: m.take(x * x, m.asarray([2, 0, 0]), axis=1), 1),
    "take_along_axis": (
        lambda m, x: m.take_along_axis(x * x, m.asarray([[1, 1], [0, 2], [3, 0]]), 1),
        1,
    ),
    "index": (lambda m, x: x[1:, ::2] * x[0, 0] + x[..., -1:][1:], 1),
    "index by array": (lambda m, x: x[m.asarray([0, 0, 2])] ** 2, 1),
    "triu": (lambda m, x: m.triu(x * x, 1) + m.tril(x), 1),
    "diagonal": (lambda m, x: m.diagonal(x * x) * m.trace(x), 1),
    "sort": (lambda m, x: m.sort(x, axis=1) * m.asarray([1.0, 2.0, 3.0, 4.0]), 1),
    "median": (lambda m, x: m.quantile(x * x, 0.3, axis=1), 1),
    "nan": (lambda m, x: m.nansum(x * x, axis=0) + m.nan_to_num(x)[0], 1),
    "norm": (lambda m, x: m.linalg.norm(x, axis=1), 1),
    "inv": (lambda m, x: m.linalg.inv(x[:, :3] + m.eye(3)), 1),
    "cholesky": (lambda m, x: m.linalg.cholesky(x @ x.T + m.eye(3)), 1),
    "solve": (lambda m, x, y: m.linalg.solve(x[:, :3] + m.eye(3), y), 2),
    "slogdet": (lambda m, x: m.linalg.slogdet(x[:, :3] + m.eye(3))[1], 1),
    "fft": (lambda m, x: m.abs(m.fft.rfft(x)[..., :2]) ** 2, 1),
    "methods": (
        lambda m, x: x.sum(axis=0) * x.mean() + x.max(axis=0) + x.reshape(-1)[0],
        1,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_gradients(name):
    fn, count = FUNCTIONS[name]
    values = (X, Y)[:count]
    expected = np.asarray(fn(np, *(v.astype("float64") for v in values)))
    same(run(lambda *v: fn(xp, *v), *values), expected.astype("float32"), 1e-4, 1e-5)
    ours = gradient(lambda *v: fn(xp, *v), *values)
    theirs = differences(lambda *v: fn(np, *v), *values)
    for mine, other in zip(ours, theirs):
        same(mine, other.astype("float32"), 1e-3, 1e-3)


def test_gradients_at_zero_are_finite():
    zero = np.zeros(4, "float32")
    for fn in (xp.abs, xp.square, lambda x: x**2, lambda x: xp.maximum(x, 0)):
        assert np.isfinite(backend.to_numpy(gradient(fn, zero)[0])).all()
    factors = np.array([2.0, 0.0, 3.0], "float32")
    same(gradient(xp.prod, factors)[0], [0.0, 6.0, 0.0])


# Gradients


def test_value_and_grad_of_a_list():
    def loss(weights):
        a, b = weights
        return xp.sum(a * b), {"twice": a * 2, "fixed": None}

    (value, aux), grads = backend.value_and_grad(loss)(arrays(X, Y))
    same(value, np.float32(np.sum(X * Y)))
    same(aux["twice"], X * 2)
    assert aux["fixed"] is None and isinstance(grads, list)
    same(grads[0], Y)
    same(grads[1], X)


def test_gradients_keep_the_parameters_dtype():
    def loss(weights):
        return xp.sum(backend.cast(weights[0], "float32") * X) + 0 * weights[1], ()

    values = [backend.asarray(X, "float16"), backend.asarray(1.0, "bfloat16")]
    grads = backend.value_and_grad(loss)(values)[1]
    assert [backend.dtype_name(g) for g in grads] == ["float16", "bfloat16"]


def test_gradient_of_what_is_not_used_is_zero():
    grads = backend.value_and_grad(lambda w: (xp.sum(w[0]), ()))(arrays(X, Y))[1]
    same(grads[1], np.zeros_like(Y))
    constant = backend.value_and_grad(lambda w: (backend.asarray(1.0), ()))
    same(constant(arrays(X))[1][0], np.zeros_like(X))


def test_a_gradient_is_of_a_scalar():
    with pytest.raises(TypeError):
        backend.value_and_grad(lambda w: (w[0], ()))(arrays(X))


def derivative(fn):
    def call(x):
        return backend.value_and_grad(lambda w: (fn(w[0]), ()))([x])[1][0]

    return call


@pytest.mark.parametrize(
    "fn, third",
    [
        (lambda x: x**5, lambda x: 60 * x**2),
        (lambda x: xp.exp(2 * x), lambda x: 8 * math.exp(2 * x)),
        (
            lambda x: xp.sin(x) * xp.maximum(x, 0),
            lambda x: -3 * math.sin(x) - x * math.cos(x),
        ),
        (
            lambda x: xp.sum(xp.stack([x, x * x])[xp.asarray([1, 1])] ** 2),
            lambda x: 48 * x,
        ),
    ],
)
def test_gradients_nest(fn, third):
    x = backend.asarray(0.7)
    same(derivative(derivative(derivative(fn)))(x), third(0.7), 1e-4)


def test_an_outer_value_within_an_inner_gradient():
    def outer(a):
        return derivative(lambda b: a * a * b * b)(backend.asarray(3.0))  # 6 a²

    same(derivative(outer)(backend.asarray(2.0)), 24.0)


def test_stop_gradient():
    same(gradient(lambda x: x * backend.stop_gradient(x), X)[0], X)
    same(gradient(lambda x: backend.stop_gradient(x) * 2, X)[0], np.zeros_like(X))


def test_no_gradient_through_integers():
    def fn(x):
        return x + backend.cast(backend.cast(x * 10, "int32"), "float32") + x // 0.3

    same(gradient(fn, X)[0], np.ones_like(X))


def test_remat():
    def fn(x, y):
        return xp.sin(x * y) * backend.remat(lambda z: {"a": xp.sin(z), "b": y})(x)["a"]

    expected = differences(lambda x, y: np.sin(x * y) * np.sin(x), X, Y)
    for ours, theirs in zip(gradient(fn, X, Y), expected):
        same(ours, theirs.astype("float32"), 1e-3, 1e-3)


def test_custom_gradient():
    @backend.custom_gradient
    def double_backwards(x):
        return x * x, lambda upstream: upstream * 4 * x

    @backend.custom_gradient
    def product(x, y):
        return (x * y, x + y), lambda upstream: (upstream[0] * y, upstream[1] * 0 + 7.0)

    same(double_backwards(backend.asarray(X)), X * X)
    same(gradient(double_backwards, X)[0], 4 * X)
    first, second = gradient(lambda x, y: product(x, y)[0] + 2 * product(x, y)[1], X, Y)
    same(first, Y * 1)
    same(second, np.full_like(X, 14))
    cube = derivative(derivative(lambda x: double_backwards(x)))
    same(cube(backend.asarray(2.0)), 4.0)
