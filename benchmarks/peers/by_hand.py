"""What a good engineer writes in plain JAX, by a jitted step or by a flat scan.

A net is a pair: `init(draw)` returns the parameters, where `draw(*shape)` gives
Glorot-uniform numbers; `apply(jax, params, x, key)` returns the output, with a key
when it is for training and None otherwise.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..measure import Job, Measures


class Net(NamedTuple):
    """A network as two functions."""

    init: Callable[..., Any]
    apply: Callable[..., Any]


def initial(net: Net, seed: int = 0) -> Any:
    """Parameters of Glorot's scale."""
    generator = np.random.default_rng(seed)

    def draw(*shape: int) -> jax.Array:
        patch = int(np.prod(shape[:-2]))
        limit = (6 / (patch * (shape[-2] + shape[-1]))) ** 0.5
        return jnp.asarray(generator.uniform(-limit, limit, shape), "float32")

    return net.init(draw)


def mse(output, y):
    return jnp.mean((output - y) ** 2)


def binary(output, y):
    p = jnp.clip(output, 1e-7, 1 - 1e-7)
    return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))


def crossentropy(output, y):
    logs = jax.nn.log_softmax(output)
    return -jnp.mean(jnp.take_along_axis(logs, y[:, None], 1))


LOSSES = {"mse": mse, "binary": binary, "crossentropy": crossentropy}


def correct(output, y):
    """How many answers are right."""
    return jnp.sum(jnp.argmax(output, -1) == y)


class Adam:
    """Moments beside the parameters, a step counter."""

    @staticmethod
    def init(params):
        return *(jax.tree.map(jnp.zeros_like, params) for _ in "mv"), jnp.zeros(())

    @staticmethod
    def update(rate, params, state, gradients):
        m, v, t = state
        t = t + 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
        rate = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        params = jax.tree.map(
            lambda p, a, b: p - rate * a / (jnp.sqrt(b) + 1e-7), params, m, v
        )
        return params, (m, v, t)


class SGD:
    """Nothing to remember."""

    @staticmethod
    def init(params):
        return ()

    @staticmethod
    def update(rate, params, state, gradients):
        return jax.tree.map(lambda p, g: p - rate * g, params, gradients), state


OPTIMIZERS = {"Adam": Adam, "SGD": SGD}


def stepper(job: Job, net: Net) -> tuple[Callable, Callable]:
    """`start(params)` and `step((state, sums), x, y)`; sums of loss and right answers.

    The sums begin at `NOTHING` in each epoch.
    """
    optimizer, loss = OPTIMIZERS[job.optimizer], LOSSES[job.loss]

    def start(params):
        return params, optimizer.init(params), jax.random.key(0)

    def step(carry, x, y):
        (params, memory, key), (total, right) = carry
        key, own = jax.random.split(key) if job.dropout else (key, None)

        def cost(params):
            output = net.apply(jax, params, x, own)
            return loss(output, y), output

        (value, output), gradients = jax.value_and_grad(cost, has_aux=True)(params)
        params, memory = optimizer.update(job.rate, params, memory, gradients)
        right = right + correct(output, y) if job.accuracy else right
        return (params, memory, key), (total + value * len(x), right)

    return start, step


NOTHING = np.float32(0), np.int32(0)


def by_step(step: Callable) -> Callable:
    """`one(state, sums, rows, x, y)`: one dispatch for a batch."""
    return jax.jit(
        lambda state, sums, rows, x, y: step((state, sums), x[rows], y[rows]),
        donate_argnums=0,
    )


def epoch_by_step(step: Callable) -> Callable:
    """One dispatch for each batch."""
    one = by_step(step)

    def epoch(state, x, y, batches, rest):
        sums = NOTHING
        for rows in [*batches, rest] if len(rest) else batches:
            state, sums = one(state, sums, rows, x, y)
        return state, sums

    return epoch


def epoch_by_scan(step: Callable) -> Callable:
    """One dispatch for all whole batches, one for the rest."""
    one = by_step(step)

    @functools.partial(jax.jit, donate_argnums=0)
    def whole(state, batches, x, y):
        def body(carry, rows):
            return step(carry, x[rows], y[rows]), None

        return jax.lax.scan(body, (state, jax.tree.map(jnp.asarray, NOTHING)), batches)

    def epoch(state, x, y, batches, rest):
        (state, sums), _ = whole(state, batches, x, y)
        return one(state, sums, rest, x, y) if len(rest) else (state, sums)

    return epoch


def shuffled(generator: np.random.Generator, count: int, batch: int) -> tuple:
    """Row numbers of the whole batches and of the short last one."""
    order = generator.permutation(count).astype("int32")
    whole = count // batch * batch
    return order[:whole].reshape(-1, batch), order[whole:]


def train(job: Job, init: Callable, apply: Callable, kind: str) -> Measures:
    """Fit; `kind` is "step" or "scan"."""
    fitter = one_batch_fitter if job.batch >= job.rows else fitter_of_batches
    return job.measure(fitter(job, Net(init, apply), kind))


def one_batch_fitter(job: Job, net: Net, kind: str) -> Callable[[int], float]:
    """All rows at once: nothing to shuffle, and the scan is over epochs."""
    start, step = stepper(job, net)
    x, y = map(jnp.asarray, job.arrays())
    state = start(initial(net))

    def one(state):
        return step((state, jax.tree.map(jnp.asarray, NOTHING)), x, y)

    jitted = jax.jit(one, donate_argnums=0)
    scanned = jax.jit(
        lambda state, epochs: jax.lax.scan(
            lambda s, _: one(s), state, length=epochs.shape[0]
        ),
        donate_argnums=0,
    )

    def by_scan(epochs):
        nonlocal state
        state, (losses, _) = scanned(state, np.empty(epochs, bool))
        return losses[-1]

    def by_step(epochs):
        nonlocal state
        for _ in range(epochs):
            state, (loss, _) = jitted(state)
        return loss

    run = {"step": by_step, "scan": by_scan}[kind]
    return lambda epochs: float(run(epochs)) / len(x)


def fitter_of_batches(job: Job, net: Net, kind: str) -> Callable[[int], float]:
    """Shuffle on the host, gather on the device; numbers stay there until the end."""
    start, step = stepper(job, net)
    epoch = {"step": epoch_by_step, "scan": epoch_by_scan}[kind](step)
    x, y = map(jnp.asarray, job.arrays())
    count = job.rows - job.held_out()
    held = x[count:], y[count:]
    x, y = x[:count], y[:count]
    state = start(initial(net))
    generator = np.random.default_rng(0)

    @jax.jit
    def check(params, x, y):
        output = net.apply(jax, params, x, None)
        return LOSSES[job.loss](output, y), correct(output, y) / len(x)

    def fit(epochs):
        nonlocal state
        logs = []
        for _ in range(epochs):
            batches = shuffled(generator, count, job.batch)
            state, sums = epoch(state, x, y, *batches)
            logs.append(sums)
            if job.validation:
                logs.append(check(state[0], *held))
        jax.block_until_ready((state, logs))
        return float(sums[0]) / count

    return fit
