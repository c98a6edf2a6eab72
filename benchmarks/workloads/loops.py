"""Build, compile and fit a 10-16-1 net again and again in one process."""

import numpy as np

from ..measure import Job, Workload, resident_mib, timed, value
from ..peers.keras_api import both, compiled
from . import perceptrons

LOOPS, WARM = 300, 3
# Slow contenders do fewer, scaled.
FEWER = {"keras": 10, "jax": 10}
JOB = Job(
    lambda rows: (np.ones((rows, 10), "float32"), np.ones((rows, 1), "float32")),
    rows=320,
    batch=32,
    epochs=1,
    loss="mse",
)


def again(once, name, quick):
    """Time of 300 calls, and how much memory a call leaves behind."""
    count = 3 if quick else FEWER.get(name, LOOPS)
    for _ in range(WARM):
        once()
    before = resident_mib()
    found = timed(lambda: [once() for _ in range(count)], part=count / LOOPS)
    growth = (resident_mib() - before) / count
    return {"300 loops": found, "growth, MiB a loop": value(max(growth, 0.0))}


def keras_script(keras, quick):
    x, y = JOB.arrays()

    def once():
        model = compiled(
            keras, JOB, lambda keras: perceptrons.keras_net(keras, [10, 16, 1])
        )
        model.fit(x, y, batch_size=JOB.batch, verbose=0)

    return again(once, keras.__name__, quick)


def jax(quick):
    """A function of its own, and so a compilation, for each net."""
    from ..peers import by_hand

    def once():
        net = by_hand.Net(
            lambda draw: perceptrons.by_hand_init(draw, [10, 16, 1]),
            lambda *given: perceptrons.by_hand(*given),
        )
        by_hand.fitter_of_batches(JOB, net, "scan")(1)

    return again(once, "jax", quick)


def torch(quick):
    import torch

    from ..peers import torch_loop

    x, y = torch_loop.tensors(JOB)

    def once():
        model = torch_loop.initialized(perceptrons.torch_net(torch.nn, [10, 16, 1]))
        step = torch_loop.stepper(JOB, model)
        for rows in torch.randperm(JOB.rows).split(JOB.batch):
            step(x[rows], y[rows])

    return again(once, "torch", quick)


WORKLOADS = {
    "build_fit": Workload(
        "build, compile and fit 10-16-1",
        {**both(keras_script), "jax": jax, "torch": torch},
    )
}
