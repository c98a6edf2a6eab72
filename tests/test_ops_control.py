"""Control flow, own derivatives, and variables that change inside of loops."""

import os

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, ops
from kerasish.variable import functional

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUMPY = os.environ.get("KERASISH_BACKEND") == "numpy"
F = np.linspace(-1, 2, 6, dtype="float32").reshape(2, 3)


def cases(o):
    """The same calls for ours and for Keras: o is the module of ops."""
    two = o.convert_to_tensor(np.float32(2))
    return {
        "cond true": lambda x: o.cond(True, lambda: x, lambda: x + 1),
        "cond tensor": lambda x: o.cond(o.sum(x) > 9, lambda: x, lambda: x + 1),
        "cond tree": lambda x: o.cond(
            o.sum(x) > 0, lambda: (x, {"a": x}), lambda: (x + 1, {"a": -x})
        ),
        "switch": lambda x: o.switch(1, [lambda a, b: a, lambda a, b: a * b], x, two),
        "switch beyond": lambda x: o.switch(7, [lambda a: a, lambda a: a * 2], x),
        "scan": lambda x: o.scan(lambda c, a: (c + a, c * a), x[0], x),
        "scan reverse": lambda x: o.scan(
            lambda c, a: (c + a, c * a), x[0], x, reverse=True
        ),
        "scan unroll": lambda x: o.scan(lambda c, a: (c + a, c), x[0], x, unroll=2),
        "scan length": lambda x: o.scan(lambda c, _: (c * 2, c), x, length=3),
        "scan tree": lambda x: o.scan(
            lambda c, a: ({"s": c["s"] + a[0]}, a[1]), {"s": x[0]}, (x, x * 2)
        ),
        "map": lambda x: o.map(lambda a: a * o.sum(a), x),
        "map tree": lambda x: o.map(lambda a: (a[0] + a[1], a[0]), (x, x * 2)),
        "vectorized_map": lambda x: o.vectorized_map(lambda a: a * o.sum(a), x),
        "vectorized_map tree": lambda x: o.vectorized_map(
            lambda a: a[0] @ a[1], (x, x)
        ),
        "fori_loop": lambda x: o.fori_loop(0, 3, lambda i, c: c * 2 + 1, x),
        "while_loop": lambda x: o.while_loop(
            lambda a: o.sum(a) < 50, lambda a: a * 2 + 1, x
        ),
        "while_loop tuple": lambda x: o.while_loop(
            lambda i, a: i < 3, lambda i, a: (i + 1, a * 2), (0, x)
        )[1],
        "while_loop list": lambda x: o.while_loop(
            lambda i, a: i < 3, lambda i, a: [i + 1, a * 2], [0, x]
        )[1],
        "while_loop dict": lambda x: o.while_loop(
            lambda d: d["i"] < 3,
            lambda d: {"i": d["i"] + 1, "x": d["x"] * 2},
            {"i": 0, "x": x},
        )["x"],
        "while_loop maximum": lambda x: o.while_loop(
            lambda a: o.sum(a) < 1e9, lambda a: a * 2 + 1, x, maximum_iterations=2
        ),
        "associative_scan": lambda x: o.associative_scan(lambda a, b: a + b, x),
        "associative_scan product": lambda x: o.associative_scan(
            lambda a, b: a * b, x, axis=1, reverse=True
        ),
        "vectorize": lambda x: o.vectorize(lambda a, b: a * b + 1)(x, x[0]),
        "vectorize signature": lambda x: o.vectorize(
            lambda a, b: o.sum(a * b), signature="(n),(n)->()"
        )(x, x[0]),
        "vectorize excluded": lambda x: o.vectorize(
            lambda a, b: a * o.sum(b), excluded={1}
        )(x, x[0]),
        "jvp": lambda x: o.jvp(lambda a, b: a * o.sin(b), [x, x], [x, x + 1]),
        "jvp aux": lambda x: o.jvp(lambda a: (o.exp(a), a + 1), [x], [x], has_aux=True),
        "custom_gradient": lambda x: o.custom_gradient(
            lambda a: (a * a, lambda upstream: upstream * 3)
        )(x),
        "stop_gradient": lambda x: o.stop_gradient(x) * x,
    }


NO_REVERSE = ("while_loop",)


@pytest.mark.parametrize("name", cases(keras.ops))
def test_equals_keras(name, close):
    ours, theirs = cases(ops)[name], cases(keras.ops)[name]
    close(ours(backend.asarray(F)), theirs(jnp.asarray(F)))
    close(backend.jit(ours)(backend.asarray(F)), theirs(jnp.asarray(F)))
    if name.startswith(NO_REVERSE):
        return

    def scalar(fn, o):
        def total(values):
            leaves = keras.tree.flatten(fn(values[0]))
            return sum((i + 1) * o.sum(leaf) for i, leaf in enumerate(leaves))

        return total

    mine = backend.value_and_grad(lambda values: (scalar(ours, ops)(values), ()))
    other = jax.grad(scalar(theirs, keras.ops))([jnp.asarray(F)])
    close(mine([backend.asarray(F)])[1], other)


def test_symbolic_tensors_go_through_scans_and_maps():
    x = kerasish.KerasTensor((None, 3))
    assert ops.map(lambda a: ops.sum(a), x).shape == (None,)
    assert ops.vectorized_map(lambda a: a * 2, x).shape == (None, 3)
    last, ys = ops.scan(lambda c, a: (c + a, c), np.zeros(3, "float32"), x)
    assert (last.shape, ys.shape) == ((3,), (None, 3))
    assert ops.custom_gradient(lambda a: (a, lambda g: g))(x).shape == (None, 3)
    assert ops.vectorize(lambda a: a * 2)(x).shape == (None, 3)


def loops(v, w):
    """Each changes `v` by 3 in all, reading `w`, whose value is 1."""

    def add(amount):
        v.assign_add(amount * w)
        return v.value * 1.0

    return {
        "cond": lambda: ops.cond(
            ops.convert_to_tensor(True), lambda: add(3.0), lambda: add(9.0)
        ),
        "one branch": lambda: ops.cond(
            ops.convert_to_tensor(True), lambda: add(3.0), lambda: v * 1.0
        ),
        "switch": lambda: ops.switch(1, [lambda: add(9.0), lambda: add(3.0)]),
        "scan": lambda: ops.scan(
            lambda c, x: (c, add(x)), 0.0, np.array([1.0, 2.0], "float32")
        )[1],
        "map": lambda: ops.map(add, np.array([1.0, 2.0], "float32")),
        "fori_loop": lambda: ops.fori_loop(0, 3, lambda i, c: c + add(1.0) * 0, 0.0),
        "while_loop": lambda: ops.while_loop(
            lambda c: v < 13.0, lambda c: c + 0 * add(1.0), 0.0
        ),
        "nested": lambda: ops.fori_loop(
            0, 3, lambda i, c: ops.cond(i < 5, lambda: c + 0 * add(1.0), lambda: c), 0.0
        ),
    }


@pytest.mark.parametrize("name", loops(None, None))
def test_variables_change_inside_of_control_flow(name):
    v, w = kerasish.Variable(10.0), kerasish.Variable(1.0)
    loops(v, w)[name]()
    assert float(v.value) == 13.0
    run = functional(loops(v, w)[name], [v, w])
    _, (new, same) = backend.jit(run)(
        [backend.asarray(20.0 if name != "while_loop" else 10.0), backend.asarray(1.0)]
    )
    assert float(new) == (23.0 if name != "while_loop" else 13.0)
    assert float(same) == 1.0
    assert float(v.value) == 13.0  # the functional left the variable itself alone


def test_seeds_advance_inside_of_a_loop():
    seeds = kerasish.random.SeedGenerator(3)
    step = lambda c, _: (c, kerasish.random.normal((), seed=seeds))  # noqa: E731
    inside = ops.scan(step, 0, length=3)[1]
    again = kerasish.random.SeedGenerator(3)
    outside = [kerasish.random.normal((), seed=again) for _ in range(3)]
    np.testing.assert_allclose(np.asarray(inside), np.asarray(outside), rtol=1e-6)
    assert np.asarray(seeds.state).tolist() == [3, 3]


def test_gradients_go_through_variables_in_loops():
    v = kerasish.Variable(2.0)

    def loss(values):
        def total(x):
            return ops.scan(lambda c, a: (c + v * a, v.assign(v * a)), 0.0, x)[0]

        result, _ = functional(total, [v])(values, np.array([3.0, 4.0], "float32"))
        return result, ()

    # 3 v + 4 (3 v) = 15 v
    assert float(backend.value_and_grad(loss)([backend.asarray(2.0)])[1][0]) == 15.0
