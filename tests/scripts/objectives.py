"""Losses and metrics: custom ones, all shapes of accuracy, weights."""

import numpy as np

from .data import BINARY, LABELS, MULTI_HOT, ONE_HOT, WEIGHTS, X, Y, results, trained


def _compiled(keras, same, loss, metrics=None, units=3, activation=None, **options):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units, activation=activation)]
    )
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=metrics, **options)
    return same(model)


def loss_function(keras, same):
    """Any function of targets and outputs is a loss; its name is a metric's too."""

    def pinball(y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.maximum(0.9 * error, -0.1 * error), axis=-1)

    def bias(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true)

    model = _compiled(keras, same, pinball, [pinball, bias, "mae"])
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    return trained(model, history, X)


def loss_lambda_and_weights(keras, same):
    """A lambda as loss, with sample weights."""
    model = _compiled(keras, same, lambda a, b: keras.ops.mean((a - b) ** 4, axis=-1))
    history = model.fit(
        X, Y, sample_weight=WEIGHTS, batch_size=16, epochs=3, verbose=0, shuffle=False
    )
    return results(model, history, X, Y, sample_weight=WEIGHTS)


def loss_class(keras, same):
    """A `Loss` with arguments, a reduction, a config."""

    class Focused(keras.losses.Loss):
        def __init__(self, power=2.0, reduction="sum", name="focused"):
            super().__init__(name=name, reduction=reduction)
            self.power = power

        def call(self, y_true, y_pred):
            error = keras.ops.abs(y_true - y_pred)
            return keras.ops.mean(error**self.power, axis=-1)

        def get_config(self):
            return {**super().get_config(), "power": self.power}

    loss = Focused(3.0)
    model = _compiled(keras, same, loss, ["mse"])
    history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    again = Focused.from_config(loss.get_config())
    alone = [float(again(Y, Y * 0)), float(again(Y, Y * 0, sample_weight=WEIGHTS))]
    return trained(model, history, X) | {"alone": alone}


def metric_class(keras, same):
    """A metric that keeps state over the batches of an epoch."""

    class TruePositives(keras.metrics.Metric):
        def __init__(self, name="positives", **kwargs):
            super().__init__(name=name, **kwargs)
            self.count = self.add_weight(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            right = keras.ops.logical_and(y_true > 0.5, y_pred > 0.5)
            values = keras.ops.cast(right, "float32")
            if sample_weight is not None:
                values = values * keras.ops.reshape(sample_weight, (-1, 1))
            self.count.assign_add(keras.ops.sum(values))

        def result(self):
            return self.count.value

        def reset_state(self):
            self.count.assign(0.0)

    model = _compiled(
        keras,
        same,
        "binary_crossentropy",
        [TruePositives()],
        units=1,
        activation="sigmoid",
        weighted_metrics=[TruePositives(name="weighted")],
    )
    options = {"sample_weight": WEIGHTS, "batch_size": 16}
    history = model.fit(X, BINARY, epochs=3, verbose=0, shuffle=False, **options)
    return results(model, history, X, BINARY, **options)


def metric_wrappers(keras, same):
    """Metrics made of functions: `MeanMetricWrapper`, and of other metrics."""

    def inside(y_true, y_pred, width=1.0):
        close = keras.ops.abs(y_true - y_pred) < width
        return keras.ops.mean(keras.ops.cast(close, "float32"), axis=-1)

    class RootMean(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(keras.ops.square(y_true - y_pred), sample_weight)

        def result(self):
            return keras.ops.sqrt(super().result())

    metrics = [
        keras.metrics.MeanMetricWrapper(inside, name="inside", width=0.5),
        RootMean(name="root"),
        keras.metrics.RootMeanSquaredError(),
        keras.metrics.R2Score(),
    ]
    model = _compiled(keras, same, "mse", metrics)
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, shuffle=False)
    return results(model, history, X, Y)


def metrics_by_hand(keras):
    """Metrics outside of models: update, result, reset."""
    mean = keras.metrics.Mean()
    mean.update_state([1.0, 2.0, 6.0])
    mean.update_state([4.0], sample_weight=[3.0])
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    accuracy.update_state(LABELS, Y)
    precision = keras.metrics.Precision(thresholds=[0.3, 0.6])
    precision.update_state(BINARY[:, 0], np.abs(Y[:, 0]))
    found = [float(m.result()) for m in (mean, accuracy)]
    mean.reset_state()
    return {
        "found": found,
        "precision": np.asarray(precision.result()),
        "empty": float(mean.result()),
        "called": float(keras.metrics.MeanAbsoluteError()(Y, Y + 1)),
    }


def accuracies(keras, same):
    """What the one word "accuracy" means, by the shapes of targets and outputs."""
    found = {}
    for name, loss, y, units in (
        ("sparse", "sparse_categorical_crossentropy", LABELS, 3),
        ("column", "sparse_categorical_crossentropy", LABELS[:, None], 3),
        ("one_hot", "categorical_crossentropy", ONE_HOT, 3),
        ("binary", "binary_crossentropy", BINARY[:, 0], 1),
        ("multi_hot", "binary_crossentropy", MULTI_HOT, 3),
    ):
        activation = "softmax" if units == 3 else "sigmoid"
        model = _compiled(keras, same, loss, ["accuracy"], units, activation)
        found[name] = model.evaluate(X, y, verbose=0, return_dict=True)
    return found


def losses_by_name(keras):
    """Strings, functions and objects of the same loss agree."""
    found = {}
    for name in ("mse", "mae", "kld", "huber"):
        loss = keras.losses.get(name)
        found[name] = np.asarray(loss(np.abs(Y) + 0.1, np.abs(Y[::-1]) + 0.2))
    probabilities = keras.ops.softmax(Y)
    crossentropy = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    found["smooth"] = float(crossentropy(ONE_HOT, probabilities))
    found["focal"] = float(
        keras.losses.BinaryFocalCrossentropy(gamma=3.0)(MULTI_HOT, probabilities)
    )
    found["hinge"] = float(keras.losses.Hinge()(BINARY, X[:, :1]))
    found["none"] = np.asarray(keras.losses.MeanSquaredError(reduction=None)(Y, -Y))
    found["function"] = np.asarray(keras.losses.mean_squared_error(Y, -Y))
    return found


def class_weight(keras, same):
    """Rare classes weigh more; a metric with weights beside one without."""
    model = _compiled(
        keras,
        same,
        "sparse_categorical_crossentropy",
        ["accuracy"],
        activation="softmax",
        weighted_metrics=["sparse_categorical_crossentropy"],
    )
    weight = {0: 1.0, 1: 5.0, 2: 0.5}
    history = model.fit(
        X, LABELS, 16, epochs=3, class_weight=weight, verbose=0, shuffle=False
    )
    return results(model, history, X, LABELS)


def validation_with_weights(keras, same):
    """Three things in `validation_data`; validation now and then only."""
    model = _compiled(keras, same, "mae", ["mse"], weighted_metrics=["mae"])
    history = model.fit(
        X,
        Y,
        epochs=5,
        validation_data=(X[:16], Y[:16], WEIGHTS[:16]),
        validation_freq=2,
        verbose=0,
        shuffle=False,
    )
    listed = model.fit(
        X, Y, epochs=4, validation_data=(X[:16], Y[:16]), validation_freq=[1, 4],
        verbose=0, shuffle=False,
    )  # fmt: skip
    return {"history": history.history, "listed": listed.history}
