"""Layers of features and texts: laws over those that work on the host, and each."""

import inspect
import json

import keras
import numpy as np
import pytest
from layers_features import HOST

import kerasish
from kerasish import backend
from kerasish.registry import deserialize_keras_object, serialize_keras_object

pytestmark = pytest.mark.usefixtures("quick_compilation")

L = kerasish.layers
catalogue = pytest.mark.parametrize("row", HOST, ids=str)


def made(row, **more):
    return getattr(L, row.name)(**row.kwargs | {"name": "it"} | more)


def equal(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    else:
        assert found.tolist() == expected.tolist()


# --- the laws over layers on the host -------------------------------------------------


@catalogue
def test_results_are_those_of_keras(row):
    layer = made(row)
    outputs = layer(row.inputs)
    equal(outputs, row.expected)
    if layer.output_dtype != "string":
        assert backend.dtype_name(outputs) == layer.output_dtype
    if row.vocabulary is not None:
        assert layer.get_vocabulary() == row.vocabulary
        assert layer.vocabulary_size() == len(row.vocabulary)


@catalogue
def test_lists_and_objects_are_as_good_as_arrays(row):
    several = isinstance(row.inputs, list)
    parts = row.inputs if several else [row.inputs]
    for change in (np.ndarray.tolist, lambda a: a.astype(object)):
        if several and change is np.ndarray.tolist:
            continue
        changed = [change(part) for part in parts]
        equal(made(row)(changed if several else changed[0]), row.expected)


@catalogue
def test_config_round_trip(row):
    layer = made(row)
    config = json.loads(json.dumps(serialize_keras_object(layer)))
    again = deserialize_keras_object(config)
    assert again.get_config() == layer.get_config()
    equal(again(row.inputs), row.expected)


@catalogue
def test_symbolic_shape_is_the_real_one(row):
    def symbol(array):
        kind = "string" if array.dtype.kind == "U" else array.dtype.name
        return kerasish.KerasTensor((None, *array.shape[1:]), kind)

    several = isinstance(row.inputs, list)
    parts = [symbol(part) for part in (row.inputs if several else [row.inputs])]
    found = made(row)(parts if several else parts[0])
    real = np.shape(row.expected)
    assert len(found.shape) == len(real)
    assert all(a in (None, b) for a, b in zip(found.shape, real))
    assert found.dtype == made(row).output_dtype


@catalogue
def test_keras_knows_the_arguments_of_the_config(row):
    known = inspect.signature(getattr(keras.layers, row.name).__init__).parameters
    others = {"name", "trainable", "dtype", "vocabulary_size", "oov_method"}
    assert set(made(row).get_config()) - others <= set(known)
