"""Utilities for data and seeds against those of Keras."""

import inspect
import random

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend, utils

CATEGORICAL = [
    ([0, 2, 1], None),
    ([0, 2, 1], 5),
    ([[1], [0]], None),
    ([[1, 0], [2, 2]], 3),
    (2, 4),
    ([1.0, 0.0], None),
    (np.array([[[1]], [[3]]], "uint8"), None),
]


@pytest.mark.parametrize("x, num_classes", CATEGORICAL)
def test_to_categorical_equals_keras(x, num_classes):
    ours = utils.to_categorical(x, num_classes)
    theirs = keras.utils.to_categorical(x, num_classes)
    assert ours.dtype == theirs.dtype and isinstance(ours, np.ndarray)
    np.testing.assert_array_equal(ours, theirs)


def test_to_categorical_of_tensors():
    y = utils.to_categorical(backend.asarray([[0], [2]]), 3)
    assert backend.is_array(y)
    assert np.asarray(y).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert utils.to_categorical(backend.asarray([0, 2])).shape == (2, 3)


@pytest.mark.parametrize("x, wrong", [([0, 3], [3]), ([-1, 0], [-1])])
def test_to_categorical_refuses_numbers_out_of_range(x, wrong):
    with pytest.raises(ValueError, match=f"num_classes - 1 = 2, got \\{wrong}"):
        utils.to_categorical(x, 3)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_normalize_gives_norm_one(axis, order):
    x = np.random.default_rng(0).normal(size=(3, 4))
    x[:, 1] = x[2] = 0
    ours = utils.normalize(x, axis, order)
    norms = np.linalg.norm(ours, order, axis)
    np.testing.assert_allclose(norms[norms > 0], 1)
    assert ours.shape == x.shape and (norms == 0).sum() == 1
    if axis != 0:  # Keras divides by the norms of another axis
        np.testing.assert_allclose(ours, keras.utils.normalize(x, axis, order))
    if order != np.inf:
        tensor = utils.normalize(backend.asarray(x, "float32"), axis, order)
        assert backend.is_array(tensor)
        np.testing.assert_allclose(tensor, ours, atol=1e-6)


SEQUENCES = [[1], [2, 3], [4, 5, 6, 7], []]
VECTORS = [[[1, 2]], [[3, 4], [5, 6], [7, 8]]]
PADDED = [
    (SEQUENCES, {}),
    (SEQUENCES, {"maxlen": 3}),
    (SEQUENCES, {"maxlen": 3, "padding": "post", "truncating": "post"}),
    (SEQUENCES, {"maxlen": 2, "truncating": "post", "value": -1.5, "dtype": "float32"}),
    (VECTORS, {"padding": "post"}),
    (VECTORS, {"maxlen": 2}),
    ([["a"], ["b", "cd"]], {"dtype": object, "value": "pad"}),
    ([["a"], ["b", "cd"]], {"dtype": "<U3", "value": "pad"}),
    ([np.arange(3), np.arange(5)], {"dtype": "int64"}),
]


@pytest.mark.parametrize("sequences, kwargs", PADDED)
def test_pad_sequences_equals_keras(sequences, kwargs):
    ours = utils.pad_sequences(sequences, **kwargs)
    theirs = keras.utils.pad_sequences(sequences, **kwargs)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_pad_sequences_where_keras_fails():
    assert utils.pad_sequences([[1, 2], [3]], maxlen=0).shape == (2, 0)
    assert utils.pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    "sequences, kwargs, message",
    [
        (3, {}, "must be a list or array of sequences, got int"),
        ([[1], 2], {}, "entry 1 is 2"),
        ([[1]], {"padding": "left"}, "`padding` must be 'pre' or 'post', got 'left'"),
        ([[1]], {"truncating": "x"}, "`truncating` must be"),
        ([[[1, 2]], [[1]]], {}, r"`sequences\[1\]` has shape \(1,\), .* shape \(2,\)"),
        ([[1]], {"value": "pad"}, "set `dtype=object`"),
    ],
)
def test_pad_sequences_says_what_is_wrong(sequences, kwargs, message):
    with pytest.raises(ValueError, match=message):
        utils.pad_sequences(sequences, **kwargs)


def draws():
    return (
        random.random(),
        np.random.rand(),
        np.asarray(kerasish.random.normal((2,))).tolist(),
        kerasish.initializers.GlorotUniform()((2, 2)).tolist(),
    )


def test_a_seed_fixes_every_generator():
    utils.set_random_seed(3)
    first, second = draws(), draws()
    utils.set_random_seed(3)
    assert draws() == first and draws() == second
    utils.set_random_seed(4)
    assert all(a != b for a, b in zip(draws(), first))


@pytest.mark.parametrize("seed", [1.0, None, -1, 2**32])
def test_a_seed_is_an_integer_of_32_bits(seed):
    with pytest.raises(ValueError, match=r"from 0 to 2\*\*32 - 1"):
        utils.set_random_seed(seed)


def test_clear_session_counts_names_anew():
    assert [kerasish.metrics.AUC().name for _ in range(2)] == ["auc", "auc_1"]
    utils.clear_session()
    assert kerasish.metrics.AUC().name == "auc"


def test_every_public_name_with_its_signature():
    for name in dir(keras.utils):
        theirs = getattr(keras.utils, name)
        if name[0] == "_" or not callable(theirs):
            continue
        ours = inspect.signature(getattr(utils, name)).parameters.values()
        other = inspect.signature(theirs).parameters.values()
        assert [(p.name, p.kind, p.default) for p in ours] == [
            (p.name, p.kind, p.default) for p in other
        ], name


def test_keras_tensors_are_recognised():
    assert utils.is_keras_tensor(kerasish.KerasTensor((None, 2)))
    assert not utils.is_keras_tensor(np.zeros(2))
