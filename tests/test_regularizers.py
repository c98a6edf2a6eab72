"""Regularizers: equal to Keras in values, gradients, configs, names, signatures."""

import inspect

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import ops, regularizers

pytestmark = pytest.mark.usefixtures("quick_compilation")

W = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.5}),
    ("L2", {}),
    ("L2", {"l2": 0.5}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1}),
    ("L1L2", {"l1": 0.1, "l2": 0.3}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
PUBLIC = [name for name in dir(keras.regularizers) if name[0] != "_"]


def test_values_and_gradients_equal_keras(close):
    ours = [getattr(regularizers, name)(**options) for name, options in CASES]
    theirs = [getattr(keras.regularizers, name)(**options) for name, options in CASES]

    def total(penalties):
        def run(weights):
            values = [fn(w) + 0 * w.sum() for fn, w in zip(penalties, weights)]
            return sum(values), values

        return run

    run = kerasish.backend.jit(kerasish.backend.value_and_grad(total(ours)))
    (_, values), gradients = run([kerasish.backend.asarray(W) for _ in CASES])
    run = jax.jit(jax.value_and_grad(total(theirs), has_aux=True))
    (_, expected), slopes = run([W for _ in CASES])
    close(values, expected)
    close(gradients, slopes)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_works_symbolically_and_on_variables(name, options, close):
    regularizer = getattr(regularizers, name)(**options)
    assert regularizer(kerasish.KerasTensor((3, 4))).shape == ()
    close(regularizer(kerasish.Variable(W)), regularizer(W))


def same_config(ours, theirs):
    """Keras rounds some factors to float32: 0.01 is 0.009999999776482582 there."""
    return ours.keys() == theirs.keys() and all(
        ours[k] == v if isinstance(v, str) else ours[k] == pytest.approx(v, rel=1e-6)
        for k, v in theirs.items()
    )


@pytest.mark.parametrize(("name", "options"), CASES)
def test_config_equals_keras_and_round_trips(name, options):
    ours = getattr(regularizers, name)(**options)
    theirs = getattr(keras.regularizers, name)(**options)
    assert same_config(ours.get_config(), theirs.get_config())
    config = regularizers.serialize(ours)
    expected = keras.regularizers.serialize(theirs)
    assert {**config, "config": 0} == {**expected, "config": 0}
    again = regularizers.deserialize(config)
    assert type(again) is type(ours) and again.get_config() == ours.get_config()
    theirs = keras.regularizers.deserialize(config)
    assert same_config(theirs.get_config(), ours.get_config())


@pytest.mark.parametrize("name", PUBLIC)
def test_signature_equals_keras(name):
    def arguments(thing):
        parameters = inspect.signature(thing).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    ours, theirs = getattr(regularizers, name), getattr(keras.regularizers, name)
    assert arguments(ours) == arguments(theirs)
    assert ours.__doc__ and ours.__name__ == theirs.__name__


def test_names():
    for name in ("L1", "l1", "L2", "l2", "L1L2", "l1l2", "orthogonal_regularizer"):
        theirs = keras.regularizers.get(name)
        assert type(regularizers.get(name)).__name__ == type(theirs).__name__
    assert isinstance(regularizers.get("l1_l2"), regularizers.L1L2)
    assert regularizers.get(None) is None
    assert isinstance(regularizers.get(regularizers.L2), regularizers.L2)
    config = {"class_name": "L2", "config": {"l2": 0.25}}
    assert regularizers.get(config).l2 == 0.25
    own = ops.sum
    assert regularizers.get(own) is own


def test_own_regularizers():
    class Largest(regularizers.Regularizer):
        def __init__(self, factor=1.0):
            self.factor = factor

        def __call__(self, x):
            return self.factor * ops.max(ops.abs(x))

    with kerasish.saving.custom_object_scope({"Largest": Largest}):
        again = regularizers.deserialize(regularizers.serialize(Largest(2.0)))
    assert float(again(W)) == pytest.approx(2 * np.abs(W).max())
    assert regularizers.Regularizer()(W) == 0.0


ERRORS = [
    (lambda: regularizers.L1(-1.0), "`l1`: expected a non-negative.*got -1.0"),
    (lambda: regularizers.L2("0.1"), "`l2`: expected a non-negative.*got '0.1'"),
    (lambda: regularizers.L1L2(l2=float("nan")), "`l2`: .*got nan"),
    (lambda: regularizers.OrthogonalRegularizer(float("inf")), "`factor`: .*got inf"),
    (
        lambda: regularizers.OrthogonalRegularizer(mode="row"),
        "`mode`: expected 'rows' or 'columns', got 'row'. Did you mean `rows`",
    ),
    (
        lambda: regularizers.OrthogonalRegularizer()(np.zeros((2, 2, 2))),
        r"rank 2; got inputs.shape=\(2, 2, 2\)",
    ),
    (
        lambda: regularizers.get("l1l3"),
        "Could not interpret regularizer identifier: 'l1l3'.*Did you mean `l1l2`",
    ),
]


@pytest.mark.parametrize(("call", "text"), ERRORS, ids=[text for _, text in ERRORS])
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()
