"""How the time of an epoch grows with rows, with units and with depth."""

import importlib

from ..measure import Job, Workload
from . import perceptrons

# axis -> size -> rows, sizes of the layers
AXES = {
    "rows": {size: (size, [64, 128, 10]) for size in (2_000, 8_000, 32_000)},
    "units": {size: (2_000, [64, size, size, 10]) for size in (128, 512, 2_048)},
    "layers": {size: (2_000, [64, *[128] * size, 10]) for size in (2, 6, 18)},
}


def points(train, quick):
    """`train(job, sizes)` returns the measures of a training."""
    found = {}
    for axis, sizes in AXES.items():
        for size, (rows, layers) in sizes.items():
            job = Job(
                lambda rows: perceptrons.table(rows, 64, 10),
                rows=rows // 50 if quick else rows,
                batch=32,
                epochs=1,
                repeats=1 if quick else 2,
            )
            found[f"{axis} = {size}"] = train(job, layers)["fit"]
    return found


def keras_api(name):
    def run(quick):
        from ..peers import keras_api

        keras = importlib.import_module(name)
        return points(
            lambda job, layers: keras_api.train(
                keras, job, lambda keras: perceptrons.keras_net(keras, layers)
            ),
            quick,
        )

    return run


def by_hand(kind):
    def run(quick):
        from ..peers import by_hand

        return points(
            lambda job, layers: by_hand.train(
                job,
                lambda draw: perceptrons.by_hand_init(draw, layers),
                perceptrons.by_hand,
                kind,
            ),
            quick,
        )

    return run


WORKLOADS = {
    "scaling": Workload(
        "one epoch of a perceptron, batch 32",
        {
            "kerasish": keras_api("kerasish"),
            "keras": keras_api("keras"),
            "jax step": by_hand("step"),
            "jax scan": by_hand("scan"),
        },
    )
}
