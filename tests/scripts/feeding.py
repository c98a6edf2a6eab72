"""Kinds of data, weights and ways through them in fit, evaluate and predict."""

import numpy as np

from .data import BINARY, LABELS, WEIGHTS, X, Y, results


def _model(keras, same, units=3, activation="softmax"):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units, activation=activation)]
    )
    loss = "mse" if units == 3 and activation is None else "binary_crossentropy"
    if activation == "softmax":
        loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.2), loss, metrics=["accuracy"])
    return same(model)


def _batches(size=16):
    while True:
        for start in range(0, 32, size):
            yield X[start : start + size], LABELS[start : start + size]


def validation_split(keras, same):
    """The tail of the data validates; a batch size of its own."""
    history = _model(keras, same).fit(
        X,
        LABELS,
        batch_size=12,
        epochs=3,
        validation_split=0.25,
        validation_batch_size=4,
        verbose=0,
        shuffle=False,
    )
    return {"history": history.history, "epoch": history.epoch}


def generator(keras, same):
    """An endless generator, for training, validation and evaluation."""
    model = _model(keras, same)
    history = model.fit(
        _batches(),
        steps_per_epoch=3,
        epochs=3,
        validation_data=_batches(),
        validation_steps=2,
        verbose=0,
        shuffle=False,
    )
    return {
        "history": history.history,
        "evaluate": model.evaluate(_batches(), steps=2, verbose=0),
        "predict": model.predict(((x,) for x, _ in _batches()), steps=2, verbose=0),
    }


def generator_with_weights(keras, same):
    """A generator of three things; short batches."""

    def weighted():
        while True:
            yield X[:20], LABELS[:20], WEIGHTS[:20]
            yield X[20:], LABELS[20:], WEIGHTS[20:]

    model = _model(keras, same)
    history = model.fit(
        weighted(), steps_per_epoch=2, epochs=2, verbose=0, shuffle=False
    )
    return {"history": history.history}


def py_dataset(keras, same):
    """A `PyDataset` of dictionaries, with a hook at the end of each epoch."""
    ends = []

    class Slices(keras.utils.PyDataset):
        def __init__(self, size, **kwargs):
            super().__init__(**kwargs)
            self.size = size

        def __len__(self):
            return 32 // self.size

        def __getitem__(self, index):
            rows = slice(index * self.size, (index + 1) * self.size)
            return {"a": X[rows, :2], "b": X[rows, 2:]}, LABELS[rows]

        def on_epoch_end(self):
            ends.append(1)

    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((2,), name="b")}
    x = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model)
    history = model.fit(Slices(16), epochs=3, shuffle=False, verbose=0)
    return {
        "history": history.history,
        "evaluate": model.evaluate(Slices(16), verbose=0),
        "predict": model.predict(Slices(16), verbose=0),
    }


def sample_weight(keras, same):
    """Weights of the samples change the loss, the weighted metrics, nothing else."""
    model = _model(keras, same)
    model.compile(
        "sgd",
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        weighted_metrics=["accuracy"],
    )
    options = {"sample_weight": WEIGHTS, "batch_size": 16, "verbose": 0}
    history = model.fit(X, LABELS, epochs=3, shuffle=False, **options)
    return results(model, history, X, LABELS, sample_weight=WEIGHTS)


def weights_of_outputs(keras, same):
    """Each of two outputs has weights of its own, and lists everywhere."""
    inputs = keras.Input((4,))
    outputs = [
        keras.layers.Dense(3, name="a")(inputs),
        keras.layers.Dense(1, name="b", activation="sigmoid")(inputs),
    ]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", ["mse", "binary_crossentropy"], loss_weights=[1.0, 3.0])
    same(model)
    history = model.fit(
        X,
        [Y, BINARY],
        sample_weight=[WEIGHTS, np.ones(32, "float32")],
        epochs=3,
        verbose=0,
        shuffle=False,
    )
    return {"history": history.history, "predict": model.predict(X, verbose=0)}


def go_on(keras, same):
    """Two calls of `fit` are one long training; epochs are counted on."""
    model = _model(keras, same)
    options = {"batch_size": 16, "verbose": 0, "shuffle": False}
    first = model.fit(X, LABELS, epochs=2, **options)
    second = model.fit(X, LABELS, initial_epoch=2, epochs=5, **options)
    nothing = model.fit(X, LABELS, initial_epoch=5, epochs=5, **options)
    return {
        "histories": [first.history, second.history, nothing.history],
        "epochs": [first.epoch, second.epoch],
        "iterations": int(model.optimizer.iterations.value),
        "weights": model.get_weights(),
    }


def steps_per_epoch(keras, same):
    """Epochs that share the data between them, and evaluation of a part."""
    model = _model(keras, same)
    history = model.fit(
        X, LABELS, batch_size=8, steps_per_epoch=2, epochs=2, verbose=0, shuffle=False
    )
    score = model.evaluate(X, LABELS, batch_size=8, steps=2, verbose=0)
    return {"history": history.history, "evaluate": score}


def batch_sizes(keras, same):
    """`evaluate` and `predict` with any batch size give the same."""
    model = _model(keras, same)
    scores = [model.evaluate(X, LABELS, size, verbose=0) for size in (12, 32)]
    guesses = [model.predict(X, size, verbose=0) for size in (12, 32)]
    named = model.evaluate(X, LABELS, verbose=0, return_dict=True)
    assert isinstance(guesses[0], np.ndarray)
    return {
        "scores": scores,
        "named": named,
        "guesses": guesses,
        "steps": model.predict(X, batch_size=12, steps=2, verbose=0),
        "one": model.predict(X[:1], verbose=0),
        "classes": np.argmax(guesses[0], axis=-1),
    }


def only_the_loss(keras, same):
    """Without metrics `evaluate` returns a number, not a list."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mean_absolute_error")
    same(model)
    score = model.evaluate(X, BINARY, verbose=0)
    losses = [model.train_on_batch(X, BINARY) for _ in range(2)]
    return {
        "number": isinstance(score, float),
        "score": score,
        "losses": [float(loss) for loss in losses],
        "metrics": model.metrics_names,
        "optimizer": model.optimizer.name,
    }


def other_arrays(keras, same):
    """float64, integers, bytes; targets in a column or a row."""
    model = _model(keras, same, units=1, activation="sigmoid")
    options = {"epochs": 2, "batch_size": 32, "verbose": 0, "shuffle": False}
    histories = [
        model.fit(x, y, **options).history
        for x, y in (
            (X.astype("float64"), BINARY[:, 0].astype("int64")),
            ((X * 4).astype("int32"), BINARY.astype("uint8")),
        )
    ]
    return {"histories": histories}


def data_frames(keras, same):
    """pandas: a frame of inputs, a series of targets, a frame of one column."""
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcd"))
    target = pd.Series(BINARY[:, 0], name="target")
    model = _model(keras, same, units=1, activation="sigmoid")
    history = model.fit(frame, target, epochs=2, verbose=0, shuffle=False)
    score = model.evaluate(frame, target.to_frame(), verbose=0)
    return {
        "history": history.history,
        "evaluate": score,
        "predict": model.predict(frame[["a", "b", "c", "d"]], verbose=0),
    }


def eager(keras, same):
    """`run_eagerly=True`: Python runs in each step of training, and sees numbers."""
    seen = []

    class Peek(keras.layers.Layer):
        def call(self, inputs, training=False):
            if training:
                seen.append(float(keras.ops.max(inputs)))
            return inputs

    model = keras.Sequential([keras.Input((4,)), Peek(), keras.layers.Dense(3)])
    model.compile("sgd", "mse", run_eagerly=True)
    same(model)
    history = model.fit(X, Y, epochs=1, verbose=0, shuffle=False)
    return {"history": history.history, "seen": seen}
