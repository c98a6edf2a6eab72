"""What is measured: for each workload one function for each contender.

`python benchmarks/workloads.py WORKLOAD CONTENDER` runs one; it prints times as JSON.
A function returns seconds by name.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

Times = dict[str, float]
XOR_STEPS = 60_000
ROWS, BATCH, WIDTH = 60_000, 128, 512


def timed(run: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def since_start() -> float:
    """Seconds since this process was started by `run.py`."""
    return time.time() - float(os.environ.get("BENCHMARK_START", time.time()))


# --- XOR ------------------------------------------------------------------------------

XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
XOR_Y = np.array([[0], [1], [1], [0]], "float32")


def xor_keras_api(keras, warm_up: int) -> Times:
    """The same script for real Keras and for kerasish."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(XOR_X, XOR_Y, epochs=warm_up, batch_size=4, verbose=0)
    return {
        "fit": timed(
            lambda: model.fit(XOR_X, XOR_Y, epochs=XOR_STEPS, batch_size=4, verbose=0)
        )
    }


def xor_kerasish() -> Times:
    import kerasish

    return xor_keras_api(kerasish, XOR_STEPS)


def xor_keras() -> Times:
    import keras

    return xor_keras_api(keras, 10)


def xor_jax() -> Times:
    import jax
    import jax.numpy as jnp

    def loss(p):
        hidden = jnp.tanh(XOR_X @ p[0] + p[1])
        return jnp.mean((jax.nn.sigmoid(hidden @ p[2] + p[3]) - XOR_Y) ** 2)

    def step(p, _=None):
        value, gradients = jax.value_and_grad(loss)(p)
        return [a - 0.1 * g for a, g in zip(p, gradients)], value

    generator = np.random.default_rng(0)
    shapes = [(2, 8), (8,), (8, 1), (1,)]
    first = [jnp.asarray(generator.normal(size=s), "float32") for s in shapes]
    scanned = jax.jit(lambda p: jax.lax.scan(step, p, length=XOR_STEPS))
    jax.block_until_ready(scanned(first))
    return {"fit": timed(lambda: jax.block_until_ready(scanned(first)))}


# --- a multi-layer perceptron ---------------------------------------------------------


def mlp_data() -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels: only the time matters."""
    generator = np.random.default_rng(0)
    x = generator.random((ROWS, 784), "float32")
    return x, generator.integers(0, 10, ROWS)


def mlp_keras_api(keras) -> Times:
    x, y = mlp_data()
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(WIDTH, activation="relu"),
            keras.layers.Dense(WIDTH, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
    first = since_start()
    again = timed(lambda: model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0))
    return {"first epoch": first, "two epochs": again}


def mlp_kerasish() -> Times:
    import kerasish

    return mlp_keras_api(kerasish)


def mlp_keras() -> Times:
    import keras

    return mlp_keras_api(keras)


def mlp_jax() -> Times:
    import jax
    import jax.numpy as jnp

    x, y = mlp_data()
    sizes = [784, WIDTH, WIDTH, 10]
    generator = np.random.default_rng(0)
    params = [
        (
            jnp.asarray(generator.normal(0, (2 / i) ** 0.5, (i, o)), "float32"),
            jnp.zeros(o),
        )
        for i, o in itertools.pairwise(sizes)
    ]
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = (params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.zeros(()))

    def loss(params, x, y):
        for kernel, bias in params[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        logits = jax.nn.log_softmax(x @ params[-1][0] + params[-1][1])
        return -jnp.mean(jnp.take_along_axis(logits, y[:, None], 1))

    def step(state, rows, x, y):
        params, m, v, t = state
        value, g = jax.value_and_grad(loss)(params, x[rows], y[rows])
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        params = jax.tree.map(
            lambda p, a, b: p - rate * a / (jnp.sqrt(b) + 1e-7), params, m, v
        )
        return (params, m, v, t), value

    jitted = jax.jit(step, donate_argnums=0)
    scanned = jax.jit(
        lambda state, rows, x, y: jax.lax.scan(
            lambda s, r: step(s, r, x, y), state, rows
        ),
        donate_argnums=0,
    )
    x, y = jnp.asarray(x), jnp.asarray(y)
    whole = ROWS // BATCH * BATCH

    def epoch(state, number, run):
        order = np.random.default_rng(number).permutation(ROWS)
        rows = order[:whole].reshape(-1, BATCH).astype("int32")
        state = run(state, rows)
        last = order[whole:].astype("int32")
        return jitted(state, last, x, y)[0] if len(last) else state

    def by_step(state, rows):
        for r in rows:
            state, _ = jitted(state, r, x, y)
        return state

    def by_scan(state, rows):
        return scanned(state, rows, x, y)[0]

    def run(kind, first, count):
        s = jax.tree.map(jnp.copy, state)
        for number in range(first, first + count):
            s = epoch(s, number, kind)
        jax.block_until_ready(s)

    run(by_step, 0, 1)
    first_epoch = since_start()
    run(by_scan, 0, 1)
    best = min(timed(lambda kind=kind: run(kind, 1, 2)) for kind in (by_step, by_scan))
    return {"first epoch": first_epoch, "two epochs": best}


# --- imports --------------------------------------------------------------------------


def import_kerasish() -> Times:
    import kerasish  # noqa: F401

    return {"process": since_start()}


def import_keras() -> Times:
    import keras  # noqa: F401

    return {"process": since_start()}


def import_jax() -> Times:
    import jax  # noqa: F401

    return {"process": since_start()}


def first_use_kerasish() -> Times:
    import kerasish

    kerasish.Variable(0.0)
    return {"process": since_start()}


def first_use_keras() -> Times:
    import keras

    keras.Variable(0.0)
    return {"process": since_start()}


def first_use_jax() -> Times:
    import jax.numpy as jnp

    jnp.zeros(()).block_until_ready()
    return {"process": since_start()}


WORKLOADS: dict[str, dict[str, Callable[[], Times]]] = {
    "xor": {"kerasish": xor_kerasish, "keras": xor_keras, "jax": xor_jax},
    "mlp": {"kerasish": mlp_kerasish, "keras": mlp_keras, "jax": mlp_jax},
    "import": {"kerasish": import_kerasish, "keras": import_keras, "jax": import_jax},
    "first use": {
        "kerasish": first_use_kerasish,
        "keras": first_use_keras,
        "jax": first_use_jax,
    },
}

if __name__ == "__main__":
    print(json.dumps(WORKLOADS[sys.argv[1]][sys.argv[2]]()))
