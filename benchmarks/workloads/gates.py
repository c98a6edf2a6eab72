"""Logic gates: four rows in one batch, 60,000 steps."""

import numpy as np

from ..measure import Job
from .training import training

STEPS = 60_000
INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
TARGETS = {
    "xor": np.array([[0], [1], [1], [0]], "float32"),
    "and_or": np.array([[0, 0], [0, 1], [0, 1], [1, 1]], "float32"),
}
PARTS = {
    "keras": {"epochs": 1_000, "repeats": 1},
    "jax step": {"epochs": 10_000},
    "torch": {"epochs": 2_000, "repeats": 1},
    "flax": {"epochs": 500, "repeats": 1},
    "sklearn": {"epochs": 2_000, "repeats": 1},
}


def keras_net(keras, outputs):
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(outputs, activation="sigmoid"),
        ]
    )


def by_hand_init(draw, outputs):
    return {
        "hidden": draw(2, 8),
        "hidden bias": np.zeros(8, "float32"),
        "out": draw(8, outputs),
        "out bias": np.zeros(outputs, "float32"),
    }


def by_hand(jax, params, x, key):
    hidden = jax.numpy.tanh(x @ params["hidden"] + params["hidden bias"])
    return jax.nn.sigmoid(hidden @ params["out"] + params["out bias"])


def torch_net(nn, outputs):
    return nn.Sequential(
        nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, outputs), nn.Sigmoid()
    )


def flax_net(nnx, rngs, outputs):
    glorot = nnx.initializers.glorot_uniform()
    return nnx.Sequential(
        nnx.Linear(2, 8, kernel_init=glorot, rngs=rngs),
        nnx.tanh,
        nnx.Linear(8, outputs, kernel_init=glorot, rngs=rngs),
        nnx.sigmoid,
    )


def gates(title, name, outputs, **job):
    """A 2-8-`outputs` net."""
    return training(
        title,
        Job(
            lambda rows: (INPUTS[:rows], TARGETS[name][:rows]),
            rows=4,
            batch=4,
            epochs=STEPS,
            small={"epochs": 50},
            parts=PARTS,
            **job,
        ),
        keras=lambda keras: keras_net(keras, outputs),
        jax=(lambda draw: by_hand_init(draw, outputs), by_hand),
        torch=lambda nn: torch_net(nn, outputs),
        flax=lambda nnx, rngs: flax_net(nnx, rngs, outputs),
        sklearn=((8,), "tanh"),
    )


WORKLOADS = {
    "xor": gates("XOR, 60,000 steps", "xor", 1, loss="mse", optimizer="SGD", rate=0.1),
    "and_or": gates(
        "AND + OR in one net, 60,000 steps", "and_or", 2, loss="binary", rate=0.01
    ),
}
