"""Small data for the scripts, and what most of them return."""

import numpy as np

_draw = np.random.default_rng(7)
X = _draw.normal(size=(32, 4)).astype("float32")
_MIX = _draw.normal(size=(4, 3)).astype("float32")
Y = np.tanh(X @ _MIX).astype("float32")
LABELS = (X @ _MIX).argmax(axis=1)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
MULTI_HOT = (X @ _MIX > 0).astype("float32")
BINARY = (X[:, :1] + X[:, 1:2] > 0).astype("float32")
WEIGHTS = _draw.uniform(0.2, 2.0, 32).astype("float32")
WORDS = _draw.integers(1, 9, (32, 5))
WORDS[::3, 3:] = 0  # short sentences are padded with 0


def wave(shape, dtype=None):
    """A custom initializer without any chance in it."""
    return np.sin(1.0 + np.arange(np.prod(shape))).reshape(shape).astype("float32")


def trained(model, history, x):
    """What a user looks at after training: the history and `predict`."""
    return {
        "history": history.history,
        "epoch": history.epoch,
        "predict": model.predict(x, verbose=0),
    }


def results(model, history, x, y, **options):
    """The same and `evaluate`."""
    found = trained(model, history, x)
    return found | {"evaluate": model.evaluate(x, y, verbose=0, **options)}
