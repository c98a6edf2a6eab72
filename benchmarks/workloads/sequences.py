"""Sequences: an LSTM, and a transformer block (the norm after each part)."""

import numpy as np

from ..measure import Job
from .training import training


def series(rows, length, features):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((rows, length, features), "float32")
    return x, generator.integers(0, 10, rows).astype("int32")


def zeros(*shape):
    return np.zeros(shape, "float32")


# --- LSTM: 50 × 32 -> 64 units -> 10 --------------------------------------------------

UNITS = 64


def keras_lstm(keras):
    layers = [keras.Input((50, 32)), keras.layers.LSTM(UNITS), keras.layers.Dense(10)]
    return keras.Sequential(layers)


def by_hand_lstm_init(draw):
    bias = zeros(4, UNITS)
    bias[1] = 1  # the gate that forgets
    return {
        "kernel": draw(32, 4 * UNITS),
        "recurrent": draw(UNITS, 4 * UNITS),
        "bias": bias.ravel(),
        "out": draw(UNITS, 10),
        "out bias": zeros(10),
    }


def by_hand_lstm(jax, params, x, key):
    def step(carry, row):
        h, c = carry
        z = row @ params["kernel"] + h @ params["recurrent"] + params["bias"]
        i, f, g, o = jax.numpy.split(z, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
        return (jax.nn.sigmoid(o) * jax.numpy.tanh(c), c), None

    start = jax.numpy.zeros((len(x), UNITS))
    (h, _), _ = jax.lax.scan(step, (start, start), x.swapaxes(0, 1))
    return h @ params["out"] + params["out bias"]


def torch_lstm(nn):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(32, UNITS, batch_first=True)
            self.out = nn.Linear(UNITS, 10)

        def forward(self, x):
            return self.out(self.lstm(x)[0][:, -1])

    return Net()


def flax_lstm(nnx, rngs):
    return nnx.Sequential(
        nnx.RNN(nnx.OptimizedLSTMCell(32, UNITS, rngs=rngs)),
        lambda x: x[:, -1],
        nnx.Linear(UNITS, 10, rngs=rngs),
    )


# --- transformer block: 64 × 128, 4 heads, 512 hidden units -> mean -> 10 -------------

LENGTH, WIDTH, HEADS, HIDDEN = 64, 128, 4, 512
EPSILON = 1e-3


def keras_transformer(keras):
    layers = keras.layers
    x = inputs = keras.Input((LENGTH, WIDTH))
    heads = layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)
    x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add()([x, heads]))
    hidden = layers.Dense(WIDTH)(layers.Dense(HIDDEN, activation="relu")(x))
    x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add()([x, hidden]))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def by_hand_transformer_init(draw):
    def dense(i, o):
        return draw(i, o), zeros(o)

    return {
        **{name: dense(WIDTH, WIDTH) for name in ("query", "key", "value", "joined")},
        "up": dense(WIDTH, HIDDEN),
        "down": dense(HIDDEN, WIDTH),
        "out": dense(WIDTH, 10),
        "norms": [(zeros(WIDTH) + 1, zeros(WIDTH)) for _ in range(2)],
    }


def by_hand_transformer(jax, params, x, key):
    def dense(name, x):
        return x @ params[name][0] + params[name][1]

    def heads(name):
        return dense(name, x).reshape(len(x), LENGTH, HEADS, WIDTH // HEADS)

    def norm(x, scale, offset):
        x = x - x.mean(-1, keepdims=True)
        spread = (x * x).mean(-1, keepdims=True)
        return x * jax.lax.rsqrt(spread + EPSILON) * scale + offset

    query = heads("query") / (WIDTH // HEADS) ** 0.5
    scores = jax.numpy.einsum("bqhd,bkhd->bhqk", query, heads("key"))
    weights = jax.nn.softmax(scores)
    seen = jax.numpy.einsum("bhqk,bkhd->bqhd", weights, heads("value"))
    x = norm(x + dense("joined", seen.reshape(x.shape)), *params["norms"][0])
    x = norm(
        x + dense("down", jax.nn.relu(dense("up", x))),
        *params["norms"][1],
    )
    return dense("out", x.mean(1))


def torch_transformer(nn):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
            self.norms = nn.ModuleList(nn.LayerNorm(WIDTH, EPSILON) for _ in range(2))
            self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
            self.out = nn.Linear(WIDTH, 10)

        def forward(self, x):
            x = self.norms[0](x + self.attention(x, x, x, need_weights=False)[0])
            x = self.norms[1](x + self.down(self.up(x).relu()))
            return self.out(x.mean(1))

    return Net()


def flax_transformer(nnx, rngs):
    glorot = nnx.initializers.glorot_uniform()

    def dense(i, o):
        return nnx.Linear(i, o, kernel_init=glorot, rngs=rngs)

    class Net(nnx.Module):
        def __init__(self):
            self.attention = nnx.MultiHeadAttention(
                HEADS, WIDTH, kernel_init=glorot, decode=False, rngs=rngs
            )
            self.first, self.second = (
                nnx.LayerNorm(WIDTH, epsilon=EPSILON, rngs=rngs) for _ in range(2)
            )
            self.up, self.down = dense(WIDTH, HIDDEN), dense(HIDDEN, WIDTH)
            self.out = dense(WIDTH, 10)

        def __call__(self, x):
            x = self.first(x + self.attention(x))
            x = self.second(x + self.down(nnx.relu(self.up(x))))
            return self.out(x.mean(1))

    return Net()


WORKLOADS = {
    "lstm": training(
        "LSTM, 50 × 32 to 64 units, 4,096 rows, batch 64",
        Job(
            lambda rows: series(rows, 50, 32),
            rows=4_096,
            batch=64,
            epochs=1,
            small={"rows": 100},
        ),
        keras=keras_lstm,
        jax=(by_hand_lstm_init, by_hand_lstm),
        torch=torch_lstm,
        flax=flax_lstm,
    ),
    "transformer": training(
        "transformer block, 64 × 128, 4 heads, 1,024 rows, batch 32",
        Job(
            lambda rows: series(rows, LENGTH, WIDTH),
            rows=1_024,
            batch=32,
            epochs=1,
            repeats=2,
            small={"rows": 48},
        ),
        keras=keras_transformer,
        jax=(by_hand_transformer_init, by_hand_transformer),
        torch=torch_transformer,
        flax=flax_transformer,
    ),
}
