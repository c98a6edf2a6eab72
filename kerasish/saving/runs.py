"""What a training needs to go on, beside the model, in an HDF5 file.

/kerasish/run         the run: JSON, as bytes
/kerasish/arrays/0    arrays that stand in it as `{"array": 0}`

A backup has all of it. A model file has what is small: of the callbacks' states the
numbers alone, and nothing of a training that ended by itself.
"""

import json
from typing import Any

import h5py
import numpy as np

from .. import random
from . import hdf5

__all__ = ["known", "read", "read_small", "small", "write"]

NUMBERS = (type(None), bool, int, float)
KINDS: dict[str, Any] = {"epoch": int, "step": int, "stop": bool, "logs": dict}
KINDS |= {"metrics": list, "callbacks": dict, "random": (np.ndarray, type(None))}


def known(model: Any) -> dict[str, Any] | None:
    """Return where a model's training stands; None if there is none, or it has ended.

    While `fit` is at work its callbacks know, later the model or the file it came from.
    """
    if (callbacks := vars(model).get("_running")) is None:
        last = vars(model).get("_last_run")
        return last and {"random": random.default_state(), **last}
    return None if model.stop_training else callbacks.get_run()


def write(file: h5py.File, run: dict[str, Any]) -> None:
    """Write plain values and arrays, in dictionaries and lists."""
    arrays = file.create_group("kerasish/arrays")
    text = json.dumps(_without_arrays(run, arrays))
    hdf5.write(file, "kerasish/run", np.frombuffer(text.encode(), "uint8"))


def read(file: h5py.File) -> dict[str, Any]:
    """Return what `write` wrote.

    Raises:
        ValueError: if there is nothing, or it is damaged.
    """
    text = _array(file, "kerasish/run").tobytes()
    run = _with_arrays(hdf5.document(text, "`kerasish/run`"), file, set())
    right = isinstance(run, dict) and run.keys() == KINDS.keys()
    if right:
        right = all(isinstance(run[key], kind) for key, kind in KINDS.items())
        right &= all(isinstance(state, dict) for state in run["callbacks"].values())
    if not right or min(run["epoch"], run["step"]) < 0:
        raise ValueError("The file is damaged: `kerasish/run` describes no training.")
    return run


def small(run: dict[str, Any]) -> dict[str, Any]:
    """Return a run as a model file keeps it: of callbacks' states the numbers alone."""
    states = {
        name: {key: v for key, v in state.items() if isinstance(v, NUMBERS)}
        for name, state in run["callbacks"].items()
    }
    return {key: run[key] for key in KINDS} | {"callbacks": states}


def read_small(file: h5py.File) -> dict[str, Any] | None:
    """Return the run that stands in a model file, None if there is none.

    Raises:
        ValueError: if it is damaged.
    """
    if not hdf5.holds(hdf5.child(file, "kerasish"), "run"):
        return None
    return {**small(read(file)), "stop": False}


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


def _with_arrays(value: Any, file: h5py.File, used: set[Any]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(v, file, used) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != {"array"}:
        return {key: _with_arrays(v, file, used) for key, v in value.items()}
    number = str(value["array"])
    if number in used:  # each stands once, else a small file could fill the memory
        raise ValueError(f"The file is refused: its array {number} is used twice.")
    used.add(number)
    return _array(file, f"kerasish/arrays/{number}")


def _array(file: h5py.File, place: str) -> np.ndarray:
    dataset = hdf5.child(file, place, h5py.Dataset)
    return hdf5.read(dataset, hdf5.stored_shape(dataset))
