"""Random numbers: those of Keras bit for bit on JAX, rightly distributed anywhere."""

import inspect
import os

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, random
from kerasish.variable import functional

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUMPY = os.environ.get("KERASISH_BACKEND") == "numpy"
jax_only = pytest.mark.skipif(NUMPY, reason="NumPy draws other numbers than JAX")
X = np.arange(1.0, 7.0, dtype="float32").reshape(2, 3)
LOGITS = np.log([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1]]).astype("float32")

CALLS = {
    "normal": lambda r, s: r.normal((3, 2), seed=s),
    "normal moved": lambda r, s: r.normal((3,), mean=2.0, stddev=3.0, seed=s),
    "normal half": lambda r, s: r.normal((3,), dtype="float16", seed=s),
    "normal bfloat16": lambda r, s: r.normal((3,), 1.0, 2.0, dtype="bfloat16", seed=s),
    "truncated": lambda r, s: r.truncated_normal((3, 2), 1.0, 2.0, seed=s),
    "uniform": lambda r, s: r.uniform((3, 2), seed=s),
    "uniform limits": lambda r, s: r.uniform((3,), -2.0, 5.0, seed=s),
    "randint": lambda r, s: r.randint((3, 2), -3, 9, seed=s),
    "randint int8": lambda r, s: r.randint((3,), 0, 9, dtype="int8", seed=s),
    "categorical": lambda r, s: r.categorical(LOGITS, 4, seed=s),
    "dropout": lambda r, s: r.dropout(X, 0.4, seed=s),
    "dropout noise": lambda r, s: r.dropout(X, 0.4, noise_shape=(None, 1), seed=s),
    "dropout nothing": lambda r, s: r.dropout(X, 0.0, seed=s),
    "dropout all": lambda r, s: r.dropout(X, 1.0, seed=s),
    "shuffle": lambda r, s: r.shuffle(X, seed=s),
    "shuffle axis": lambda r, s: r.shuffle(X, axis=1, seed=s),
    "gamma": lambda r, s: r.gamma((3,), 2.0, seed=s),
    "beta": lambda r, s: r.beta((3,), 2.0, 3.0, seed=s),
    "binomial": lambda r, s: r.binomial((3,), 9.0, 0.3, seed=s),
}


@jax_only
@pytest.mark.usefixtures("masks_of_keras")
@pytest.mark.parametrize("name", CALLS)
def test_same_numbers_as_keras(name):
    call = CALLS[name]
    generators = random.SeedGenerator(7), keras.random.SeedGenerator(7)
    for ours, theirs in ((7, 7), generators, generators):
        mine, other = call(random, ours), call(keras.random, theirs)
        assert mine.dtype == other.dtype
        assert np.asarray(mine).tolist() == np.asarray(other).tolist()
    assert np.asarray(generators[0].state).tolist() == [7, 2]


@jax_only
def test_default_seeds_are_those_of_keras():
    for seed in (1, 5):
        drawn = []
        for module in (kerasish, keras):
            module.utils.set_random_seed(seed)
            first = module.random.normal((2,))
            state = module.random.SeedGenerator().state.value
            drawn.append([first, state, module.random.uniform((2,))])
        for mine, other in zip(*drawn):
            assert np.asarray(mine).tolist() == np.asarray(other).tolist()


@pytest.mark.parametrize("name", CALLS)
def test_seed_decides(name):
    call = CALLS[name]
    first, again = np.asarray(call(random, 3)), np.asarray(call(random, 3))
    assert first.tolist() == again.tolist()
    generator = random.SeedGenerator(3)
    one, two = np.asarray(call(random, generator)), np.asarray(call(random, generator))
    assert one.tolist() == first.tolist()
    if name not in ("dropout nothing", "dropout all", "shuffle", "shuffle axis"):
        assert two.shape == one.shape
        assert not np.array_equal(one, two) or name in ("dropout noise", "dropout")


def masks(keys, size, kept):
    ones = np.ones((size,), "float32")
    drawn = []
    for key in keys:
        generator = random.SeedGenerator(0)
        generator.state.assign(key)
        drawn.append(np.asarray(random.dropout(ones, 1 - kept, seed=generator)) > 0)
    return np.stack(drawn)


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("keys", ["calls", "seeds"])
def test_masks_of_dropout_look_independent(keys, kept):
    """Over elements, neighbours, calls and seeds: within 5 standard deviations."""
    count, size = 300, 1000
    found = masks(
        [(i, 5) if keys == "seeds" else (5, i) for i in range(count)], size, kept
    )
    z = (found - kept) / np.sqrt(kept * (1 - kept))
    assert abs(z.mean()) * np.sqrt(z.size) < 5
    assert np.abs(z.mean(0)).max() * np.sqrt(count) < 5
    assert np.abs(z.mean(1)).max() * np.sqrt(size) < 5
    for lag in (1, 2, 3, 4, 8, 16, 32, 64, 256):
        assert abs((z[:, lag:] * z[:, :-lag]).mean()) * np.sqrt(z[:, lag:].size) < 5
    between = (z @ z.T / np.sqrt(size))[np.triu_indices(count, 1)]
    assert abs(between.std() - 1) < 0.05 and np.abs(between).max() < 7


def test_masks_of_dropout_are_the_same_on_each_backend():
    mask = np.asarray(random.dropout(np.ones((2, 8), "float32"), 0.5, seed=1)) > 0
    assert mask.astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 1, 0, 0],
    ]


MOMENTS = {
    "normal": (lambda n: random.normal(n, 1.0, 2.0, seed=1), 1.0, 4.0),
    "truncated": (lambda n: random.truncated_normal(n, seed=1), 0.0, 0.774),
    "uniform": (lambda n: random.uniform(n, 0.0, 3.0, seed=1), 1.5, 0.75),
    "randint": (lambda n: random.randint(n, 0, 4, seed=1), 1.5, 1.25),
    "gamma": (lambda n: random.gamma(n, 3.0, seed=1), 3.0, 3.0),
    "beta": (lambda n: random.beta(n, 2.0, 2.0, seed=1), 0.5, 0.05),
    "binomial": (lambda n: random.binomial(n, 10.0, 0.3, seed=1), 3.0, 2.1),
    "dropout": (lambda n: random.dropout(np.ones(n, "float32"), 0.2, seed=1), 1, 0.25),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_mean_and_variance(name):
    draw, mean, variance = MOMENTS[name]
    sample = np.asarray(draw((4000,)), "float64")
    assert abs(sample.mean() - mean) < 5 * np.sqrt(variance / 4000)
    assert abs(sample.var() / variance - 1) < 0.15


def test_categorical_frequencies():
    drawn = np.asarray(random.categorical(LOGITS, 4000, seed=1))
    counts = np.stack([np.bincount(row, minlength=3) / 4000 for row in drawn])
    np.testing.assert_allclose(counts, np.exp(LOGITS), atol=0.03)


def test_shuffle_stays_within_each_line():
    x = np.arange(12).reshape(6, 2)
    for axis in (0, 1, -1):
        shuffled = np.asarray(random.shuffle(x, axis=axis, seed=3))
        assert np.sort(shuffled, axis=axis).tolist() == x.tolist()
        assert shuffled.tolist() != x.tolist()


def test_symbolic_calls():
    x = kerasish.KerasTensor((None, 3))
    generator = random.SeedGenerator(1)
    assert random.dropout(x, 0.5, seed=generator).shape == (None, 3)
    assert random.shuffle(x, seed=generator).shape == (None, 3)
    assert random.categorical(x, 5, seed=generator).dtype == "int32"
    assert random.normal((2, 3), mean=kerasish.KerasTensor((3,)), seed=1).shape == (
        2,
        3,
    )
    assert np.asarray(generator.state).tolist() == [1, 0]  # only shapes were asked for


def test_generator_is_state_of_a_pure_function():
    generator = random.SeedGenerator(4)
    step = backend.jit(
        functional(lambda: random.normal((2,), seed=generator), [generator.state])
    )
    state = [generator.state.value]
    first, state = step(state)
    second, state = step(state)
    assert np.asarray(state[0]).tolist() == [4, 2]
    for drawn in (first, second):
        expected = random.normal((2,), seed=generator)
        np.testing.assert_allclose(np.asarray(drawn), np.asarray(expected), rtol=1e-6)


def test_generator_names_and_config():
    generators = [random.SeedGenerator(s) for s in (3, None)]
    assert [g.name for g in generators] == ["seed_generator", "seed_generator_1"]
    assert generators[0].state.name == "seed_generator_state"
    assert not generators[0].state.trainable
    for generator in generators:
        config = generator.get_config()
        theirs = keras.random.SeedGenerator(generator.seed, name=generator.name)
        assert config == theirs.get_config()
        again = random.SeedGenerator.from_config(config)
        assert again.get_config() == config


def test_gradients_of_dropout():
    run = backend.value_and_grad(
        lambda v: (kerasish.ops.sum(random.dropout(v[0], 0.5, seed=1) * X), ())
    )
    kept = np.asarray(random.dropout(np.ones_like(X), 0.5, seed=1))
    gradient = np.asarray(run([backend.asarray(X)])[1][0])
    np.testing.assert_allclose(gradient, kept * X)
    whole = backend.value_and_grad(
        lambda v: (kerasish.ops.sum(random.dropout(v[0], 1.0, seed=1)), ())
    )
    assert not np.asarray(whole([backend.asarray(X)])[1][0]).any()


ERRORS = [
    (lambda: random.normal((2,), seed="a"), "`seed` must be an integer"),
    (lambda: random.normal((2,), seed=1.5), "got 1.5 of type float"),
    (lambda: random.SeedGenerator("a"), "`seed` must be an integer or None"),
    (lambda: random.uniform((2,), dtype="int32"), "`uniform` needs a float `dtype`"),
    (lambda: random.randint((2,), 0, 9, dtype="float32"), "`randint` needs an integer"),
    (
        lambda: random.categorical(np.ones(3), 2),
        r"\(batch, classes\), got shape \(3,\)",
    ),
    (lambda: random.gamma((2,), 1.0, dtype="int32"), "`gamma` needs a float"),
]


@pytest.mark.parametrize("call, text", ERRORS)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_names_and_signatures_are_those_of_keras():
    theirs = {n for n in dir(keras.random) if callable(getattr(keras.random, n))}
    assert {n for n in theirs if n[0] != "_"} == set(random.__all__)
    for name in random.__all__:
        mine = inspect.signature(getattr(random, name)).parameters.values()
        other = inspect.signature(getattr(keras.random, name)).parameters.values()
        assert [(p.name, p.default, p.kind) for p in mine] == [
            (p.name, p.default, p.kind) for p in other
        ], name


def test_traced_keys_are_taken():
    key = backend.asarray(np.array([3, 0], "uint32"))
    drawn = random.normal((2,), seed=key)
    assert (
        np.asarray(drawn).tolist() == np.asarray(random.normal((2,), seed=3)).tolist()
    )
    assert jnp.shape(drawn) == (2,)
