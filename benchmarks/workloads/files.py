"""Save and load 50 million parameters as `.h5`; by hand it is h5py and the arrays."""

import gc
import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from ..measure import Workload, timed
from ..peers.keras_api import both

WIDTH, REPEATS = 5_000, 5


def round_trips(save, load, quick):
    """Time both ways with a file in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        save(path), load(path)
        times: dict[str, list[float]] = {"save": [], "load": []}
        for _ in range(1 if quick else REPEATS):
            for name, act in (("save", save), ("load", load)):
                # Neither the memory of the last model nor what others have not
                # written to the disk yet belongs to the time.
                gc.collect()
                os.sync()
                times[name] += timed(partial(act, path))["times"]
        return {name: {"times": found, "part": 1.0} for name, found in times.items()}


def keras_script(keras, quick):
    width = 50 if quick else WIDTH
    dense = [keras.layers.Dense(width, kernel_initializer="ones") for _ in range(2)]
    model = keras.Sequential([keras.Input((width,)), *dense])

    def load(path):
        loaded = keras.models.load_model(path, compile=False)
        kernels = [np.asarray(layer.kernel.value) for layer in loaded.layers]
        assert all(kernel[-1, -1] == 1 for kernel in kernels)

    return round_trips(model.save, load, quick)


def jax(quick):
    import h5py
    import jax

    width = 50 if quick else WIDTH
    shapes = [(width, width), (width,)] * 2
    arrays = [jax.numpy.ones(shape) for shape in shapes]

    def save(path):
        with h5py.File(path, "w") as file:
            for number, array in enumerate(arrays):
                file[str(number)] = np.asarray(array)

    def load(path):
        with h5py.File(path) as file:
            read = [jax.numpy.asarray(file[name][()]) for name in file]
        assert all(np.asarray(array).ravel()[-1] == 1 for array in read)

    return round_trips(save, load, quick)


WORKLOADS = {
    "h5": Workload("50 million parameters, .h5", {**both(keras_script), "jax": jax})
}
