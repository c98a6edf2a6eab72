"""Multi-layer perceptrons: iris, digits, and 784-512-512-10 on random numbers."""

import dataclasses
import itertools

import numpy as np

from ..measure import Job
from .training import training


def table(rows, features, classes):
    """Random numbers: only the time matters."""
    generator = np.random.default_rng(0)
    x = generator.random((rows, features), "float32")
    return x, generator.integers(0, classes, rows).astype("int32")


def iris(rows):
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))[:rows]
    return x[order].astype("float32"), y[order].astype("int32")


def digits(rows):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x[:rows] / 16).astype("float32"), y[:rows].astype("int32")


def keras_net(keras, sizes, dropout=0.0):
    layers = [keras.Input((sizes[0],))]
    for units in sizes[1:-1]:
        layers.append(keras.layers.Dense(units, activation="relu"))
        if dropout:
            layers.append(keras.layers.Dropout(dropout))
    return keras.Sequential([*layers, keras.layers.Dense(sizes[-1])])


def by_hand_init(draw, sizes):
    return [(draw(i, o), np.zeros(o, "float32")) for i, o in itertools.pairwise(sizes)]


def by_hand(jax, params, x, key, dropout=0.0):
    for kernel, bias in params[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
        if key is not None:
            key, own = jax.random.split(key)
            kept = jax.random.bernoulli(own, 1 - dropout, x.shape)
            x = jax.numpy.where(kept, x / (1 - dropout), 0)
    return x @ params[-1][0] + params[-1][1]


def torch_net(nn, sizes, dropout=0.0):
    layers = []
    for i, o in itertools.pairwise(sizes[:-1]):
        layers += [nn.Linear(i, o), nn.ReLU()] + [nn.Dropout(dropout)] * bool(dropout)
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def flax_net(nnx, rngs, sizes, dropout=0.0):
    glorot = nnx.initializers.glorot_uniform()
    layers = []
    for i, o in itertools.pairwise(sizes[:-1]):
        layers += [nnx.Linear(i, o, kernel_init=glorot, rngs=rngs), nnx.relu]
        if dropout:
            layers.append(nnx.Dropout(dropout, rngs=rngs))
    last = nnx.Linear(*sizes[-2:], kernel_init=glorot, rngs=rngs)
    return nnx.Sequential(*layers, last)


def perceptron(title, job, sizes, dropout=0.0):
    """The same perceptron for everyone; scikit-learn has no dropout."""
    sklearn = {} if dropout else {"sklearn": (tuple(sizes[1:-1]), "relu")}
    return training(
        title,
        job,
        keras=lambda keras: keras_net(keras, sizes, dropout),
        jax=(
            lambda draw: by_hand_init(draw, sizes),
            lambda *given: by_hand(*given, dropout),
        ),
        torch=lambda nn: torch_net(nn, sizes, dropout),
        flax=lambda nnx, rngs: flax_net(nnx, rngs, sizes, dropout),
        **sklearn,
    )


LARGE = Job(
    lambda rows: table(rows, 784, 10),
    rows=60_000,
    batch=128,
    epochs=1,
    repeats=1,
    small={"rows": 300},
    parts={name: {"rows": 20_000} for name in ("torch", "flax", "sklearn")},
)
WORKLOADS = {
    "iris": perceptron(
        "iris, 4-16-3, 50 epochs",
        Job(iris, rows=150, batch=32, epochs=50, rate=0.01, small={"epochs": 3}),
        [4, 16, 3],
    ),
    "digits": perceptron(
        "digits, 64-128-10, validation and accuracy, 50 epochs",
        Job(
            digits,
            rows=1797,
            batch=32,
            epochs=50,
            accuracy=True,
            validation=0.2,
            small={"rows": 300, "epochs": 2},
            parts={
                "keras": {"repeats": 1},
                "flax": {"epochs": 5, "repeats": 1},
                "torch": {"epochs": 10, "repeats": 1},
                "sklearn": {"repeats": 1},
            },
        ),
        [64, 128, 10],
    ),
    "mlp": perceptron("784-512-512-10, 60,000 rows", LARGE, [784, 512, 512, 10]),
    "mlp_dropout": perceptron(
        "784-512-512-10 with dropout, 20,000 rows",
        dataclasses.replace(LARGE, dropout=True, rows=20_000, repeats=2, parts={}),
        [784, 512, 512, 10],
        0.2,
    ),
}
