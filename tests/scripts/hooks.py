"""Callbacks: ready-made ones and custom ones."""

import csv
import json
import warnings

import numpy as np

from .data import BINARY, LABELS, X, Y, results


def _model(keras, same, rate=0.1):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile(
        keras.optimizers.SGD(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return same(model)


def _fit(model, callbacks, **options):
    options = {"batch_size": 16, "epochs": 3, **options}
    return model.fit(
        X, LABELS, callbacks=callbacks, verbose=0, shuffle=False, **options
    )


def all_hooks(keras, same):
    """Every hook in its order with its arguments, in fit, evaluate and predict."""
    seen = []

    class Recorder(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            known = {key: self.params[key] for key in ("epochs", "steps", "verbose")}
            seen.append(["train begin", known, dict(logs or {})])

        def on_train_end(self, logs=None):
            seen.append(["train end", dict(logs)])

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(["epoch begin", epoch, dict(logs or {})])

        def on_epoch_end(self, epoch, logs=None):
            seen.append(["epoch end", epoch, dict(logs)])

        def on_train_batch_begin(self, batch, logs=None):
            seen.append(["train batch begin", batch])

        def on_train_batch_end(self, batch, logs=None):
            seen.append(["train batch end", batch, dict(logs)])

        def on_test_begin(self, logs=None):
            seen.append(["test begin", dict(logs or {})])

        def on_test_end(self, logs=None):
            seen.append(["test end", dict(logs)])

        def on_test_batch_begin(self, batch, logs=None):
            seen.append(["test batch begin", batch])

        def on_test_batch_end(self, batch, logs=None):
            seen.append(["test batch end", batch, dict(logs)])

        def on_predict_begin(self, logs=None):
            seen.append(["predict begin"])

        def on_predict_end(self, logs=None):
            seen.append(["predict end"])

        def on_predict_batch_begin(self, batch, logs=None):
            seen.append(["predict batch begin", batch])

        def on_predict_batch_end(self, batch, logs=None):
            seen.append(["predict batch end", batch, logs["outputs"].shape])

    model, recorder = _model(keras, same), Recorder()
    _fit(model, [recorder], epochs=2, validation_data=(X[:16], LABELS[:16]))
    model.evaluate(X, LABELS, batch_size=16, verbose=0, callbacks=[recorder])
    model.predict(X, batch_size=16, verbose=0, callbacks=[recorder])
    return seen


def weights_of_epochs(keras, same):
    """A callback looks into the model: weights, predictions, evaluation."""

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.norms, self.guesses, self.scores = [], [], []

        def on_train_batch_end(self, batch, logs=None):
            self.norms.append(float(np.linalg.norm(self.model.get_weights()[0])))

        def on_epoch_end(self, epoch, logs=None):
            self.guesses.append(self.model.predict(X, verbose=0)[0])
            score = self.model.evaluate(X, LABELS, verbose=0, return_dict=True)
            self.scores.append(score)

    watch = Watch()
    history = _fit(_model(keras, same), [watch])
    found = {"norms": watch.norms, "guesses": watch.guesses, "scores": watch.scores}
    return found | {"history": history.history}


def stop_training(keras, same):
    """`self.model.stop_training`, at the end of an epoch and amid one."""

    class Enough(keras.callbacks.Callback):
        def __init__(self, accuracy):
            super().__init__()
            self.accuracy = accuracy

        def on_epoch_end(self, epoch, logs=None):
            if logs["accuracy"] >= self.accuracy:
                self.model.stop_training = True

    class Amid(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    model = _model(keras, same, rate=1.0)
    first = _fit(model, [Enough(0.6)], epochs=40)
    second = _fit(model, [Amid()], batch_size=8)
    return {
        "histories": [first.history, second.history],
        "epochs": [first.epoch, second.epoch],
        "weights": model.get_weights(),
    }


def early_stopping(keras, same):
    """Patience, and the best weights come back."""
    model = _model(keras, same, rate=30.0)
    stopper = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=3, restore_best_weights=True, start_from_epoch=1
    )
    history = _fit(model, [stopper], epochs=30, validation_split=0.25, batch_size=24)
    found = results(model, history, X, LABELS)
    return found | {"stopped": stopper.stopped_epoch, "best": stopper.best_epoch}


def plateau(keras, same):
    """The learning rate falls when nothing gets better; it is in the history."""
    model = _model(keras, same, rate=2.0)
    reducer = keras.callbacks.ReduceLROnPlateau(
        "loss", factor=0.3, patience=1, min_delta=0.05, cooldown=1, min_lr=0.01
    )
    history = _fit(model, [reducer], epochs=10, batch_size=32)
    return {
        "history": history.history,
        "rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
    }


def rate_schedulers(keras, same):
    """The learning rate by a function of the epoch; by hand before each batch."""

    class Warmup(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_begin(self, batch, logs=None):
            self.steps += 1
            self.model.optimizer.learning_rate.assign(0.02 * self.steps)

    model = _model(keras, same)
    scheduler = keras.callbacks.LearningRateScheduler(
        lambda epoch, rate: rate * 0.5 if epoch else 0.4
    )
    first = _fit(model, [scheduler])
    second = _fit(model, [Warmup()])
    return {
        "histories": [first.history, second.history],
        "rate": float(model.optimizer.learning_rate.value),
    }


def checkpoints(keras, same, tmp_path):
    """The best weights in a file, and one file for each epoch; all can be loaded."""
    best = tmp_path / "best.weights.h5"
    model = _model(keras, same, rate=8.0)
    savers = [
        keras.callbacks.ModelCheckpoint(
            str(best), "val_loss", save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.ModelCheckpoint(
            str(tmp_path / "{epoch:02d}-{val_accuracy:.2f}.h5"), save_freq="epoch"
        ),
    ]
    history = _fit(model, savers, epochs=4, batch_size=24, validation_split=0.25)
    last = model.get_weights()
    model.load_weights(best)
    names = sorted(path.name for path in tmp_path.iterdir())
    reloaded = keras.models.load_model(tmp_path / names[0], compile=False)
    return {
        "history": history.history,
        "last": last,
        "best": model.get_weights(),
        "first": reloaded.get_weights(),
        "names": names,
    }


def csv_log(keras, same, tmp_path):
    """A table of the training in a file, continued by a second one."""
    path = tmp_path / "log.csv"
    model = _model(keras, same)
    _fit(model, [keras.callbacks.CSVLogger(str(path), separator=";")], epochs=2)
    again = keras.callbacks.CSVLogger(str(path), separator=";", append=True)
    _fit(model, [again], initial_epoch=2, epochs=4)
    with open(path) as file:
        header, *rows = csv.reader(file, delimiter=";")
    columns = header.index("val_accuracy")
    numbers = [[float(cell) for cell in row[:columns]] for row in rows]
    return {"header": header, "rows": numbers, "rest": [row[columns:] for row in rows]}


def lambda_callback(keras, same, tmp_path):
    """Functions as hooks: a log in JSON, weights after each epoch."""
    log, kernels = tmp_path / "log.json", []
    model = _model(keras, same)
    with open(log, "w") as file:

        def write(epoch, logs):
            line = {"epoch": epoch, "loss": float(logs["loss"])}
            file.write(json.dumps(line) + "\n")

        callbacks = [
            keras.callbacks.LambdaCallback(on_epoch_end=write),
            keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: kernels.append(
                    model.layers[0].kernel.numpy().copy()
                )
            ),
        ]
        _fit(model, callbacks)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {"lines": lines, "kernels": kernels}


def terminate_on_nan(keras, same):
    """A learning rate beyond all reason ends the training at once."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(1e30), "mse")
    same(model)
    seen = []

    class Batches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one of the two says more than the other
        history = model.fit(
            X, Y, batch_size=8, epochs=5, verbose=0, shuffle=False,
            callbacks=[keras.callbacks.TerminateOnNaN(), Batches()],
        )  # fmt: skip
    finite = bool(np.isfinite(history.history["loss"][-1]))
    return {"finite": finite, "epochs": len(history.epoch), "batches": seen}


def callback_list(keras, same):
    """The container that hand-written loops use, and a `History` passed in."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    same(model)
    seen = []
    hook = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append([epoch, dict(logs)])
    )
    callbacks = keras.callbacks.CallbackList(
        [hook], add_history=True, model=model, epochs=2
    )
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        loss = model.train_on_batch(X, BINARY)
        callbacks.on_epoch_end(epoch, {"loss": float(loss)})
    callbacks.on_train_end()
    return {"seen": seen, "history": model.history.history}
