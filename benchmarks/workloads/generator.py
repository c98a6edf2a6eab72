"""100 batches of 128 from a Python generator into 784-512-512-10."""

import itertools
import time

from ..measure import Job, Workload, timed
from ..peers.keras_api import both, compiled
from . import perceptrons

SIZES = [784, 512, 512, 10]
BATCH, BATCHES, PAUSE = 128, 100, 0.005
JOB = Job(
    lambda rows: perceptrons.table(rows, SIZES[0], 10),
    rows=10 * BATCH,
    batch=BATCH,
    epochs=1,
    repeats=2,
)
FREE, SLOW = "0 ms a batch", "5 ms a batch"


def stream(pause, convert=lambda x, y: (x, y)):
    """Batches without end; making one takes `pause` seconds."""
    x, y = JOB.arrays()
    starts = range(0, len(x), BATCH)
    pool = [convert(x[i : i + BATCH], y[i : i + BATCH]) for i in starts]
    for batch in itertools.cycle(pool):
        if pause:
            time.sleep(pause)
        yield batch


def measured(fit, quick):
    """`fit(batches, how many)` trains on."""
    count = 3 if quick else BATCHES
    repeats = 1 if quick else JOB.repeats
    fit(stream(0), count)
    return {
        name: timed(lambda pause=pause: fit(stream(pause), count), repeats)
        for name, pause in ((FREE, 0), (SLOW, PAUSE))
    }


def keras_script(keras, quick):
    model = compiled(keras, JOB, lambda keras: perceptrons.keras_net(keras, SIZES))
    return measured(
        lambda batches, count: model.fit(batches, steps_per_epoch=count, verbose=0),
        quick,
    )


def jax(quick):
    """A jitted step; with a pause the limit is the slower of data and computing."""
    import jax

    from ..peers import by_hand

    net = by_hand.Net(
        lambda draw: perceptrons.by_hand_init(draw, SIZES), perceptrons.by_hand
    )
    start, step = by_hand.stepper(JOB, net)
    one = jax.jit(lambda state, sums, x, y: step((state, sums), x, y), donate_argnums=0)
    state = start(by_hand.initial(net))

    def fit(batches, count):
        nonlocal state
        sums = by_hand.NOTHING
        for x, y in itertools.islice(batches, count):
            state, sums = one(state, sums, x, y)
        return float(sums[0])

    def drain():
        for _ in itertools.islice(stream(PAUSE), 3 if quick else BATCHES):
            pass

    fit(stream(0), 3)
    repeats = 1 if quick else JOB.repeats
    computing = timed(lambda: fit(stream(0), 3 if quick else BATCHES), repeats)
    data = timed(drain, repeats)
    limits = [max(pair) for pair in zip(computing["times"], data["times"])]
    return {FREE: computing, SLOW: {"times": limits, "part": 1.0}}


def torch(quick):
    import torch

    from ..peers import torch_loop

    model = torch_loop.initialized(perceptrons.torch_net(torch.nn, SIZES))
    step = torch_loop.stepper(JOB, model)

    def fit(batches, count):
        total = 0
        for x, y in itertools.islice(batches, count):
            cost, _ = step(torch.from_numpy(x), torch.from_numpy(y).long())
            total += cost
        return total.item()

    return measured(fit, quick)


WORKLOADS = {
    "generator": Workload(
        "784-512-512-10 from a generator, 100 batches of 128",
        {**both(keras_script), "jax": jax, "torch": torch},
    )
}
