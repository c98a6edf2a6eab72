"""A small convolutional net: two convolutions with pooling, one dense layer."""

import numpy as np

from ..measure import Job
from .training import training


def pictures(rows):
    generator = np.random.default_rng(0)
    x = generator.random((rows, 28, 28, 1), "float32")
    return x, generator.integers(0, 10, rows).astype("int32")


def keras_net(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def by_hand_init(draw):
    shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (1600, 10)]
    return [(draw(*shape), np.zeros(shape[-1], "float32")) for shape in shapes]


def by_hand(jax, params, x, key):
    *convolutions, (kernel, bias) = params
    for own, offset in convolutions:
        x = jax.lax.conv_general_dilated(
            x, own, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + offset)
        window = (1, 2, 2, 1)
        x = jax.lax.reduce_window(
            x, -np.inf, jax.lax.max, window, window, padding="VALID"
        )
    return x.reshape(len(x), -1) @ kernel + bias


def torch_net(nn):
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1600, 10),
    )


def flax_net(nnx, rngs):
    glorot = nnx.initializers.glorot_uniform()
    made = {"kernel_init": glorot, "rngs": rngs}

    def pool(x):
        # the flax of the guides; the library itself is not imported here
        import flax.linen

        return flax.linen.max_pool(x, (2, 2), (2, 2))

    return nnx.Sequential(
        nnx.Conv(1, 32, (3, 3), padding="VALID", **made),
        nnx.relu,
        pool,
        nnx.Conv(32, 64, (3, 3), padding="VALID", **made),
        nnx.relu,
        pool,
        lambda x: x.reshape(len(x), -1),
        nnx.Linear(1600, 10, **made),
    )


WORKLOADS = {
    "cnn": training(
        "small CNN, 28 × 28, 3,840 rows, batch 128",
        Job(
            pictures,
            rows=3_840,
            batch=128,
            epochs=1,
            repeats=2,
            small={"rows": 200},
            # XLA's convolution gradients are an order of magnitude slower in a scan
            parts={
                "jax scan": {"rows": 256, "repeats": 1},
                **{name: {"repeats": 1} for name in ("keras", "jax step", "flax")},
            },
        ),
        keras=keras_net,
        jax=(by_hand_init, by_hand),
        torch=torch_net,
        flax=flax_net,
    )
}
