"""The symbolic layer: functions, gradients, loops, and their laws."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kerasish as keras
from kerasish import ops
from kerasish import symbolic as S
from kerasish.symbolic import derivatives


@pytest.fixture(autouse=True, scope="module")
def wide_numbers():
    """64 bits, so that finite differences say something."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


# --- variables and functions ---------------------------------------------------------


def test_variables_of_every_rank_and_dtype():
    for kind, ndim in {"scalar": 0, "vector": 1, "matrix": 2, "tensor7": 7}.items():
        for letter, dtype in {"": "float64", "b": "int8", "l": "int64"}.items():
            x = getattr(S, letter + kind)("x")
            assert (x.name, x.ndim, x.dtype) == ("x", ndim, dtype)
    assert S.zmatrix().dtype == "complex128" and S.ccol().dtype == "complex64"
    assert S.row().shape == (1, None) and S.col().shape == (None, 1)
    assert [x.name for x in S.dmatrices("a", "b")] == ["a", "b"]
    assert [x.ndim for x in S.tensor3s(2)] == [3, 3]
    assert S.matrix(shape=(None, 4)).shape == (None, 4)
    assert len(S.__all__) == len(set(S.__all__))
    with pytest.raises(ValueError, match=r"`matrix` has 2 axes, got shape=\(3,\)"):
        S.matrix(shape=(3,))
    with pytest.raises(TypeError, match="takes a count or names"):
        S.scalars()


def test_outputs_keep_their_structure():
    x, y = S.scalars("x", "y")
    assert S.function([x, y], x + y)(1, 2) == 3
    assert isinstance(S.function([x], x * 2)(1), np.ndarray)
    assert S.function([x, y], [x + y, x - y])(1, 2) == [3, -1]
    named = S.function([x, y], {"sum": x + y, "both": [x, (y,)]})(y=2, x=1)
    assert named == {"sum": 3, "both": [1, (2,)]}
    assert S.function([])() is None
    f = S.function([x, S.In(y, value=5.0)], x + y)
    assert (f(1), f(1, 2), f(1, y=3), f(x=1)) == (6, 3, 4, 6)
    z = x + y
    assert S.function([z], z**2)(3) == 9  # the middle of an expression is an input


def test_inputs_are_checked():
    x, i = S.vector("x", shape=(3,)), S.bscalar("i")
    f = S.function([x, i], ops.sum(x) + i, name="f")
    assert f([1, 2, 3], 4) == 10 and f(np.ones(3, "int8"), True) == 4
    cases = [
        ("shape (3,), got a value of shape (2,)", ([1, 2], 0), {}),
        ("shape (3,), got a value of shape ()", (1.0, 0), {}),
        ("`i` of `f` is int8 and cannot hold 1.5", ([1, 2, 3], 1.5), {}),
        ("cannot hold 300", ([1, 2, 3], 300), {}),
        ("takes numbers", (["a", "b", "c"], 1), {}),
        ("misses its input `i`", ([1, 2, 3],), {}),
        ("takes 2 inputs ['x', 'i'], got 3", ([1, 2, 3], 1, 2), {}),
        ("no input 'ii'; it takes ['x', 'i']", ([1, 2, 3], 1), {"ii": 2}),
        ("`i` by position and by name", ([1, 2, 3], 1), {"i": 2}),
    ]
    for text, args, kwargs in cases:
        with pytest.raises((TypeError, ValueError)) as error:
            f(*args, **kwargs)
        assert text in str(error.value)
    assert S.function([i], i * 2, allow_input_downcast=True)(1.7) == 2


def test_mistakes_name_the_variable_and_the_line():
    x, y = S.scalars("x", "y")
    with pytest.raises(ValueError, match=r"needs `y` \(made at test_symbolic.py, line"):
        S.function([x], x + y)
    with pytest.raises(ValueError, match=r"does not depend on its input\(s\) \['y'\]"):
        S.function([x, y], x)
    with pytest.warns(UserWarning, match="does not depend"):
        S.function([x, y], x, on_unused_input="warn")
    S.function([x, y], x, on_unused_input="ignore")
    with pytest.raises(ValueError, match="'raise', 'warn' or 'ignore', got 'no'"):
        S.function([x], x, on_unused_input="no")
    with pytest.raises(TypeError, match="`inputs` is a list"):
        S.function(x, x)
    with pytest.raises(TypeError, match="`inputs` are symbolic variables, got 1"):
        S.function([1], x)
    with pytest.raises(TypeError, match="`outputs` are symbolic expressions, got 3"):
        S.function([x], 3)
    with pytest.raises(ValueError, match=r"Two inputs of .* are named 'x'"):
        S.function([x, S.scalar("x")], x)
    with pytest.raises(ValueError, match=r"`mode` is one of .*Did you mean `FAST_RUN`"):
        S.function([x], x, mode="FAST_RU")
    with pytest.raises(TypeError, match="Shared variable `w` has a value of its own"):
        S.function([S.shared(1.0, "w")], x)
    v, w = S.vectors("v", "w")
    f = S.function([v, w], v * w)
    with pytest.raises((TypeError, ValueError)) as error:
        f([1, 2], [1, 2, 3])
    notes = " ".join(error.value.__notes__)
    assert "In `multiply" in notes and "of `v` (2,), `w` (3,)" in notes
    assert "made at test_symbolic.py, line" in notes


def test_names_that_are_not_there():
    x = S.scalar("x")
    with pytest.raises(AttributeError, match=r"Write `ops.sum\(x\)` in place of"):
        x.sum()
    with pytest.raises(AttributeError, match="Did you mean `function`"):
        S.functon  # noqa: B018
    with pytest.raises(AttributeError, match=r"Of `keras.ops` there is `ops.exp`"):
        S.exp  # noqa: B018
    with pytest.raises(TypeError, match="must be numbers, got 'a' of type str"):
        S.shared("a")
    assert not hasattr(x, "sum") and not hasattr(x, "_none")


def test_eval_takes_variables_and_names():
    x, y = S.scalars("x", "y")
    z = x + y
    assert z.eval({x: 1.5, y: 2.5}) == 4 and z.eval({"x": 1, y: 2}) == 3
    assert S.shared(2.0).eval() == 2
    with pytest.raises(ValueError, match=r"depends on no 'xx'.*Did you mean `x`"):
        z.eval({"xx": 1, "y": 2})


# --- shared variables, updates, givens -----------------------------------------------


def test_shared_values():
    w = S.shared(np.array([1.0, 2.0]), "w")
    value = w.get_value()
    value[0] = 9  # a copy
    assert w.get_value().tolist() == [1, 2]
    w.set_value([3, 4])
    assert w.eval().tolist() == [3, 4] and w.dtype == "float64"
    other = w.clone()
    w.zero()
    assert w.get_value().tolist() == [0, 0] and other.get_value().tolist() == [3, 4]
    with pytest.raises(ValueError, match=r"`w` .* shape \(2,\), got .* shape \(3,\)"):
        w.set_value([1, 2, 3])
    rows = S.shared(np.ones((2, 3)), "rows", shape=(None, 3))
    total = S.function([], ops.sum(rows))
    assert total() == 6
    rows.set_value(np.ones((5, 3)))
    assert total() == 15
    assert pickle.loads(pickle.dumps(w)).get_value().tolist() == [0, 0]
    assert S.shared(1).dtype == "int32" and S.shared(True).dtype == "bool"


def test_updates_are_made_from_old_values():
    a, b, x = S.shared(1.0, "a"), S.shared(2.0, "b"), S.scalar("x")
    swap = S.function([x], a + b + x, updates={a: b, b: a + x})
    assert swap(10) == 13  # the outputs, too
    assert (a.get_value(), b.get_value()) == (2, 11)
    assert set(swap.get_shared()) == {a, b}
    count = S.shared(0, "count")
    tick = S.function([], updates=[(count, count + 1)])
    assert tick() is None and count.get_value() == 1
    assert tick.repeat(41) is None and count.get_value() == 42
    assert S.function([], count, updates=[(count, 0)])() == 42
    assert count.get_value() == 0


@pytest.mark.parametrize(
    ("text", "updates"),
    [
        ("says twice what `w` becomes", lambda w: [(w, w), (w, w + 1)]),
        (r"shape \(2,\), its update .* shape \(\)", lambda w: [(w, ops.sum(w))]),
        ("are pairs", lambda w: [w]),
        ("the first of one is 3", lambda w: [(3, w)]),
        ("convert it with", lambda w: [(S.shared([1, 2]), w)]),
    ],
    ids=["twice", "shape", "pairs", "target", "dtype"],
)
def test_wrong_updates(text, updates):
    with pytest.raises((TypeError, ValueError), match=text):
        S.function([], updates=updates(S.shared([1.0, 2.0], "w")))


def test_givens_replace_any_tensor():
    x, y, i = S.vector("x"), S.scalar("y"), S.iscalar("i")
    data = S.shared(np.arange(10.0), "data")
    cost = ops.sum(x) * y
    rows = ops.take(data, ops.arange(3) + i)
    f = S.function([i], cost, givens={x: rows, y: 2.0})
    assert f(0) == 6 and f(7) == 48
    w = S.shared(1.0, "w")
    g = S.function([], w * y, updates=[(w, w + y)], givens={y: 3.0})
    assert g() == 3 and w.get_value() == 4
    inner = x * 2
    assert S.function([x], ops.sum(inner + 1), givens={inner: x})([1, 2]) == 5
    with pytest.raises(TypeError, match="`x` is float64 of shape"):
        S.function([i], cost, givens={x: i})


def test_layers_and_models_take_part():
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(2, dtype="float64")
    x = S.matrix("x", shape=(None, 3))
    cost = ops.mean(layer(x) ** 2)
    kernel, bias = S.grad(cost, [layer.kernel, layer.bias])
    before, rows = layer.kernel.numpy(), np.random.default_rng(0).normal(size=(4, 3))
    out = rows @ before
    slope = S.function([x], kernel)(rows)
    np.testing.assert_allclose(slope, rows.T @ (2 * out / out.size))
    pairs = [(layer.kernel, layer.kernel - 0.1 * kernel), (layer.bias, bias * 0.0)]
    step = S.function([x], cost, updates=pairs)
    first = step(rows)
    assert step.repeat(20, rows) < first
    assert not np.allclose(layer.kernel.numpy(), before)
    plain = ops.sum(ops.tanh(ops.matmul(x, layer.kernel)))
    slope = S.grad(plain, layer.kernel)
    held = layer.kernel.numpy()
    layer.kernel.assign(np.zeros((3, 2)))  # the slope is of the value at the call
    zero = S.function([x], slope)(rows)
    np.testing.assert_allclose(zero, np.repeat(rows.sum(0)[:, None], 2, 1))
    layer.kernel.assign(held)
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dropout(0.5)])
    out = model(x, training=True)
    f = S.function([x], out)
    assert (f(rows) != f(rows)).any()  # its seeds move on
    plain = model.predict(rows, verbose=0)
    np.testing.assert_allclose(S.function([x], model(x))(rows), plain)


# --- gradients -----------------------------------------------------------------------


def test_gradients_of_every_rule():
    """Each op with a rule: by `grad`, by finite differences, weighted at random."""
    point, row = np.array([[0.3, 0.6], [0.2, 0.8]]), np.array([0.5, 1.7])

    def unary(x):
        shifts = {ops.arccosh: 1.0}
        return ops.stack([f(x + shifts.get(f, 0.0)) for f in derivatives.UNARY])

    def binary(a, b):
        forms = [(f(a, b), f(a, 2.5) * b, f(2.5, b) + a) for f in derivatives.BINARY]
        return ops.stack([x for form in forms for x in form])

    S.verify_grad(unary, [point], rng=0)
    for pair in ((point, row), (row, point), (point, np.float64(0.45))):
        S.verify_grad(binary, [*pair], n_tests=1, rng=0)
    tall = np.array([[0.3], [0.7]])
    S.verify_grad(lambda a, b: ops.where(a > b, a * b, b - a), [tall, row], rng=0)
    S.verify_grad(lambda a, b: ops.where(a > b, a * b, b - a), [row, tall], rng=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda m, v: m @ v,
        lambda m, v: v @ m,
        lambda m, v: ops.dot(v, v) * m,
        lambda m, v: ops.transpose(m) @ m @ ops.transpose(m),
        lambda m, v: ops.mean(m * v, axis=0) * ops.sum(m, axis=1, keepdims=True),
        lambda m, v: ops.softmax(m * v, axis=0) + ops.mean(m) - ops.sum(v),
        lambda m, v: ops.reshape(m, (4,))[1:] * ops.max(m) + ops.cumsum(v)[0],
        lambda m, v: ops.where(m > 0.5, m, v) * ops.logsumexp(v),
        lambda m, v: ops.concatenate([m, v[None]], axis=0) ** 2,
        lambda m, v: ops.linalg.inv(m + ops.eye(2) * 3.0) @ v,
        lambda m, v: keras.activations.gelu(m) * ops.stop_gradient(2.0) + v,
    ],
    ids=list("abcdefghijk"),
)
def test_gradients_of_compositions(make):
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.1, 0.9, (2, 2)), rng.uniform(0.1, 0.9, 2)]
    S.verify_grad(make, arrays, n_tests=1, rng=0)


def test_gradients_of_calls_by_name():
    """Arguments are told by their names: left out, or in another order."""
    m, n = np.array([[0.3, 0.6], [0.2, 0.8]]), np.array([[0.5, 1.7], [1.1, 0.4]])
    S.verify_grad(lambda m: ops.sum(m**2, keepdims=True) * m, [m], rng=0)
    S.verify_grad(lambda m: ops.mean(x=m**3, keepdims=True) * m, [m], rng=0)
    S.verify_grad(lambda m, n: ops.divide(x2=m, x1=n), [m, n], rng=0)
    S.verify_grad(lambda m, n: ops.matmul(x2=m, x1=n), [m, n], rng=0)
    S.verify_grad(lambda m, n: ops.where(m > 0.4, x2=m, x1=m * n), [m, n], rng=0)


def test_unknown_sizes_may_be_one():
    """A vector of one element that was broadcast gets the sum."""
    v, w = S.vectors("v", "w")
    f = S.function([v, w], S.grad(ops.sum(v * w + v), [v, w]))
    gv, gw = f([1.0, 2.0, 3.0], [10.0])
    assert gv.tolist() == [11, 11, 11] and gw.tolist() == [6]
    gv, gw = f([2.0], [1.0, 2.0, 3.0])
    assert gv.tolist() == [9] and gw.tolist() == [2, 2, 2]


def test_unknown_sizes_that_differ_in_sums_of_sums():
    m, n = S.matrices("m", "n")
    t = S.tensor3("t")
    cost = ops.mean(ops.sum(t, axis=1) * 2.0 + m) + ops.sum(ops.log(n + m) * n)
    rng = np.random.default_rng(0)
    shapes = [(3, 1), (1, 4), (3, 2, 1)]
    at = [rng.uniform(1, 2, shape) for shape in shapes]
    slopes = S.function([m, n, t], S.grad(cost, [m, n, t]))(*at)
    value = S.function([m, n, t], cost)
    wanted = S.numeric_grad(value, at)
    for slope, by_differences in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(slope, by_differences, rtol=1e-6)


@pytest.mark.parametrize(
    ("cost", "slope"),
    [
        (lambda x, w, z: x**3 * w, "3 * w * x ** 2"),
        (lambda x, w, z: -(z * ops.log(ops.sigmoid(x)) + (1 - z) * ops.log(
            1 - ops.sigmoid(x))), "-(z - 1) * sigmoid(x) - z * (1 - sigmoid(x))"),
        (lambda x, w, z: ops.tanh(w * x), "(1 - tanh(w * x) ** 2) * w"),
        (lambda x, w, z: ops.sqrt(x) / w + z, "1 / w / (2 * sqrt(x))"),
        (lambda x, w, z: ops.log(x * w), "w / (x * w)"),
        (lambda x, w, z: ops.exp(-(x**2) / 2.0), "-exp(-x ** 2 / 2.0) * x"),
    ],
    ids=["cube", "entropy", "tanh", "root", "log", "gauss"],
)  # fmt: skip
def test_slopes_read_like_those_of_a_textbook(cost, slope):
    x, w, z = S.scalars("x", "w", "z")
    assert S.pp(S.grad(cost(x, w, z), x)) == slope


def test_slopes_of_vectors_are_short():
    x, z, v = S.matrix("x"), S.vector("z"), S.vector("v")
    w, b = S.shared(np.zeros(3), "w"), S.shared(0.0, "b")
    p = ops.sigmoid(x @ w + b)
    cost = ops.mean((p - z) ** 2)
    assert S.pp(S.grad(cost, p)) == "2 * (sigmoid(x @ w + b) - z) / count(x @ w)"
    short = S.grad(-ops.sum(z * ops.log(ops.softmax(v))), v)
    assert S.pp(short) == "-z - softmax(v) * sum(-z, axis=-1, keepdims=True)"
    assert S.pp(S.grad(ops.log(ops.sum(ops.exp(v))), v)) == "exp(v) / sum(exp(v))"


def test_higher_and_partial_derivatives():
    x, y = S.scalars("x", "y")
    third = S.grad(S.grad(S.grad(x**5 * y, x), x), y)
    assert third.eval({x: 2.0}) == 160  # 20 x³
    middle = x * y
    cost = ops.sin(middle) + middle
    assert np.isclose(S.grad(cost, middle).eval({x: 0.5, y: 2.0}), np.cos(1.0) + 1)
    by_both = S.grad(cost, {"m": middle, "x": x})
    assert np.isclose(by_both["x"].eval({x: 0.5, y: 2.0}), 2 * (np.cos(1.0) + 1))
    held = S.grad(cost * x, x, consider_constant=[middle])
    assert np.isclose(held.eval({x: 0.5, y: 2.0}), np.sin(1.0) + 1)
    known = S.grad(None, x, known_grads={middle: 10.0})
    assert known.eval({y: 3.0}) == 30
    hyper = S.grad(ops.sinh(x**7 + ops.exp(y * ops.arccosh(x + 2.0))), [x, y])
    assert len({float(g.eval({x: 0.5, y: 0.3})) for g in hyper}) == 2
    at = {x: 1.0, y: 2.0}
    assert S.grad(S.grad_scale(x, 3.0) * y, x).eval(at) == 6
    assert S.grad(S.grad_clip(x * y, -1.0, 1.0) * 5.0, x).eval(at) == 2


def test_graphs_may_be_deep():
    v = S.vector("v")
    total = v
    for _ in range(1_100):  # more than Python's stack holds
        total = total + v
    slope = S.grad(ops.sum(total), v)
    assert S.function([v], slope, mode="FAST_COMPILE")([1, 2]).tolist() == [1101, 1101]


def test_disconnected_inputs():
    x, y = S.scalars("x", "y")
    with pytest.raises(
        S.DisconnectedInputError, match=r"depend on `y` \(made at test_"
    ):
        S.grad(x**2, y)
    with pytest.warns(UserWarning, match="does not depend on `y`"):
        assert S.grad(x**2, y, disconnected_inputs="warn").eval({y: 1.0}) == 0
    ignore = {"disconnected_inputs": "ignore"}
    assert S.grad(x**2, [y], return_disconnected="none", **ignore) == [None]
    assert S.grad(ops.sign(x) * y, x, **ignore).eval({x: 2.0}) == 0
    assert S.grad(0.0 * x + y, x).eval({x: 2.0}) == 0
    with pytest.raises(ValueError, match="'raise', 'warn' or 'ignore', got 'maybe'"):
        S.grad(x, y, disconnected_inputs="maybe")
    for cost, text in ((S.vector(), "is a scalar"), (3.0, "a symbolic scalar, got")):
        with pytest.raises(TypeError, match=text):
            S.grad(cost, x)
    with pytest.raises(TypeError, match="`n` is int32: there is no derivative"):
        n = S.iscalar("n")
        S.grad(n * x, n)
    with pytest.raises(TypeError, match="`wrt` are symbolic tensors and variables"):
        S.grad(x, "x")
    with pytest.raises(S.GradientError, match="argument 0 at"):
        S.verify_grad(lambda x: S.grad_scale(x, 2.0) ** 2, [np.ones(2)])


def test_jacobian_hessian_and_products():
    rng = np.random.default_rng(0)
    a, p, q = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)
    m, x, u, v = S.matrix("m"), S.vector("x"), S.vector("u"), S.vector("v")
    f = ops.tanh(m @ x)
    by_hand = (1 - np.tanh(a @ p) ** 2)[:, None] * a
    at = {m: a, x: p}
    np.testing.assert_allclose(S.jacobian(f, x).eval(at), by_hand)
    np.testing.assert_allclose(S.Rop(f, x, u).eval({**at, u: p * 2}), by_hand @ p * 2)
    np.testing.assert_allclose(S.Lop(f, x, v).eval({**at, v: q}), q @ by_hand)
    assert S.jacobian(f, m).eval(at).shape == (3, 3, 2)
    cost = ops.sum(f**2)
    both = S.hessian(cost, x).eval(at)
    by_rows = [S.grad(S.grad(cost, x)[i], x).eval(at) for i in range(2)]
    np.testing.assert_allclose(both, by_rows)
    w = S.shared(p, "w")
    np.testing.assert_allclose(S.jacobian(ops.tanh(m @ w), w).eval({m: a}), by_hand)
    layer = keras.layers.Dense(2, use_bias=False, dtype="float64")
    rows = S.matrix("rows", shape=(1, 3))
    jacobian = S.jacobian(layer(rows), layer.kernel).eval({rows: q[None]})
    np.testing.assert_allclose(jacobian[0, 1, :, 1], q)
    assert S.hessian(ops.sum(x) * 2.0, x).eval({x: p}).tolist() == [[0, 0], [0, 0]]


# --- control -------------------------------------------------------------------------


def test_switch_and_ifelse():
    x = S.vector("x")
    assert S.switch(x > 0, x, -x).eval({x: [-1.0, 2.0]}).tolist() == [1, 2]
    s = S.scalar("s")
    y = s * 2
    z = S.ifelse(s > 0, ops.log(y), y * 3.0)
    f = S.function([s], [z, S.grad(z, s), S.grad(z, y), *S.grad(z, [s, y])])
    assert np.allclose(f(2.0), [np.log(4), 0.5, 0.25, 0.5, 0.25])
    assert np.allclose(f(-2.0), [-12, 6, 3, 6, 3])  # no NaN of the other branch
    assert S.ifelse(s > 1, [1, 2], [3, 4])[1].eval({s: 0.0}) == 4
    seen = []
    watch = S.MonitorMode(post_func=lambda node, out: seen.append(node.operation.name))
    S.function([s], z, mode=watch)(1.0)
    assert len(seen) == 2  # `greater` and the choice: branches are within
    with pytest.raises(ValueError, match=r"condition of `ifelse`, .* shape \(None,\)"):
        S.ifelse(x > 0, 1, 2)
    with pytest.raises(ValueError, match="ranks must agree"):
        S.ifelse(s > 0, x, s)


def test_scan_with_a_symbolic_number_of_steps():
    a, k = S.vector("a"), S.iscalar("k")
    one = ops.ones_like(a)
    powers, updates = S.scan(lambda p, a: p * a, None, one, a, n_steps=k)
    f = S.function([a, k], [powers[-1], S.grad(ops.sum(powers[-1]), a)])
    for n in (3, 5, 3):
        got, slope = f([1.0, 2.0], n)
        assert got.tolist() == [1, 2**n] and slope.tolist() == [n, n * 2 ** (n - 1)]
    assert updates == {}
    eager = S.function([a, k], powers, mode="FAST_COMPILE")
    assert eager([2.0], 3).tolist() == [[2], [4], [8]]


def test_scan_with_taps_sequences_and_several_results():
    x = S.vector("x")
    start = {"initial": np.array([0.0, 1.0]), "taps": [-2, -1]}
    fibonacci = S.scan(lambda b, a: a + b, None, start, n_steps=8)[0]
    assert fibonacci.eval().tolist() == [1, 2, 3, 5, 8, 13, 21, 34]
    pairs = {"input": x, "taps": [-1, 0, 2]}
    moved = S.scan(lambda a, b, c: a + 10 * b + 100 * c, pairs)[0]
    assert moved.eval({x: [1, 2, 3, 4, 5]}).tolist() == [421, 532]
    both = S.scan(lambda e, s: [s + e, e * s], x, [0.0, None])[0]
    assert [r.eval({x: [1, 2, 3]}).tolist() for r in both] == [[1, 3, 6], [0, 2, 9]]
    back = S.scan(lambda e, s: 2 * s + e, x, 0.0, go_backwards=True)[0]
    assert back.eval({x: [1, 2, 3]}).tolist() == [3, 8, 17]
    assert S.foldr(lambda e, s: 2 * s + e, x, 0.0)[0].eval({x: [1, 2, 3]}) == 17
    assert S.foldl(lambda e, s: 2 * s + e, x, 0.0)[0].eval({x: [1, 2, 3]}) == 11
    assert S.map(lambda e: e**2, x)[0].eval({x: [1, 2]}).tolist() == [1, 4]
    whole = S.scan(lambda e, s: s + e, x, 0)[0]  # 0 becomes a float
    assert whole.eval({x: [0.5, 1]}).tolist() == [0.5, 1.5]
    stop = S.scan(lambda p: (p * 2, S.until(p * 2 > 20)), None, 1.0, n_steps=8)[0]
    assert stop.eval().tolist() == [2, 4, 8, 16, 32, 32, 32, 32]
    rows = S.scan(lambda p: (p + x, S.until(ops.sum(p) > 2)), None, x * 0, n_steps=4)[0]
    assert rows.eval({x: [1.0, 1.0]})[:, 0].tolist() == [1, 2, 3, 3]


def test_gradients_through_scan():
    w, x = S.shared(0.7, "w"), S.vector("x")

    def step(e, s):
        return ops.tanh(s * w + e)

    S.verify_grad(lambda x: S.scan(step, x, 0.1)[0], [np.array([0.1, 0.5, -0.3])])
    last = S.scan(step, x, 0.1)[0][-1]
    at = np.array([0.1, 0.5, -0.3])
    slope = S.grad(last, w).eval({x: at})
    near = []
    for value in (0.7 + 1e-5, 0.7 - 1e-5):
        w.set_value(value)
        near.append(last.eval({x: at}))
    assert np.isclose(slope, (near[0] - near[1]) / 2e-5, rtol=1e-6)
    total = S.scan(lambda e, s: s + e, x, 0.0, truncate_gradient=2)[0][-1]
    assert S.grad(total, x).eval({x: [1.0, 1, 1, 1]}).tolist() == [0, 1, 1, 1]
    i = S.scalar("i")
    fourth = S.scan(lambda p: p * i, None, 1.0, n_steps=4)[0][-1]
    assert S.grad(S.grad(fourth, i), i).eval({i: 2.0}) == 48


def test_scan_updates_shared_variables():
    c, x = S.shared(0.0, "c"), S.vector("x")
    results, updates = S.scan(lambda e: (e + c, {c: c + 1}), x)
    f = S.function([x], results, updates=updates)
    assert f([1, 1, 1]).tolist() == [1, 2, 3] and c.get_value() == 3
    assert f([1, 1]).tolist() == [4, 5]
    streams = S.RandomStreams(0)
    noisy, updates = S.scan(lambda e: e + streams.normal(), x)
    values = S.function([x], noisy, updates=updates)
    first = values([0, 0, 0])
    assert len({*first, *values([0, 0, 0])}) == 6


def test_mistakes_in_scan():
    x = S.vector("x")
    cases = [
        ("needs `n_steps`", lambda: S.scan(lambda p: p, None, 1.0)),
        ("2 results, but `outputs_info` has 1",
         lambda: S.scan(lambda e, s: [e, s], x, 0.0)),
        (r"is float64 of shape \(None,\), but its first value",
         lambda: S.scan(lambda e, s: s + x, x, 0.0)),
        ("is a dict of 'input' and 'taps'", lambda: S.scan(lambda e: e, {"inputs": x})),
        ("are negative", lambda: S.scan(lambda s: s, None,
                                        {"initial": x, "taps": [0]}, n_steps=2)),
        ("not among its `non_sequences`",
         lambda: S.scan(lambda e: e + ops.sum(x), x * 2, strict=True)),
    ]  # fmt: skip
    for text, make in cases:
        with pytest.raises(ValueError, match=text):
            make()
    far = S.scan(lambda e: e, x, n_steps=5)[0]
    with pytest.raises(ValueError, match="run 5 steps, but a sequence is enough for 2"):
        far.eval({x: [1.0, 2.0]})


def test_clone():
    x, y = S.scalars("x", "y")
    z = ops.sin(x) * x
    assert np.isclose(S.clone(z, {x: y + 1}).eval({y: 1}), np.sin(2) * 2)
    assert S.clone([z, {"a": x}], {x: 2.0})[1]["a"].eval() == 2
    with pytest.raises(TypeError, match="of shape"):
        S.clone(z, {x: S.vector()})


def test_random_streams():
    streams = S.RandomStreams(7)
    u, n = streams.uniform((1000,), 2.0, 3.0), streams.normal((1000,), 5.0, 0.5)
    f = S.function([], [u, n, u - u])
    (u1, n1, zero), (u2, n2, _) = f(), f()
    assert (zero == 0).all() and (u1 != u2).all() and (n1 != n2).all()
    assert 2 <= u1.min() < 2.05 < 2.95 < u1.max() < 3 and abs(n1.mean() - 5) < 0.06
    streams.seed(7)
    assert (f()[0] == u1).all()
    g = S.function([], u, no_default_updates=True)
    assert (g() == g()).all() and len(streams.updates()) == 2
    p = [0.1, 0.2, 0.7]
    coins, classes = (
        streams.binomial((500,), 10, 0.3),
        streams.multinomial((2,), 300, p),
    )
    hand, order = streams.choice((4,), 5, replace=False), streams.permutation((3,), 4)
    dice, biased = streams.random_integers((500,), 1, 6), streams.choice((500,), 3, p=p)
    drawn = S.function([], [coins, classes, hand, order, dice, biased])()
    assert abs(drawn[0].mean() - 3) < 0.3 and (drawn[1].sum(1) == 300).all()
    assert abs(drawn[1][0, 2] - 210) < 40 and len({*drawn[2]}) == 4
    assert (np.sort(drawn[3]) == np.arange(4)).all()
    assert {*drawn[4]} == {1, 2, 3, 4, 5, 6} and abs((drawn[5] == 2).mean() - 0.7) < 0.1
    m = S.matrix("m", shape=(2, 3))
    rows = streams.shuffle_row_elements(m).eval({m: np.arange(6.0).reshape(2, 3)})
    assert np.sort(rows).tolist() == [[0, 1, 2], [3, 4, 5]]
    x = S.vector("x", shape=(3,))
    z = streams.normal((3,))
    away, slope = S.function([x], [x - z, S.grad(ops.sum((x - z) ** 2), x)])(np.ones(3))
    np.testing.assert_allclose(slope, 2 * away)  # one draw in one call


# --- modes ---------------------------------------------------------------------------


def test_nan_guard_names_the_culprit():
    x = S.scalar("x")
    f = S.function([x], ops.exp(ops.log(x)) * 1e8, mode=S.NanGuardMode())
    assert f(1.0) == 1e8
    cases = {-1.0: "NaN in the result of `log", np.nan: "NaN in what `log"}
    for value, text in {**cases, 0.0: "an infinite", 1e4: "beyond 1e10"}.items():
        with pytest.raises(FloatingPointError, match=text) as error:
            f(value)
        assert "made at test_symbolic.py, line" in str(error.value)
    assert S.function([x], x * 1e12, mode=S.NanGuardMode(big=False))(1.0) == 1e12


def test_profile_counts_calls():
    x, w = S.vector("x"), S.shared(0.0, "w")
    cost = ops.sum(ops.exp(x)) + w
    f = S.function([x], cost, updates=[(w, cost)], profile=True)
    f.repeat(3, [0.0, 0.0])
    text = f.profile.summary()
    assert f([0.0, 0.0]) == 8 and w.get_value() == 8
    assert "exp (test_symbolic.py, line" in text and "\n" in text
    assert {times for times, _ in f.profile.seconds.values()} == {4}


# --- laws over generated expressions -------------------------------------------------

UNARY = {
    "sin": ops.sin,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "square": ops.square,
    "negative": ops.negative,
    "exp": lambda x: ops.exp(ops.tanh(x)),
    "log": lambda x: ops.log(2.0 + ops.sin(x)),
    "sqrt": lambda x: ops.sqrt(1.0 + x * x),
    "cube": lambda x: ops.tanh(x) ** 3,
    "total": lambda x: ops.sum(x) * 0.1,
    "mean": ops.mean,
    "turned": lambda x: ops.transpose(x) if x.ndim == 2 else x,
    "largest": lambda x: ops.max(x) - x,
}
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: ops.tanh(a) * b,
    "divide": lambda a, b: a / (2.0 + ops.cos(b)),
    "power": lambda a, b: (1.5 + ops.sin(a)) ** ops.tanh(b),
    "matmul": lambda a, b: 0.3 * a @ b if a.ndim and b.ndim else a * b,
    "maximum": lambda a, b: ops.maximum(a, 0.37 * b + 0.01),
    "where": lambda a, b: ops.where(a > 0.123, a, b),
}
POINT = [np.float64(0.7), np.array([0.2, -1.1]), np.array([[0.4, -0.6], [1.3, 0.9]])]
recipes = st.recursive(
    st.sampled_from([0, 1, 2, 0.5, 2.0]),
    lambda inner: (
        st.tuples(st.sampled_from(sorted(UNARY)), inner)
        | st.tuples(st.sampled_from(sorted(BINARY)), inner, inner)
    ),
    max_leaves=5,
)


def cooked(recipe, tensors):
    """The expression that a recipe describes, of symbols or arrays."""
    if isinstance(recipe, int):
        return tensors[recipe]
    if isinstance(recipe, float):
        return tensors[0] * 0.0 + recipe
    parts = [cooked(r, tensors) for r in recipe[1:]]
    return (UNARY if len(parts) == 1 else BINARY)[recipe[0]](*parts)


law = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@law
@given(recipes)
def test_gradients_are_finite_differences(recipe):
    symbols = [S.scalar("x"), S.vector("v"), S.matrix("m")]
    cost = ops.mean(cooked(recipe, symbols))
    slopes = S.grad(cost, symbols, disconnected_inputs="ignore")
    arrays = [ops.convert_to_tensor(p) for p in POINT]
    value = ops.mean(cooked(recipe, arrays))
    run = {"mode": "FAST_COMPILE", "on_unused_input": "ignore"}
    got, *slopes = S.function(symbols, [cost, *slopes], **run)(*POINT)
    np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-14)  # = eager
    wanted = S.numeric_grad(lambda *a: ops.mean(cooked(recipe, a)), POINT)
    for slope, by_differences in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(slope, by_differences, rtol=2e-5, atol=1e-7)


@settings(law, max_examples=6)
@given(st.lists(recipes, min_size=2, max_size=2), st.integers(1, 3))
def test_compiled_functions_equal_eager_ones(pair, steps):
    """Outputs, gradients, updates from old values, several calls in one program."""
    v, m, x = S.shared(POINT[1], "v"), S.shared(POINT[2], "m"), S.scalar("x")
    first, second = (ops.mean(cooked(r, [x, v, m])) for r in pair)
    updates = [(v, ops.tanh(v) * 0.5 + first * 0.01), (m, m * 0.9 + second * 0.01)]
    given = {"updates": updates, "on_unused_input": "ignore"}
    compiled = S.function([x], [first, second], **given)
    results = compiled.repeat(steps, 0.7)
    state = [v.get_value(), m.get_value()]
    v.set_value(POINT[1])
    m.set_value(POINT[2])
    eager = S.function([x], [first, second], mode="FAST_COMPILE", **given)
    for _ in range(steps):
        wanted = eager(0.7)
    np.testing.assert_allclose(results, wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(state[0], v.get_value(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(state[1], m.get_value(), rtol=1e-10, atol=1e-12)
