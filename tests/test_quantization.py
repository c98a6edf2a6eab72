"""Quantizers, and layers and models whose weights have few bits."""

import json

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend

Q = kerasish.quantizers
X = np.random.RandomState(0).normal(size=(4, 6)).astype("float32")
# Each two rows have numbers below and above zero.
CROSSING = np.abs(X) * np.array([[1], [-1], [1], [-1]], "float32")
NIBBLES = np.arange(-8, 7, dtype="int8").reshape(5, 3)
FUNCTIONS = [
    ("abs_max_quantize", (X, 0), {}),
    ("abs_max_quantize", (X, (0, 1)), {"value_range": (-8, 7)}),
    ("abs_max_quantize", (X.astype("float16"), -1), {}),
    ("abs_max_quantize", (X, -1), {"value_range": (0, 255), "dtype": "uint8"}),
    ("abs_max_quantize", (X, -1), {"to_numpy": True}),
    ("abs_max_quantize_grouped_with_zero_point", (CROSSING, 4), {}),
    ("abs_max_quantize_grouped_with_zero_point", (CROSSING, 2), {"to_numpy": True}),
    (
        "abs_max_quantize_grouped_with_zero_point",
        (CROSSING, 9),
        {"value_range": (-4, 3)},
    ),
    ("pack_int4", (NIBBLES,), {}),
    ("pack_int4", (NIBBLES,), {"axis": -1}),
    ("pack_int4", ((NIBBLES + 8).astype("uint8"),), {"dtype": "uint8"}),
    ("unpack_int4", (NIBBLES * 9, 5), {"axis": 1}),
    ("unpack_int4", (NIBBLES * 9, 9), {"dtype": "uint8"}),
    ("quantize_and_dequantize", (X, 0.01, "float8_e4m3fn", "float32"), {}),
    ("quantize_and_dequantize", (X, 0.5, "float8_e5m2", "float16"), {}),
    ("compute_float8_amax_history", (X, np.array([1.0, 2.0, 3.0], "float32")), {}),
    ("compute_float8_scale", (np.float32(2.0), np.float32(1.0), 448.0), {}),
    ("compute_float8_scale", (np.float32(2.0), np.float32(1.0), 448.0, 2), {}),
    ("compute_float8_scale", (np.float32(0.0), np.float32(3.0), 448.0), {}),
    ("compute_float8_scale", (np.float32("inf"), np.float32(3.0), 448.0), {}),
    ("fake_quant_with_min_max_vars", (X, -1.0, 1.0), {}),
    ("fake_quant_with_min_max_vars", (X, -0.7, 1.1, 4, True), {}),
    ("fake_quant_with_min_max_vars", (X, 0.2, 1.0), {}),
    ("fake_quant_with_min_max_vars", (X, -0.3, -0.1, 2), {}),
    (
        "fake_quant_with_min_max_vars",
        (X, np.full(6, -1.0), np.linspace(0.5, 1, 6)),
        {"axis": 1},
    ),
]


def flat(result):
    result = result if isinstance(result, tuple) else (result,)
    return [np.asarray(x) for x in result]


@pytest.mark.parametrize("name, args, kwargs", FUNCTIONS)
def test_functions_equal_keras(name, args, kwargs, close):
    mine = flat(getattr(Q, name)(*args, **kwargs))
    other = flat(getattr(keras.quantizers, name)(*args, **kwargs))
    assert [x.dtype for x in mine] == [x.dtype for x in other]
    rough = 1e-3 if other[-1].dtype == "float16" else 1e-6
    for x, y in zip(mine, other, strict=True):
        close(x.astype("float32"), y.astype("float32"), rtol=rough, atol=rough)


def test_functions_take_symbolic_tensors():
    x = kerasish.KerasTensor((None, 6))
    outputs, scale = Q.abs_max_quantize(x, axis=-1)
    assert (outputs.shape, outputs.dtype) == ((None, 6), "int8")
    assert (scale.shape, scale.dtype) == ((None, 1), "float32")
    assert Q.fake_quant_with_min_max_vars(x, -1.0, 1.0).shape == (None, 6)


def test_gradient_of_fake_quantization_equals_keras(close):
    import jax

    args = [X, np.float32(-0.7), np.float32(1.1)]

    def gradient(library, total):
        def loss(x):
            y = library.quantizers.fake_quant_with_min_max_vars(x, -0.7, 1.1, 4)
            return total(y * library.ops.sin(y + np.arange(6, dtype="float32")))

        return loss

    theirs = jax.grad(gradient(keras, jax.numpy.sum))(X)
    mine = backend.value_and_grad(
        lambda xs: (gradient(kerasish, kerasish.ops.sum)(xs[0]), ())
    )
    close(np.asarray(mine([backend.asarray(args[0])])[1][0]), np.asarray(theirs))


def test_blocks_without_zero_are_kept_close_where_keras_loses_them():
    x = np.linspace(1.0, 2.0, 12, dtype="float32").reshape(6, 2)

    def error(library):
        quantizers = library.quantizers
        found = quantizers.abs_max_quantize_grouped_with_zero_point(x, 2)
        outputs, scale, zero = (np.asarray(a, "float32") for a in found)
        back = (outputs - zero.repeat(2, 0)) * scale.repeat(2, 0)
        return np.abs(back - x).max()

    assert error(kerasish) < 0.07
    assert error(keras) > 0.5


QUANTIZERS = [
    ("AbsMaxQuantizer", {}),
    ("AbsMaxQuantizer", {"axis": 0, "value_range": (-8, 7)}),
    ("Int8QuantizationConfig", {}),
    ("Int8QuantizationConfig", {"activation_quantizer": None}),
    ("Int4QuantizationConfig", {}),
    ("Int4QuantizationConfig", {"block_size": None}),
    ("Float8QuantizationConfig", {}),
    ("GPTQConfig", {"dataset": ["a"], "tokenizer": None, "weight_bits": 3}),
    ("AWQConfig", {"dataset": ["a"], "tokenizer": None, "group_size": -1}),
]


@pytest.mark.parametrize("name, kwargs", QUANTIZERS)
def test_objects_and_their_configs_equal_keras(name, kwargs):
    ours, theirs = (
        getattr(lib.quantizers, name)(**kwargs) for lib in (kerasish, keras)
    )
    config = Q.serialize(ours)
    other = keras.quantizers.serialize(theirs)
    assert json.loads(json.dumps(config)) == json.loads(json.dumps(other))
    again = Q.deserialize(json.loads(json.dumps(config)))
    assert type(again) is type(ours)
    assert Q.serialize(again) == config
    assert Q.get(config).get_config() == ours.get_config()
    if hasattr(theirs, "mode"):
        assert ours.mode == theirs.mode
    if hasattr(theirs, "dtype_policy_string"):
        assert ours.dtype_policy_string() == theirs.dtype_policy_string()


def test_quantizers_are_found():
    assert Q.get(None) is None
    assert isinstance(Q.get("AbsMaxQuantizer"), Q.AbsMaxQuantizer)
    assert Q.get(Q.AbsMaxQuantizer, axis=1).axis == (1,)
    assert kerasish.Quantizer is Q.Quantizer
    assert Q.Quantizer()(X) is X
    outputs, scale = Q.AbsMaxQuantizer(axis=0)(X, axis=1, to_numpy=True)
    assert (outputs.shape, scale.shape) == ((4, 6), (4, 1))
    with pytest.raises(ValueError, match="quantizer identifier: 'nope' is unknown"):
        Q.get("nope")


MISTAKES = [
    (lambda: Q.pack_int4(NIBBLES.astype("int32")), TypeError, "not 'int32'"),
    (lambda: Q.pack_int4(NIBBLES, dtype="int16"), ValueError, "or 'uint8', not"),
    (lambda: Q.unpack_int4(X, 4), TypeError, "`packed` must be of dtype 'int8'"),
    (lambda: Q.fake_quant_with_min_max_vars(X, -1, 1, 1, True), ValueError, "no two"),
    (
        lambda: Q.abs_max_quantize_grouped_with_zero_point(X[0], 2),
        ValueError,
        r"must be a matrix, but its shape is \(6,\)",
    ),
    (lambda: Q.AbsMaxQuantizer(value_range=(-500, 3)), ValueError, "not fit int8"),
    (lambda: Q.Int8QuantizationConfig("foo"), ValueError, "`weight_quantizer` of Int8"),
    (lambda: Q.Int4QuantizationConfig(block_size=0), ValueError, "-1 or a positive"),
    (
        lambda: Q.Int4QuantizationConfig(Q.AbsMaxQuantizer()),
        ValueError,
        "take no quantizers: pass `block_size=None`",
    ),
    (lambda: Q.GPTQConfig([], None, weight_bits=7), ValueError, r"\(2, 3, 4, 8\), not"),
    (lambda: Q.AWQConfig([], None, num_grid_points=0), ValueError, "`num_grid_points`"),
    (lambda: Q.GPTQConfig([], None, hessian_damping=3), ValueError, "between 0 and 1"),
]


@pytest.mark.parametrize("make, error, message", MISTAKES)
def test_mistakes_are_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()
