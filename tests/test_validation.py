"""Validation as a part of the program that trains equals validation apart."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

import kerasish as keras
from kerasish import callbacks, layers
from kerasish.training import validation

pytestmark = pytest.mark.usefixtures("quick_compilation")

X, Y = load_iris(return_X_y=True)
X, Y = X.astype("float32"), Y.astype("int32")
ORDER = np.random.default_rng(3).permutation(len(X))
X, Y = X[ORDER], Y[ORDER]
HELD = X[110:], Y[110:]


class NestedLogs(keras.metrics.Metric):
    """Counts batches; reports a dictionary."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.batches = self.add_weight(name="batches", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.batches.assign_add(1.0)

    def result(self):
        return {"batches": self.batches.value}


def net(**compiling):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(3, activation="softmax"),
        ]
    )
    given = {"metrics": ["accuracy", keras.metrics.F1Score(name="f1")], **compiling}
    y = keras.utils.to_categorical(Y, 3)
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", **given)
    return model, y


def fitted(monkeypatch, inside, hooks=(), compiling=None, **options):
    """History and weights of a training."""
    used = []
    call = validation.Validation.__call__
    monkeypatch.setattr(validation, "SMALL_WORK", 2**28 if inside else -1)

    def watched(self, *args):
        used.append(self.inside)
        return call(self, *args)

    monkeypatch.setattr(validation.Validation, "__call__", watched)
    model, y = net(**(compiling or {}))
    given = {"epochs": 7, "batch_size": 16, "verbose": 0, **options}
    given.setdefault("validation_data", (X[110:], y[110:]))
    history = model.fit(X[:110], y[:110], callbacks=[*hooks], **given)
    assert set(used) <= {inside}
    plain_logs = {key: np.asarray(x).tolist() for key, x in history.history.items()}
    return plain_logs, model


OPTIONS = {
    "plain": {},
    "a short last batch": {"validation_batch_size": 7},
    "weights": {
        "validation_data": (
            HELD[0],
            keras.utils.to_categorical(HELD[1], 3),
            np.linspace(0, 1, 40),
        )
    },
    "a split": {"validation_data": None, "validation_split": 0.3},
    "all rows in one batch": {"batch_size": 256, "epochs": 150},
    "nested logs": {"compiling": {"metrics": [NestedLogs()]}},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("watched", [False, True])
def test_inside_and_apart_are_the_same(name, watched, monkeypatch):
    kind = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs["val_loss"])
    hooks = [kind] if watched else []
    results = []
    for inside in (True, False):
        with monkeypatch.context() as patched:
            history, model = fitted(patched, inside, hooks, **OPTIONS[name])
            results.append((history, model.get_weights(), model.optimizer.iterations))
    (history, weights, steps), (other, other_weights, other_steps) = results
    assert "val_loss" in history
    # Another rounding of the metrics where no loop stands between the programs' parts.
    atol = 1e-6 if name == "all rows in one batch" else 0
    assert history.keys() == other.keys()
    for key in history:
        np.testing.assert_allclose(history[key], other[key], rtol=0, atol=atol)
    for a, b in zip(weights, other_weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(steps) == int(other_steps)


def test_hooks_see_the_same_in_the_same_order(monkeypatch):
    def told(inside):
        seen = []

        class Watch(callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                seen.append(("epoch", epoch))

            def on_test_end(self, logs=None):
                seen.append(("end", str(logs)))

            def on_epoch_end(self, epoch, logs=None):
                seen.append(("done", str(logs)))

        with monkeypatch.context() as patched:
            fitted(patched, inside, [Watch()])
        return seen

    assert told(True) == told(False)


def test_early_stopping_restores_the_best_epoch(monkeypatch):
    found = []
    for inside in (True, False):
        stop = callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=0.02, restore_best_weights=True
        )
        with monkeypatch.context() as patched:
            history, model = fitted(patched, inside, [stop], epochs=300)
        assert len(history["loss"]) < 300
        found.append((history, [w.tolist() for w in model.get_weights()]))
    assert found[0] == found[1]


class Batches(callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


class Weights(callbacks.Callback):
    def on_test_begin(self, logs=None):
        self.model.set_weights([w + 1 for w in self.model.get_weights()])

    def on_test_end(self, logs=None):
        self.model.set_weights([w - 1 for w in self.model.get_weights()])


APART = {
    "other weights": {"hooks": [Weights()]},
    "each second epoch": {"validation_freq": 2},
    "each batch of the validation": {"hooks": [Batches()]},
    "step by step": {"compiling": {"run_eagerly": True}, "epochs": 1},
}


@pytest.mark.parametrize("name", APART)
def test_what_is_watched_closely_stays_apart(name, monkeypatch):
    history, _ = fitted(monkeypatch, False, **APART[name])
    monkeypatch.setattr(validation, "SMALL_WORK", 2**28)
    again, _ = fitted(monkeypatch, False, **APART[name])
    assert history == again
    epochs, each = len(history["loss"]), APART[name].get("validation_freq", 1)
    assert len(history["val_loss"]) == epochs // each


def test_large_work_is_estimated_by_places():
    from kerasish.data import adapt

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()]
    )
    data = adapt(np.zeros((5, 8, 8, 1), "float32"))
    assert validation._work(model, data, data) == 2 * 5 * 64 * 40
