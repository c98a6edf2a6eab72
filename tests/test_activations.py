"""Activations: equal to Keras in values, gradients, names and signatures."""

import inspect
import os

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import activations, ops

NUMPY = os.environ.get("KERASISH_BACKEND") == "numpy"
# No kink of any function lies on these points.
X = np.float32(
    [[-7.1, -3.2, -1.3, -0.7, -0.2, 0.1], [0.3, 0.6, 1.4, 2.5, 5.5, 8.2]],
)
CASES = [
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("elu", {}),
    ("elu", {"alpha": 0.5}),
    ("exponential", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("glu", {}),
    ("glu", {"axis": 0}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.0}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("linear", {}),
    ("log_sigmoid", {}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("mish", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 6}),
    ("relu", {"max_value": 2.0, "threshold": 0.5}),
    ("relu", {"threshold": -1.0}),
    ("relu", {"negative_slope": 0.1, "max_value": 3.0, "threshold": 1.0}),
    ("relu6", {}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.0}),
    ("softmax", {}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": (0, 1)}),
    ("softplus", {}),
    ("softsign", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("sparsemax", {}),
    ("sparsemax", {"axis": 0}),
    ("squareplus", {}),
    ("squareplus", {"b": 1}),
    ("swish", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 1.0, "default_value": -3.0}),
]
PUBLIC = [name for name in dir(keras.activations) if name[0] != "_"]
FUNCTIONS = [n for n in PUBLIC if n not in ("get", "serialize", "deserialize")]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_values_and_gradients_equal_keras(name, options, close):
    ours = getattr(activations, name)
    theirs = getattr(keras.activations, name)

    def mine(arrays):
        y = ours(arrays[0], **options)
        return ops.sum(y**2), y

    def other(x):
        y = theirs(x, **options)
        return keras.ops.sum(y**2), y

    run = kerasish.backend.jit(kerasish.backend.value_and_grad(mine))
    (_, values), gradients = run([kerasish.backend.asarray(X)])
    (_, expected), gradient = jax.jit(jax.value_and_grad(other, has_aux=True))(X)
    close(values, expected)
    close(gradients[0], gradient, atol=1e-5)
    assert kerasish.backend.dtype_name(gradients[0]) == "float32"


@pytest.mark.parametrize(("name", "options"), CASES)
def test_symbolic_shape_and_eager_values(name, options, close):
    fn = getattr(activations, name)
    y = fn(X, **options)
    close(y, getattr(keras.activations, name)(X, **options))
    symbolic = fn(kerasish.KerasTensor((2, 6)), **options)
    assert symbolic.shape == y.shape and symbolic.dtype == "float32"
    if options.get("axis", -1) == -1:
        assert fn(kerasish.KerasTensor((None, 6)), **options).shape[0] is None


def test_every_function_has_a_row():
    assert set(FUNCTIONS) == {name for name, _ in CASES}


@pytest.mark.parametrize("name", PUBLIC)
def test_signature_equals_keras(name):
    def arguments(thing):
        parameters = inspect.signature(thing).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    ours = getattr(activations, name)
    assert arguments(ours) == arguments(getattr(keras.activations, name))
    assert ours.__doc__


@pytest.mark.parametrize("name", FUNCTIONS)
def test_names_round_trip_as_in_keras(name):
    ours, theirs = activations.get(name), keras.activations.get(name)
    assert ours is getattr(activations, name)
    written = activations.serialize(ours)
    assert written == keras.activations.serialize(theirs)
    assert activations.deserialize(written) is ours
    assert activations.get(written) is ours


def test_get_takes_none_functions_configs_and_custom_objects():
    def own(x):
        return x + 1

    assert activations.get(None) is activations.linear
    assert activations.get(own) is own
    with kerasish.saving.custom_object_scope({"own": own}):
        assert activations.get("own") is own
        assert activations.get(activations.serialize(own)) is own


def test_lists_integers_and_half_precision(close):
    assert np.asarray(activations.relu([-1, 2])).tolist() == [0, 2]
    assert np.asarray(activations.relu(np.array([-1, 2]))).dtype.kind == "i"
    close(activations.mish([1.0]), keras.activations.mish([1.0]))
    half = kerasish.backend.asarray(X, "float16")
    for name, options in CASES:
        y = getattr(activations, name)(half, **options)
        assert kerasish.backend.dtype_name(y) == "float16", name


def test_extreme_values_stay_finite():
    x = np.float32([[-1e4, 1e4, -100.0, 100.0]])
    for name, options in CASES:
        if name in ("exponential", "squareplus") or options.get("axis") == 0:
            continue
        assert np.isfinite(np.asarray(getattr(activations, name)(x, **options))).all()


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("rellu", "activation function identifier: 'rellu'.*Did you mean `relu`"),
        ("nonesuch", "activation function identifier: 'nonesuch' is unknown"),
        (5, "activation function identifier: 5 is neither a string"),
    ],
)
def test_unknown_identifiers(identifier, text):
    with pytest.raises(ValueError, match=f"Could not interpret {text}"):
        activations.get(identifier)


def test_a_lambda_cannot_be_serialized():
    with pytest.raises(ValueError, match="lambda"):
        activations.serialize(lambda x: x)
