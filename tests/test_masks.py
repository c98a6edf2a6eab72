"""Masks: a padded batch gives the numbers of the samples without padding."""

import keras
import numpy as np
import pytest

import kerasish

TOKENS = np.array([[3, 1, 4, 0, 0], [1, 5, 9, 2, 0], [6, 5, 0, 0, 0]])
LAYERS = [
    ("SimpleRNN", {"units": 3}),
    ("LSTM", {"units": 3}),
    ("GRU", {"units": 3}),
    ("GlobalAveragePooling1D", {}),
]


def model_of(library, name, kwargs, dtype="float32"):
    L = library.layers
    layers = [
        L.Embedding(10, 4, mask_zero=True, dtype=dtype),
        L.Dropout(0.1, dtype=dtype),
        L.Dense(4, activation="tanh", dtype=dtype),
        getattr(L, name)(**kwargs, dtype=dtype),
    ]
    return library.Sequential([library.Input((None,), dtype="int32"), *layers])


@pytest.mark.parametrize("name, kwargs", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padding_changes_nothing(name, kwargs, dtype, close):
    ours, theirs = (model_of(lib, name, kwargs, dtype) for lib in (kerasish, keras))
    random = np.random.RandomState(0)
    values = [random.uniform(-1, 1, w.shape) for w in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    rough = 1e-5 if dtype == "float32" else 0.03
    padded = np.asarray(ours(TOKENS), "float32")
    close(padded, np.asarray(theirs(TOKENS), "float32"), atol=rough, rtol=rough)
    for row, expected in zip(TOKENS, padded):
        alone = np.asarray(ours(row[None, row != 0]), "float32")[0]
        close(alone, expected, atol=rough, rtol=rough)
