"""Dtype names and promotion equal Keras's."""

import itertools

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from kerasish import config, dtypes

NUMBERS = [n for n in dtypes.WIDER if isinstance(n, str)]
ARGUMENTS = [*NUMBERS, bool, int, float, complex, None, "int"]


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("count", [0, 1, 2])
def test_promotion_equals_keras(count):
    theirs = keras.backend.result_type
    for types in itertools.product(ARGUMENTS, repeat=count):
        assert dtypes.result_type(*types) == theirs(*types), types


def test_promotion_of_three_equals_keras():
    some = ["bool", "uint8", "int8", "uint64", "int64", "bfloat16", "float16"]
    for types in itertools.product([*some, int, float], repeat=3):
        assert dtypes.result_type(*types) == keras.backend.result_type(*types), types


@pytest.mark.parametrize("name", dtypes.NARROW)
def test_64_bits(name):
    assert dtypes.canonical(name) == dtypes.NARROW[name]
    assert dtypes.result_type(name) == keras.backend.result_type(name)
    dtypes.allow_64_bits(True)
    try:
        assert dtypes.canonical(name) == dtypes.result_type(name, name) == name
        assert dtypes.result_type("int32", "float64") == "float64"
        assert dtypes.result_type("int32", "float32") == "float32"
    finally:
        dtypes.allow_64_bits(False)
    assert dtypes.result_type(name, name) == dtypes.NARROW[name]


@pytest.mark.parametrize("floatx", ["bfloat16", "float16"])
def test_weak_float_is_floatx(floatx):
    config.set_floatx(floatx)
    try:
        assert dtypes.result_type() == dtypes.result_type(float) == floatx
        assert dtypes.result_type("int8", float, None) == floatx
        assert dtypes.result_type(int) == "int32"
        assert dtypes.standardize_dtype(None) == floatx
        assert dtypes.standardize_dtype(float) == floatx
    finally:
        config.set_floatx("float32")


@pytest.mark.parametrize("types", [("float8_e5m2",), ("string", "int8"), ("foo",)])
def test_what_does_not_promote(types):
    with pytest.raises(ValueError, match=types[0]):
        dtypes.result_type(*types)
    assert outcome(keras.backend.result_type, *types) is ValueError


ACCEPTED = [
    *sorted(dtypes.NAMES),
    *("int", int, float, bool, str, complex, None),
    *(np.float32, np.bool_, np.int64, np.dtype("int8"), np.float64(1).dtype),
    *(jnp.bfloat16, jnp.dtype("bfloat16"), jnp.float8_e4m3fn, jnp.float8_e5m2),
    "torch.float32",
]
REFUSED = ["foo", "double", "", 3, 3.0, object, np.dtype("O"), np.dtype("<U3"), np.str_]


@pytest.mark.parametrize("dtype", ACCEPTED, ids=str)
def test_standardize_dtype_equals_keras(dtype):
    if dtype is complex:  # Keras knows it in promotion only
        assert dtypes.standardize_dtype(complex) == "complex64"
    else:
        expected = keras.backend.standardize_dtype(dtype)
        assert dtypes.standardize_dtype(dtype) == expected


@pytest.mark.parametrize("dtype", REFUSED, ids=repr)
def test_standardize_dtype_refuses(dtype):
    with pytest.raises(ValueError, match="Invalid dtype"):
        dtypes.standardize_dtype(dtype)
    assert outcome(keras.backend.standardize_dtype, dtype) is ValueError


def test_families():
    for name in dtypes.NAMES:
        assert dtypes.is_float(name) == keras.backend.is_float_dtype(name)
        assert dtypes.is_int(name) == keras.backend.is_int_dtype(name)
