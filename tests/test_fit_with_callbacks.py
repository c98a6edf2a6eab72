"""Real training with callbacks and all kinds of data, beside Keras's own `fit`."""

import itertools

import keras
import numpy as np
import pytest

import kerasish

# Keras's own, with NumPy 2:
pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
]

draw = np.random.default_rng(3)
X = draw.normal(size=(40, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5] > 0).astype("int32")
KERNEL = draw.normal(size=(3, 2)).astype("float32") / 2


def model(library):
    made = library.Sequential(
        [library.Input((3,)), library.layers.Dense(2, activation="softmax")]
    )
    made.compile(
        library.optimizers.SGD(0.5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    made.set_weights([KERNEL, np.zeros(2)])
    return made


def histories(fit):
    """Run `fit(model, library)` in both libraries; return the two histories."""
    found = []
    for library in (kerasish, keras):
        made = model(library)
        found.append((fit(made, library).history, made.get_weights()))
    return found


def batches(count, size=10):
    for start in itertools.islice(itertools.cycle(range(0, 40, size)), count):
        yield X[start : start + size], Y[start : start + size]


def dataset(library):
    class Slices(library.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]

    return Slices()  # with workers Keras trains in another order


def arrays(made, library, callbacks=(), **more):
    more = {"epochs": 6, "batch_size": 16, "shuffle": False, "verbose": 0, **more}
    return made.fit(X, Y, callbacks=list(callbacks), **more)


FITS = {
    "plain": arrays,
    "split": lambda m, k: arrays(m, k, validation_split=0.3),
    "early stopping": lambda m, k: arrays(
        m,
        k,
        [
            k.callbacks.EarlyStopping(
                "val_accuracy", patience=2, restore_best_weights=True
            )
        ],
        validation_split=0.3,
        epochs=20,
    ),
    "plateau": lambda m, k: arrays(
        m, k, [k.callbacks.ReduceLROnPlateau("loss", 0.5, 1, min_delta=0.05)]
    ),
    "schedule": lambda m, k: arrays(
        m, k, [k.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.8)]
    ),
    "lambda stops": lambda m, k: arrays(
        m,
        k,
        [
            k.callbacks.LambdaCallback(
                on_epoch_end=lambda e, logs: setattr(m, "stop_training", e == 2)
            )
        ],
    ),
    "class weights": lambda m, k: arrays(m, k, class_weight={0: 3.0, 1: 0.5}),
    "sample weights": lambda m, k: arrays(m, k, sample_weight=np.arange(40.0)),
    "steps": lambda m, k: arrays(m, k, steps_per_epoch=2, batch_size=10),
    "generator": lambda m, k: m.fit(
        batches(12), steps_per_epoch=4, epochs=3, verbose=0, shuffle=False
    ),
    "dataset": lambda m, k: m.fit(dataset(k), epochs=3, verbose=0, shuffle=False),
}


@pytest.mark.parametrize("name", FITS)
def test_history_and_weights_equal_those_of_keras(name, close):
    (mine, my_weights), (other, other_weights) = histories(FITS[name])
    assert list(mine) == list(other)
    close(mine, other, rtol=1e-4, atol=1e-5)
    close(my_weights, other_weights, rtol=1e-4, atol=1e-5)


def test_batch_logs_equal_those_of_keras(close):
    seen = []

    def record(made, library):
        rows = []
        seen.append(rows)
        hooks = {
            "on_train_batch_begin": lambda batch, logs: rows.append((batch, 0, {})),
            "on_train_batch_end": lambda batch, logs: rows.append((batch, 1, {**logs})),
            "on_test_batch_end": lambda batch, logs: rows.append((batch, 2, {**logs})),
        }
        callback = library.callbacks.LambdaCallback(**hooks)
        return arrays(made, library, [callback], epochs=2, validation_split=0.3)

    histories(record)
    assert [row[:2] for row in seen[0]] == [row[:2] for row in seen[1]]
    for mine, other in zip(*seen, strict=True):
        close(mine[2], other[2], rtol=1e-4)


def test_checkpoints_can_be_loaded(tmp_path):
    made = model(kerasish)
    path = tmp_path / "best.weights.h5"
    saver = kerasish.callbacks.ModelCheckpoint(
        path, "accuracy", save_best_only=True, save_weights_only=True
    )
    history = arrays(made, kerasish, [saver])
    assert saver.best == max(history.history["accuracy"])
    fresh = model(kerasish)
    fresh.load_weights(path)
    assert fresh.get_weights()[0].shape == (3, 2)


def test_nan_stops_a_training_at_once(capsys):
    bad = X.copy()
    bad[5] = np.nan
    made = model(kerasish)
    guard = kerasish.callbacks.TerminateOnNaN()
    with pytest.warns(UserWarning, match="NaN"):
        history = made.fit(bad, Y, epochs=9, verbose=0, callbacks=[guard])
    assert len(history.history["loss"]) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out


def test_nothing_is_read_that_nobody_asks_for(monkeypatch):
    """A callback on batches that ignores its logs makes no number come to the host."""
    from kerasish.callbacks import logs

    loads = []
    load = logs.LazyLogs._load
    monkeypatch.setattr(
        logs.LazyLogs, "_load", lambda self: (loads.append(1), load(self))
    )
    count = []
    callback = kerasish.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: count.append(batch)
    )
    arrays(model(kerasish), kerasish, [callback])
    assert len(count) == 6 * 3 and not loads
