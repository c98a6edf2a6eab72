"""Activations: equal to Keras in values, gradients, names and signatures."""

import inspect

import jax
import keras
import numpy as np
import pytest

import kerasish
from kerasish import activations, ops

pytestmark = pytest.mark.usefixtures("quick_compilation")

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


@pytest.fixture(scope="module")
def computed():
    """Values and gradients of all cases, ours and Keras's, in one program each."""

    def total(functions, ops):
        def run(arrays):
            values = [
                fn(x, **options)
                for fn, x, (_, options) in zip(functions, arrays, CASES, strict=True)
            ]
            return sum(ops.sum(y**2) for y in values), values

        return run

    ours = total([getattr(activations, name) for name, _ in CASES], ops)
    ours = kerasish.backend.jit(kerasish.backend.value_and_grad(ours))
    (_, values), gradients = ours([kerasish.backend.asarray(X) for _ in CASES])
    theirs = total([getattr(keras.activations, name) for name, _ in CASES], keras.ops)
    theirs = jax.jit(jax.value_and_grad(theirs, has_aux=True))
    (_, expected), slopes = theirs([X for _ in CASES])
    return values, gradients, expected, slopes


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{n}-{o}" for n, o in CASES])
def test_values_and_gradients_equal_keras(i, computed, close):
    values, gradients, expected, slopes = (part[i] for part in computed)
    if CASES[i] == ("sparsemax", {}):
        close(values.sum(-1), np.ones(2))  # in Keras the first row sums to 0.9
        values, expected, gradients, slopes = values[1:], expected[1:], 0, 0
    close(values, expected)
    close(gradients, slopes, atol=1e-5)
    assert kerasish.backend.dtype_name(values) == "float32"


@pytest.mark.parametrize(("name", "options"), CASES)
def test_symbolic_shape_and_dtype(name, options):
    fn = getattr(activations, name)
    shape = {"glu": [(2, 3), (1, 6)][options.get("axis") == 0]}.get(name, (2, 6))
    for dtype in ("float32", "float16"):
        y = fn(kerasish.KerasTensor((2, 6), dtype), **options)
        assert y.shape == shape and y.dtype == dtype
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


def test_lists_and_integers(close):
    assert np.asarray(activations.relu([-1, 2])).tolist() == [0, 2]
    assert np.asarray(activations.relu(np.array([-1, 2]))).dtype.kind == "i"
    close(activations.mish([1.0]), keras.activations.mish([1.0]))


def test_extreme_values_stay_finite():
    unbounded = ("exponential", "squareplus")
    rows = [c for c in CASES if c[0] not in unbounded and c[1].get("axis") != 0]

    def run(x):
        return [getattr(activations, name)(x, **options) for name, options in rows]

    x = np.float32([[-1e4, 1e4, -100.0, 100.0]])
    for (name, _), y in zip(rows, kerasish.backend.jit(run)(x), strict=True):
        assert np.isfinite(np.asarray(y)).all(), name


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
