"""What an interrupted training needs to go on: a `.weights.h5` with all the run."""

import os
from typing import Any

from . import hdf5, runs, weights_h5
from .atomic import replacing
from .legacy_h5 import load_state

__all__ = ["load", "save"]


def save(path: str | os.PathLike[str], model: Any, run: dict[str, Any]) -> None:
    """Write weights, optimizer, random generators and what else a run depends on.

    Args:
        path: the file; an old one stays whole until the new one is.
        model: a built model.
        run: plain values and arrays, in dictionaries and lists.
    """
    with replacing(path) as new, hdf5.created(new) as file:
        weights_h5.save_weights(file, model, run=run)


def load(path: str | os.PathLike[str], model: Any) -> dict[str, Any]:
    """Restore a model from what `save` wrote; return the run.

    Raises:
        ValueError: if the file is damaged, refused, or does not fit the model.
    """
    name = os.fspath(path)
    with hdf5.opened(name, name) as file:
        run = runs.read(file)
        weights_h5.load_layers(file, model)
        load_state(file, model, run)
        if model.optimizer is not None:
            weights_h5.load_optimizer(file, model)
    return run
