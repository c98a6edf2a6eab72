"""Callbacks that read the loss: XOR's rows 1,000 times, 30 epochs of 1,000 batches."""

import numpy as np

from ..measure import Job, Workload, timed
from ..peers.keras_api import both, compiled
from . import gates

EPOCHS, COPIES = 30, 1_000
JOB = Job(
    lambda rows: (
        np.tile(gates.INPUTS, (rows // 4, 1)),
        np.tile(gates.TARGETS["xor"], (rows // 4, 1)),
    ),
    rows=4 * COPIES,
    batch=4,
    epochs=EPOCHS,
    loss="mse",
    optimizer="SGD",
    rate=0.1,
    repeats=2,
    small={"rows": 40, "epochs": 2},
    parts={"keras": {"epochs": 2}, "torch": {"epochs": 5}},
)


def reading(job, fit):
    """`fit(kind, epochs)`, where the kind says when the loss is read."""
    found = {}
    for kind in ("epoch", "batch"):
        fit(kind, 1)
        found[f"per {kind}"] = timed(
            lambda kind=kind: fit(kind, job.epochs), job.repeats, job.part
        )
    return found


def keras_script(keras, quick):
    job = JOB.of(keras.__name__, quick)
    x, y = job.arrays()
    model = compiled(keras, job, lambda keras: gates.keras_net(keras, 1))

    class EachEpoch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            losses.append(logs["loss"])

    class EachBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    losses = []
    kinds = {"epoch": EachEpoch, "batch": EachBatch}
    return reading(
        job,
        lambda kind, epochs: model.fit(
            x, y, batch_size=4, epochs=epochs, callbacks=[kinds[kind]()], verbose=0
        ),
    )


def jax(quick):
    """A scan where the loss is read each epoch, a step where it is for each batch."""
    import jax.numpy as jnp

    from ..peers import by_hand

    job = JOB.of("jax", quick)
    net = by_hand.Net(lambda draw: gates.by_hand_init(draw, 1), gates.by_hand)
    start, step = by_hand.stepper(job, net)
    x, y = map(jnp.asarray, job.arrays())
    state = start(by_hand.initial(net))
    scanned, one = by_hand.epoch_by_scan(step), by_hand.by_step(step)
    generator = np.random.default_rng(0)

    def epoch(losses):
        nonlocal state
        batches, rest = by_hand.shuffled(generator, job.rows, job.batch)
        state, sums = scanned(state, x, y, batches, rest)
        losses.append(float(sums[0]))

    def each_batch(losses):
        nonlocal state
        sums = by_hand.NOTHING
        for rows in by_hand.shuffled(generator, job.rows, job.batch)[0]:
            state, sums = one(state, sums, rows, x, y)
            losses.append(float(sums[0]))

    def fit(kind, epochs):
        losses = []
        for _ in range(epochs):
            {"epoch": epoch, "batch": each_batch}[kind](losses)

    return reading(job, fit)


def torch(quick):
    import torch

    from ..peers import torch_loop

    job = JOB.of("torch", quick)
    x, y = torch_loop.tensors(job)
    model = torch_loop.initialized(gates.torch_net(torch.nn, 1))
    step = torch_loop.stepper(job, model)

    def fit(kind, epochs):
        losses = []
        for _ in range(epochs):
            total = 0
            for rows in torch.randperm(job.rows).split(job.batch):
                total += step(x[rows], y[rows])[0]
                if kind == "batch":
                    losses.append(total.item())
            losses.append(total.item())

    return reading(job, fit)


WORKLOADS = {
    "callbacks": Workload(
        "XOR, 30 epochs of 1,000 batches, callback that reads the loss",
        {**both(keras_script), "jax": jax, "torch": torch},
    )
}
