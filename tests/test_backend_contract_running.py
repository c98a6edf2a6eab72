"""The contract of backends, second part: running, random numbers, kernels."""

import math

import numpy as np
import pytest
from test_backend_contract import X, Y, arrays, differences, gradient, inferred, same

from kerasish import backend

pytestmark = pytest.mark.usefixtures("quick_compilation")

xp = backend.xp

# Running and control flow


def test_jit_eager_block_and_devices():
    add = backend.jit(lambda state, x: (state + x, {"twice": 2 * x}), donate=(0,))
    state, out = backend.block(add(*arrays(X, Y)))
    same(state, X + Y)
    same(out["twice"], 2 * Y)

    def makes(x):
        with backend.eager():
            constant = float(backend.to_numpy(xp.sum(backend.asarray([1.0, 2.0]))))
        return x * constant

    same(backend.jit(makes)(backend.asarray(X)), X * 3)
    assert "cpu:0" in backend.devices() or backend.devices()
    with backend.device(backend.devices()[0]):
        same(backend.asarray([1.0]) + 1, [2.0])
    with pytest.raises(ValueError, match="There is no device"), backend.device("no:7"):
        pass


def test_vmap():
    x, y = arrays(X, Y)
    same(backend.vmap(xp.dot)(x, y), (X * Y).sum(1))
    same(backend.vmap(xp.dot, in_axes=1)(x, y), (X * Y).sum(0))
    same(backend.vmap(lambda a, b: a + b, (0, None), 1)(x, y[0]), (X + Y[0]).T)
    result = backend.vmap(lambda d: {"a": d["x"] * 2, "b": xp.sum(d["y"])})(
        {"x": x, "y": y}
    )
    same(result["a"], X * 2)
    same(result["b"], Y.sum(1))
    same(
        gradient(lambda a: backend.vmap(lambda r: r * xp.sum(r))(a), X)[0],
        2 * X.sum(1, keepdims=True) + 0 * X,
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse):
    def step(carry, x):
        return carry * 0.5 + x["v"], {"out": carry, "none": None}

    def expected(values):
        carry, outs = np.ones(4), []
        for row in values[::-1] if reverse else values:
            outs.append(carry)
            carry = carry * 0.5 + row
        return carry, np.stack(outs[::-1] if reverse else outs)

    xs = {"v": backend.asarray(X)}
    carry, ys = backend.scan(step, xp.ones(4), xs, reverse=reverse)
    same(carry, expected(X)[0].astype("float32"))
    same(ys["out"], expected(X)[1].astype("float32"))
    assert ys["none"] is None
    grad = gradient(
        lambda v: backend.scan(step, xp.ones(4), {"v": v}, reverse=reverse)[0], X
    )
    same(grad[0], differences(lambda v: expected(v)[0], X)[0].astype("float32"), 1e-4)


def test_scan_without_inputs_and_without_steps():
    carry, ys = backend.scan(lambda c, _: (c + 1, c * 2), backend.asarray(0), None, 3)
    same(carry, np.array(3, "int32"))
    same(ys, np.array([0, 2, 4], "int32"))
    carry, ys = backend.scan(
        lambda c, x: (c, x * 2), backend.asarray(1.0), backend.asarray(X[:0])
    )
    same(ys, X[:0])


def test_loops():
    i, total = backend.while_loop(
        lambda v: v[0] < 4, lambda v: (v[0] + 1, v[1] + v[0]), (0, 10)
    )
    same(i, np.array(4, "int32"))
    same(total, np.array(16, "int32"))
    same(backend.fori_loop(2, 5, lambda i, v: v + i, backend.asarray(0)), 9)
    same(backend.fori_loop(2, 2, lambda i, v: v + i, backend.asarray(7)), 7)


def test_branches():
    x = backend.asarray(X)
    for pred in (True, False, backend.asarray(True)):
        result = backend.cond(pred, lambda a: a * 2, lambda a: a - 1, x)
        same(result, X * 2 if pred else X - 1)
    branches = [lambda a: a, lambda a: a * 2, lambda a: a * 3]
    for index, factor in ((0, 1), (2, 3), (-5, 1), (9, 3)):
        same(backend.switch(index, branches, x), X * factor)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(reverse, axis):
    def combine(a, b):
        return {"s": a["s"] * b["s"], "t": a["t"] * b["s"] + b["t"]}

    elems = {"s": backend.asarray(X), "t": backend.asarray(Y)}
    result = backend.associative_scan(combine, elems, reverse=reverse, axis=axis)
    s, t = np.moveaxis(X, axis, 0), np.moveaxis(Y, axis, 0)
    if reverse:
        s, t = s[::-1], t[::-1]
    outs = [t[0]]
    for a, b in zip(s[1:], t[1:]):
        outs.append(outs[-1] * a + b)
    expected = np.stack(outs[::-1] if reverse else outs)
    same(result["t"], np.moveaxis(expected, 0, axis))


# Abstract runs


@pytest.mark.parametrize(
    "fn, shapes, expected",
    [
        (lambda x: x * 2, [(None, 3)], (None, 3)),
        (lambda x: xp.sum(x, axis=1), [(None, 3)], (None,)),
        (lambda x: xp.sum(x), [(None, 3)], ()),
        (lambda x: xp.reshape(x, (-1, 4)), [(None, 6)], (None, 4)),
        (lambda x: xp.reshape(x, (-1, 4)), [(None, 3)], (None, 4)),
        (lambda x: xp.split(x, 2)[0], [(None, 3)], (None, 3)),
        (lambda x: xp.concat([x, x]), [(None, 3)], (None, 3)),
        (lambda x, y: xp.matmul(x, y), [(None, None, 3), (3, 5)], (None, None, 5)),
        (lambda x: xp.transpose(x), [(None, 3)], (3, None)),
        (lambda x: x[:, 0], [(None, 3)], (None,)),
        (lambda x: xp.linalg.inv(x), [(None, 3, 3)], (None, 3, 3)),
        (lambda x: xp.linalg.cholesky(x), [(2, 3, 3)], (2, 3, 3)),
        (lambda x: 1 / xp.log(x), [(2, 3)], (2, 3)),
        (lambda x: x, [()], ()),
    ],
)
def test_infer_shapes(fn, shapes, expected):
    spec = backend.infer(fn, [backend.Spec(s, "float32") for s in shapes])
    assert spec == backend.Spec(expected, "float32")
    assert type(spec) is backend.Spec


def test_infer_trees_and_dtypes():
    def fn(x, i):
        return {"a": (xp.take(x, i, axis=0), None), "b": [xp.argmax(x), x > 0, i * 1.5]}

    specs = [backend.Spec((None, 3), "float16"), backend.Spec((None,), "int32")]
    assert backend.infer(fn, specs) == {
        "a": (backend.Spec((None, 3), "float16"), None),
        "b": [
            backend.Spec((), "int32"),
            backend.Spec((None, 3), "bool"),
            backend.Spec((None,), "float32"),
        ],
    }
    assert backend.infer(lambda: xp.zeros((2, 3)), []) == backend.Spec(
        (2, 3), "float32"
    )


def test_infer_shows_unknown_axes_as_none():
    specs = [backend.Spec((None, 3), "float32"), backend.Spec((None, 5), "float32")]
    with pytest.raises((TypeError, ValueError)) as caught:
        backend.infer(lambda x, y: xp.matmul(x, y), specs)
    assert not any(str(size) in str(caught.value) for size in backend.STAND_INS)


def test_gradients_within_infer():
    def fn(x):
        return backend.value_and_grad(lambda w: (xp.sum(w[0] ** 2), ()))([x])[1][0]

    spec = backend.infer(fn, [backend.Spec((None, 3), "float32")])
    assert spec == backend.Spec((None, 3), "float32")


# Random numbers

KEY = np.array([0, 42], "uint32")
N = 20_000
# Name, call, mean and standard deviation, lower and upper bound.
DRAWS = [
    ("uniform", lambda k: backend.uniform(k, (N,), "float32"), 0.5, 0.2887, 0, 1),
    ("range", lambda k: backend.uniform(k, (N,), "float32", -2, 4), 1, 1.732, -2, 4),
    ("normal", lambda k: backend.normal(k, (N,), "float32"), 0, 1, -7, 7),
    (
        "truncated",
        lambda k: backend.truncated_normal(k, -2.0, 2.0, (N,), "float32"),
        *(0, 0.8796, -2, 2),
    ),
    ("randint", lambda k: backend.randint(k, (N,), -3, 4, "int32"), 0, 2, -3, 3),
    ("bernoulli", lambda k: backend.bernoulli(k, 0.3, (N,)), 0.3, 0.4583, 0, 1),
    ("gamma", lambda k: backend.gamma(k, 2.0, (N,), "float32"), 2, 1.414, 0, 40),
    ("beta", lambda k: backend.beta(k, 2.0, 3.0, (N,), "float32"), 0.4, 0.2, 0, 1),
    (
        "binomial",
        lambda k: backend.binomial(k, 8, 0.25, (N,), "float32"),
        2,
        1.2247,
        0,
        8,
    ),
    (
        "categorical",
        lambda k: backend.categorical(k, xp.log(xp.asarray([[0.2, 0.8]])), N, "int32")[
            0
        ],
        *(0.8, 0.4, 0, 1),
    ),
]


@pytest.mark.parametrize("case", DRAWS, ids=lambda case: case[0])
def test_random_numbers(case):
    _, draw, mean, deviation, low, high = case
    key = backend.asarray(KEY)
    draw = backend.jit(draw)
    values = backend.to_numpy(draw(key))
    assert values.shape == (N,) and low <= values.min() and values.max() <= high
    assert abs(values.mean() - mean) < 4 * deviation / math.sqrt(N)
    assert abs(values.std() - deviation) < 0.05 * deviation
    np.testing.assert_array_equal(values, backend.to_numpy(draw(key)))
    other = backend.to_numpy(draw(backend.fold_in(key, 1)))
    assert (values != other).any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_uniform_never_reaches_its_end(dtype):
    drawn = backend.uniform(backend.asarray(KEY), (N,), dtype)
    assert backend.dtype_name(drawn) == dtype
    assert float(backend.to_numpy(xp.max(drawn))) < 1


def test_dtypes_of_random_numbers():
    key = backend.asarray(KEY)
    for dtype in "float16", "bfloat16", "float32":

        def draw(key):
            return [
                backend.uniform(key, (2,), dtype),  # noqa: B023
                backend.normal(key, (2,), dtype),  # noqa: B023
                backend.truncated_normal(key, -2.0, 2.0, (2,), dtype),  # noqa: B023
                backend.gamma(key, 1.0, (2,), dtype),  # noqa: B023
                backend.beta(key, 1.0, 1.0, (2,), dtype),  # noqa: B023
            ]

        assert inferred(draw, "uint32") == [dtype] * 5
    assert backend.dtype_name(backend.bernoulli(key, 0.5, (2,))) == "bool"
    assert backend.dtype_name(backend.randint(key, (2,), 0, 9, "uint8")) == "uint8"
    drawn = backend.categorical(key, backend.asarray(X), 5, "int32")
    assert drawn.shape == (3, 5) and backend.dtype_name(drawn) == "int32"


def test_keys():
    key = backend.asarray(KEY)
    keys = backend.split(key, 3)
    assert keys.shape == (3, 2) and backend.dtype_name(keys) == "uint32"
    folded = backend.fold_in(key, 3)
    assert folded.shape == (2,) and backend.dtype_name(folded) == "uint32"
    everything = [key, *keys, folded, backend.fold_in(key, 4)]
    assert len({tuple(backend.to_numpy(k)) for k in everything}) == 6
    assert backend.split(key, 2).shape == (2, 2)


def test_every_bit_of_a_key_counts():
    words = [(2**32 - 1, 0), (2**32 - 1, 1), (2**31, 1), (2**31 + 1, 1), (0, 2**32 - 1)]
    keys = [backend.asarray(np.array(pair, "uint32")) for pair in words]
    drawn = [backend.to_numpy(backend.uniform(k, (), "float32")) for k in keys]
    assert len({float(x) for x in drawn}) == len(words)


def test_permutation():
    key, x = backend.asarray(KEY), backend.asarray(np.arange(20).reshape(10, 2))
    rows = backend.to_numpy(backend.permutation(key, x))
    assert (
        sorted(rows[:, 0]) == list(range(0, 20, 2))
        and (rows[:, 1] == rows[:, 0] + 1).all()
    )
    columns = backend.to_numpy(backend.permutation(key, x, 1))
    assert sorted(columns[0]) == [0, 1]
    assert sorted(backend.to_numpy(backend.permutation(key, 5))) == list(range(5))


# Kernels

POINTS = np.array([-3.0, -0.7, -0.2, 1e-6, 0.3, 0.9, 2.5, 11.0])
POSITIVE = np.array([0.1, 0.5, 1.0, 1.7, 3.3, 9.0, 40.0])


def test_special_functions():
    same(backend.erf(backend.asarray(POINTS)), [math.erf(x) for x in POINTS], 1e-6)
    logistic = (1 / (1 + np.exp(-POINTS))).astype("float32")
    same(backend.sigmoid(backend.asarray(POINTS)), logistic, 1e-5)
    y = np.array([-0.99, -0.5, 0.0, 1e-5, 0.3, 0.999])
    inverse = backend.erfinv(backend.asarray(y))
    np.testing.assert_allclose(
        [math.erf(x) for x in backend.to_numpy(inverse)], y, 1e-5, 1e-7
    )
    x = backend.asarray(POSITIVE)
    same(backend.lgamma(x), [math.lgamma(v) for v in POSITIVE], 1e-5, 2e-6)
    h = 1e-5
    slope = [(math.lgamma(v + h) - math.lgamma(v - h)) / (2 * h) for v in POSITIVE]
    same(backend.digamma(x), slope, 1e-4)
    assert backend.dtype_name(backend.erf(backend.asarray([1, 2]))) == "float32"


def test_gradients_of_special_functions():
    v = POSITIVE.astype("float32")
    same(
        gradient(backend.sigmoid, np.array([-90.0, 0.0, 90.0], "float32"))[0],
        [0, 0.25, 0],
    )
    same(gradient(backend.erf, v)[0], 2 / math.sqrt(math.pi) * np.exp(-v * v), 1e-4)
    same(
        gradient(backend.lgamma, v)[0],
        backend.to_numpy(backend.digamma(backend.asarray(v))),
        1e-4,
    )
    x = np.array([0.2, -0.5], "float32")
    y = backend.to_numpy(backend.erfinv(backend.asarray(x)))
    same(gradient(backend.erfinv, x)[0], math.sqrt(math.pi) / 2 * np.exp(y * y), 1e-4)
    h = 1e-3
    around = [
        backend.to_numpy(backend.digamma(backend.asarray(v + s * h))) for s in (1, -1)
    ]
    np.testing.assert_allclose(
        backend.to_numpy(gradient(backend.digamma, v)[0]),
        (around[0] - around[1]) / (2 * h),
        2e-2,
        2e-3,
    )


def test_logsumexp():
    x = np.array([[1000.0, 1000.0], [-np.inf, 0.0]], "float32")
    same(backend.logsumexp(backend.asarray(x), axis=1), [1000.6931, 0.0])
    expected = np.log(np.exp(X).sum(0, keepdims=True))
    same(backend.logsumexp(backend.asarray(X), axis=0, keepdims=True), expected)
    same(backend.logsumexp(backend.asarray(X)), np.log(np.exp(X).sum()))
    grad = gradient(lambda v: backend.logsumexp(v, axis=1), X)[0]
    same(grad, np.exp(X) / np.exp(X).sum(1, keepdims=True))
    nothing = np.full((2,), -np.inf, "float32")
    assert backend.to_numpy(backend.logsumexp(backend.asarray(nothing))) == -np.inf


def test_top_k():
    values, indices = backend.top_k(backend.asarray([[1, 3, 3, 2], [4, 0, 1, 4]]), 2)
    same(values, np.array([[3, 3], [4, 4]], "int32"))
    same(indices, np.array([[1, 2], [0, 3]], "int32"))
    grad = gradient(lambda v: backend.top_k(v, 2)[0] ** 2, X)[0]
    same(grad, np.where(np.sort(X)[:, -2:-1] <= X, 2 * X, 0))


def test_segments():
    ids = backend.asarray([0, 2, 0])
    total = backend.segment_sum(backend.asarray(X), ids, 4)
    same(total, np.stack([X[0] + X[2], 0 * X[0], X[1], 0 * X[0]]))
    largest = backend.segment_max(backend.asarray(X), ids, 3)
    lowest = np.full(4, -np.inf, "float32")
    same(largest, np.stack([np.maximum(X[0], X[2]), lowest, X[1]]))
    same(
        backend.segment_sum(backend.asarray([1, 2, 3]), ids, 3),
        np.array([4, 0, 2], "int32"),
    )
    same(
        backend.segment_sum(backend.asarray([1.0, 2.0]), backend.asarray([0, 5]), 2),
        [1.0, 0.0],
    )
    grad = gradient(lambda v: backend.segment_sum(v, ids, 4) ** 2, X)[0]
    same(grad, 2 * np.stack([X[0] + X[2], X[1], X[0] + X[2]]))


def test_indexed_updates():
    x, rows = backend.asarray(X), backend.asarray([0, 0, 2])
    v = backend.asarray([[1.0], [1.0], [2.0]])
    expected = X.copy()
    np.add.at(expected, [0, 0, 2], [[1.0], [1.0], [2.0]])
    same(backend.index_add(x, rows, v), expected)
    expected = X.copy()
    expected[1:, 2] = 7
    same(backend.index_update(x, (slice(1, None), 2), 7), expected)
    same(
        backend.index_update(x, (xp.asarray([0, 1]), xp.asarray([2, 3])), 0.0)[0, 2],
        0.0,
    )
    same(
        backend.index_update(xp.zeros(3, dtype="int32"), 1, 2),
        np.array([0, 2, 0], "int32"),
    )
    same(x, X)

    def update(a, b):
        return backend.index_update(a, (slice(0, 2), 1), b) ** 2

    b = np.array([3.0], "float32")
    first, second = gradient(update, X, b)
    inside = np.zeros_like(X)
    inside[:2, 1] = 1
    same(first, 2 * X * (1 - inside))
    same(second, [12.0])
    first, second = gradient(lambda a, b: backend.index_add(a, rows, b) ** 2, X, Y)
    total = X.copy()
    np.add.at(total, [0, 0, 2], Y)
    same(first, 2 * total)
    same(second, 2 * total[[0, 0, 2]])


def test_take_rows():
    x, order = backend.asarray(X), backend.asarray([2, 0, 1])
    same(backend.take_rows(x, 1, 2), X[1:3])
    same(backend.take_rows(x, 1, 2, order), X[[0, 1]])
    same(backend.take_rows(x, 2, 2), X[1:3])
