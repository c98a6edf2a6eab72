"""Flax NNX with optax: a jitted step, as its guides write it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..measure import Job, Measures

LOSSES = {
    "mse": lambda output, y: jnp.mean((output - y) ** 2),
    "binary": lambda output, y: (
        -jnp.mean(y * jnp.log(output + 1e-7) + (1 - y) * jnp.log(1 - output + 1e-7))
    ),
    "crossentropy": lambda output, y: optax.softmax_cross_entropy_with_integer_labels(
        output, y
    ).mean(),
}
OPTIMIZERS = {"Adam": optax.adam, "SGD": optax.sgd}


def train(job: Job, build: Callable[..., Any]) -> Measures:
    """Fit."""
    x, y = map(jnp.asarray, job.arrays())
    count = job.rows - job.held_out()
    held, x, y = (x[count:], y[count:]), x[:count], y[:count]
    model = build(nnx, nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, OPTIMIZERS[job.optimizer](job.rate), wrt=nnx.Param)
    generator = np.random.default_rng(0)

    def cost(model, x, y):
        output = model(x)
        return LOSSES[job.loss](output, y), output

    @nnx.jit
    def step(model, optimizer, sums, rows):
        own = x[rows], y[rows]
        gradient = nnx.value_and_grad(cost, has_aux=True)
        (loss, output), gradients = gradient(model, *own)
        optimizer.update(model, gradients)
        right = (output.argmax(-1) == own[1]).sum() if job.accuracy else 0
        return sums[0] + loss * len(rows), sums[1] + right

    @nnx.jit
    def check(model):
        loss, output = cost(model, *held)
        return loss, (output.argmax(-1) == held[1]).mean()

    def validate():
        model.eval()
        found = check(model)
        model.train()
        return found

    def fit(epochs):
        logs = []
        for _ in range(epochs):
            sums = np.float32(0), np.int32(0)
            order = generator.permutation(count).astype("int32")
            for start in range(0, count, job.batch):
                rows = order[start : start + job.batch]
                sums = step(model, optimizer, sums, rows)
            logs.append((sums, validate() if job.validation else None))
        jax.block_until_ready(logs)
        return float(sums[0]) / count

    return job.measure(fit)
