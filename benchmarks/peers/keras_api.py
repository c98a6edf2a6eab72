"""The same script for kerasish and for real Keras."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..measure import Contender, Job, Measures

LOSSES = {"mse": "mse", "binary": "binary_crossentropy"}


def both(script: Callable[[ModuleType, bool], Measures]) -> dict[str, Contender]:
    """Make two contenders of a function of `(keras, quick)`."""
    return {
        name: lambda quick, name=name: script(importlib.import_module(name), quick)
        for name in ("kerasish", "keras")
    }


def compiled(keras: ModuleType, job: Job, build: Callable[[ModuleType], Any]) -> Any:
    """A model, ready to train."""
    keras.utils.set_random_seed(0)
    model = build(keras)
    loss = LOSSES.get(job.loss) or keras.losses.SparseCategoricalCrossentropy(True)
    optimizer = getattr(keras.optimizers, job.optimizer)(job.rate)
    model.compile(optimizer, loss, metrics=["accuracy"] if job.accuracy else None)
    return model


def train(keras: ModuleType, job: Job, build: Callable[[ModuleType], Any]) -> Measures:
    """Fit."""
    x, y = job.arrays()
    model = compiled(keras, job, build)

    def fit(epochs: int) -> float:
        history = model.fit(
            x,
            y,
            batch_size=job.batch,
            epochs=epochs,
            validation_split=job.validation,
            verbose=0,
        )
        return history.history["loss"][-1]

    return job.measure(fit)
