"""What an interrupted training needs to go on, in one file.

It is a `.weights.h5` file, with one thing more in the group `kerasish`:

/kerasish/run         the run: JSON, as bytes
/kerasish/arrays/0    arrays that stand in it as `{"array": 0}`
"""

import json
import os
from typing import Any

import h5py
import numpy as np

from . import hdf5, weights_h5
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
        weights_h5.save_weights(file, model)
        arrays = file.create_group("kerasish/arrays")
        text = json.dumps(_without_arrays(run, arrays))
        hdf5.write(file, "kerasish/run", np.frombuffer(text.encode(), "uint8"))


def load(path: str | os.PathLike[str], model: Any) -> dict[str, Any]:
    """Restore a model from what `save` wrote; return the run.

    Raises:
        ValueError: if the file is damaged, refused, or does not fit the model.
    """
    name = os.fspath(path)
    with hdf5.opened(name, name) as file:
        text = _array(file, "kerasish/run").tobytes()
        run = _with_arrays(hdf5.document(text, "`kerasish/run`"), file)
        weights_h5.load_layers(file, model)
        load_state(file, model)
        if model.optimizer is not None:
            weights_h5.load_optimizer(file, model)
    return run


def _without_arrays(value: Any, group: h5py.Group) -> Any:
    if isinstance(value, dict):
        return {key: _without_arrays(v, group) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(v, group) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        number = len(group)
        hdf5.write(group, str(number), np.asarray(value))
        return {"array": number}
    return value


def _with_arrays(value: Any, file: h5py.File) -> Any:
    if isinstance(value, list):
        return [_with_arrays(v, file) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"array"}:
        return _array(file, f"kerasish/arrays/{value['array']}")
    return {key: _with_arrays(v, file) for key, v in value.items()}


def _array(file: h5py.File, place: str) -> np.ndarray:
    dataset = hdf5.child(file, place, h5py.Dataset)
    return hdf5.read(dataset, hdf5.stored_shape(dataset))
