"""Custom steps, data of every kind, half precision: what `fit` also copes with."""

import types
import warnings

import keras
import numpy as np
import pytest
from training_models import FIT, X, Y, assert_same, net, result

import kerasish
from kerasish import layers, ops, optimizers

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUMPY = kerasish.config.backend() == "numpy"


# --- custom steps --------------------------------------------------------------------


def stateless_model(k):
    """The form of Keras's guide for JAX."""

    class Custom(k.Sequential):
        def train_step(self, state, data):
            import jax

            trained, rest, slots, metrics = state
            x, y = data

            def loss_fn(trained, rest):
                y_pred, rest = self.stateless_call(trained, rest, x, training=True)
                return self.compute_loss(x, y, y_pred), (y_pred, rest)

            grad = jax.value_and_grad(loss_fn, has_aux=True)
            (loss, (y_pred, rest)), grads = grad(trained, rest)
            trained, slots = self.optimizer.stateless_apply(slots, grads, trained)
            new, start, logs = [], 0, {}
            for metric in self.metrics:
                own = metrics[start : start + len(metric.variables)]
                start += len(own)
                if metric.name == "loss":
                    own = metric.stateless_update_state(own, loss)
                else:
                    own = metric.stateless_update_state(own, y, y_pred)
                logs[metric.name] = metric.stateless_result(own)
                new += own
            return logs, (trained, rest, slots, new)

    return Custom([k.Input((3,)), k.layers.Dense(1, name="d"), k.layers.Dropout(0.0)])


@pytest.mark.skipif(NUMPY, reason="the step calls JAX itself")
def test_stateless_train_step_equals_that_of_keras():
    found = []
    for k in (keras, kerasish):
        model = stateless_model(k)
        model.compile(k.optimizers.Adam(0.1), "mse")
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        history = model.fit(X, Y, epochs=3, shuffle=False, **FIT).history
        found.append((history, model.get_weights()))
    assert_same(*found, exact=False)


class Plain(kerasish.Sequential):
    """The mutable form, with a gradient taken by hand."""

    def train_step(self, data):
        x, y = data

        def forward():
            y_pred = self(x, training=True)
            return self.compute_loss(x, y, y_pred), y_pred

        (loss, y_pred), gradients = self.value_and_gradients(forward)
        self.optimizer.apply(gradients, self.trainable_variables)
        self._loss_tracker.update_state(loss, sample_weight=x.shape[0])
        return {**self.compute_metrics(x, y, y_pred), "twice": loss * 2}


def test_mutable_train_step():
    models = []
    for kind in (kerasish.Sequential, Plain):
        model = kind([kerasish.Input((3,)), layers.Dense(1)])
        model.compile(optimizers.Adam(0.1), "mse", metrics=["mae"])
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        models.append(result(model, shuffle=False, epochs=3))
    assert "twice" in models[1][0] and len(models[1][0].pop("twice")) == 3
    assert_same(*models, exact=False)


def test_a_model_may_call_a_metric_of_its_own_loss_tracker():
    class Tracking(kerasish.Sequential):
        def __init__(self, layers):
            super().__init__(layers)
            self.loss_tracker = kerasish.metrics.Mean(name="loss")

        def train_step(self, data):
            x, y = data

            def forward():
                return ops.mean(ops.square(self(x, training=True) - y)), None

            (loss, _), gradients = self.value_and_gradients(forward)
            self.optimizer.apply(gradients, self.trainable_variables)
            self.loss_tracker.update_state(loss)
            return {"loss": self.loss_tracker.result()}

    model = Tracking([kerasish.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.01))
    losses = model.fit(X, Y, epochs=3, **FIT).history["loss"]
    assert model.loss_tracker in model.metrics and losses[2] < losses[0]


def test_custom_test_and_predict_steps():
    class Custom(kerasish.Sequential):
        def test_step(self, data):
            return {"size": ops.sum(ops.abs(data[0]))}

        def predict_step(self, data):
            x, _, _ = kerasish.utils.unpack_x_y_sample_weight(data)
            return {"double": self(x, training=False) * 2}

    model = Custom([kerasish.Input((3,)), layers.Dense(1)])
    model.compile(loss="mse")
    found = model.evaluate(X, Y, return_dict=True, batch_size=10, verbose=0)
    np.testing.assert_allclose(found["size"], np.abs(X).sum(), rtol=1e-5)
    double = model.predict(X, **FIT)["double"]
    np.testing.assert_allclose(double, 2 * np.asarray(model(X)), rtol=1e-5)


FOREIGN = {
    "TensorFlow": lambda self, x, y: tf.GradientTape(),  # noqa: F821
    "torch": lambda self, x, y: self.compute_loss(x, y, self(x)).backward(),
    "torch zero": lambda self, x, y: self.zero_grad(),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_steps_are_told_the_way(name):
    class Foreign(kerasish.Sequential):
        def train_step(self, data):
            FOREIGN[name](self, *data)

    model = Foreign([kerasish.Input((3,)), layers.Dense(1)])
    if name == "TensorFlow":  # as where it is installed, but without the class
        globals()["tf"] = types.SimpleNamespace()
    model.compile("sgd", "mse")
    with pytest.raises(AttributeError) as error:
        model.fit(X, Y, **FIT)
    note = " ".join(error.value.__notes__)
    assert "written for TensorFlow or torch" in note
    assert "train_step(self, state, data)" in note and "value_and_gradients" in note


# --- data of every kind --------------------------------------------------------------


def kinds():
    import pandas as pd

    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    yield "numpy", X, Y
    yield "float64", X.astype("float64"), Y.astype("int64")
    yield "tensor", ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    yield "lists", X.tolist(), Y.tolist()
    yield "pandas", frame, pd.Series(Y[:, 0])
    yield "flat targets", X, Y[:, 0]
    yield "fortran", np.asfortranarray(X), Y
    yield "strided", np.repeat(X, 2, axis=0)[::2], Y


def test_evaluate_and_predict_take_every_kind_of_data():
    model = net()
    expected, outputs = model.evaluate(X, Y, **FIT), model.predict(X, **FIT)
    for _, x, y in kinds():
        np.testing.assert_allclose(model.evaluate(x, y, **FIT), expected, rtol=1e-5)
        np.testing.assert_allclose(model.predict(x, **FIT), outputs, rtol=1e-5)
    parts = [(X[i : i + 4], Y[i : i + 4]) for i in range(0, 10, 4)]
    found = model.evaluate((part for part in parts), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    found = model.predict((part[0] for part in parts), verbose=0)
    np.testing.assert_allclose(found, outputs, rtol=1e-5)
    assert model.predict(X, batch_size=4, steps=2, verbose=0).shape == (8, 1)


def test_half_precision_scales_the_loss():
    kerasish.config.set_dtype_policy("mixed_float16")
    try:
        model = kerasish.Sequential([kerasish.Input((3,)), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), "mse")
        assert isinstance(model.optimizer, optimizers.LossScaleOptimizer)
        losses = model.fit(X, Y, epochs=10, **FIT).history["loss"]
    finally:
        kerasish.config.set_dtype_policy("float32")
    assert losses[-1] < losses[0] and {v.dtype for v in model.weights} == {"float32"}
    done, scale = int(model.optimizer.iterations), float(model.optimizer.dynamic_scale)
    assert 25 < done <= 30 and scale == 2.0 ** (
        15 - (30 - done)
    )  # halved when it fails


def test_ordinary_use_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result(net(dropout=0.5), validation_split=0.2, class_weight={0: 1.0, 1: 2.0})
