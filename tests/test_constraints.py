"""Constraints: equal to Keras in values, configs, names, signatures."""

import inspect

import keras
import numpy as np
import pytest

import kerasish
from kerasish import constraints, ops

pytestmark = pytest.mark.usefixtures("quick_compilation")

W = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
KERNEL = np.random.default_rng(1).normal(size=(3, 3, 2, 4)).astype("float32")
CASES = [
    ("Constraint", {}, W),
    ("MaxNorm", {}, 3 * W),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}, W),
    ("MaxNorm", {"max_value": 1.0, "axis": [0, 1, 2]}, KERNEL),
    ("MaxNorm", {"max_value": 1.0, "axis": None}, W),
    ("MinMaxNorm", {}, W),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.0, "rate": 0.25, "axis": 1}, W),
    ("MinMaxNorm", {"min_value": 1.0, "axis": [0, 1, 2]}, KERNEL),
    ("MinMaxNorm", {"min_value": 1.0}, 0 * W),
    ("NonNeg", {}, W),
    ("UnitNorm", {}, W),
    ("UnitNorm", {"axis": [0, 1, 2]}, KERNEL),
    ("UnitNorm", {}, 0 * W),
]
PUBLIC = [name for name in dir(keras.constraints) if name[0] != "_"]


@pytest.mark.parametrize(("name", "options", "w"), CASES)
def test_values_equal_keras(name, options, w, close):
    ours = getattr(constraints, name)(**options)
    expected = getattr(keras.constraints, name)(**options)(w)
    close(ours(w), expected)
    close(kerasish.backend.jit(ours)(w), expected)
    close(ours(kerasish.Variable(w)), expected)
    half = ours(kerasish.backend.asarray(w, "float16"))
    assert kerasish.backend.dtype_name(half) == "float16"
    assert ours(kerasish.KerasTensor(w.shape)).shape == w.shape


@pytest.mark.parametrize(("name", "options", "w"), CASES)
def test_config_equals_keras_and_round_trips(name, options, w):
    ours = getattr(constraints, name)(**options)
    theirs = getattr(keras.constraints, name)(**options)
    assert ours.get_config() == theirs.get_config()
    config = constraints.serialize(ours)
    assert config == keras.constraints.serialize(theirs)
    again = constraints.deserialize(config)
    assert type(again) is type(ours) and again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", PUBLIC)
def test_signature_equals_keras(name):
    def arguments(thing):
        parameters = inspect.signature(thing).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    ours, theirs = getattr(constraints, name), getattr(keras.constraints, name)
    assert arguments(ours) == arguments(theirs)
    assert ours.__doc__ and ours.__name__ == theirs.__name__


def test_names():
    for name in "MaxNorm max_norm MinMaxNorm min_max_norm NonNeg non_neg".split():
        theirs = keras.constraints.get(name)
        assert type(constraints.get(name)).__name__ == type(theirs).__name__
    assert isinstance(constraints.get("unit_norm"), constraints.UnitNorm)
    assert constraints.get(None) is None
    assert isinstance(constraints.get(constraints.NonNeg), constraints.NonNeg)
    assert constraints.get(ops.abs) is ops.abs


def test_own_constraints(close):
    class Floor(constraints.Constraint):
        def __init__(self, least):
            self.least = least

        def __call__(self, w):
            return ops.maximum(w, self.least)

    with kerasish.saving.custom_object_scope({"Floor": Floor}):
        again = constraints.deserialize(constraints.serialize(Floor(0.5)))
    close(again(W), np.maximum(W, 0.5))


def test_unknown_names():
    text = "Could not interpret constraint identifier: 'nonneg'.*Did you mean `non_neg`"
    with pytest.raises(ValueError, match=text):
        constraints.get("nonneg")
