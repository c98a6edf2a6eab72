"""Small models and data for the tests of training, and how results are compared."""

import numpy as np

import kerasish
from kerasish import callbacks, layers, optimizers
from kerasish.variable import state

draw = np.random.default_rng(5)
X = draw.normal(size=(10, 3)).astype("float32")  # batches of 4, 4 and 2
Y = (X @ [1.0, -2.0, 0.5] > 0).astype("float32")[:, None]
FIT = {"batch_size": 4, "verbose": 0}


class Counting(layers.Layer):
    """Counts how often it is traced (or run eagerly), abstract runs apart."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.traces = []

    def call(self, x):
        if not state.inferring:
            self.traces.append(x.shape)
        return x


def net(*compile_args, dropout=0.0, seed=3, **options):
    """A small classifier that is the same each time it is made."""
    kerasish.utils.set_random_seed(seed)
    kernel = kerasish.initializers.RandomNormal(stddev=0.5, seed=seed)
    model = kerasish.Sequential(
        [
            kerasish.Input((3,)),
            Counting(name="counting"),
            *([layers.Dropout(dropout, seed=1)] if dropout else []),
            layers.Dense(1, "sigmoid", kernel_initializer=kernel),
        ]
    )
    options = {"metrics": ["accuracy"], **options}
    compile_args = compile_args or (optimizers.SGD(0.5, 0.9), "binary_crossentropy")
    model.compile(*compile_args, **options)
    return model


def traces(model):
    return model.get_layer("counting").traces


def result(model, **options):
    history = model.fit(X, Y, **{**FIT, "epochs": 5, **options}).history
    return history, model.get_weights()


def assert_same(one, other, exact=True):
    (history, weights), (history2, weights2) = one, other
    assert list(history) == list(history2)
    for a, b in zip([*history.values(), *weights], [*history2.values(), *weights2],
                    strict=True):  # fmt: skip
        if exact:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def each_batch():
    return callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


def each_epoch():
    return callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)


def linear(loss="mse", **options):
    model = kerasish.Sequential([kerasish.Input((3,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizers.SGD(0.1), loss, **options)
    model.set_weights([np.ones((3, 1))])
    return model
