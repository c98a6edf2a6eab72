"""Writers of the `.h5` layout of all eras, and of the archives of tf.keras 2.12."""

import io
import json
import zipfile

import h5py
import numpy as np

VERSIONS = {"keras1": "1.2.2", "keras2": "2.1.6", "tf2": "2.4.0", "tf2.12": "2.12.0"}


def h5(path, era, config, weights, training=None, state=None, backend=None):
    """Write a whole model.

    Args:
        config: `{"class_name": ..., "config": ...}`.
        weights: layer's name -> {weight's name: array}.
        training: the training config.
        state: name -> array, of the optimizer.
        backend: what the file says; Keras 1 said nothing.
    """
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = VERSIONS[era].encode()
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        bare(group, weights)
        for place in (file, group) if backend else ():
            place.attrs["backend"] = backend.encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        if state is not None:
            arrays(file.create_group("optimizer_weights"), state)
    return str(path)


def bare(group, weights):
    """Write weights alone: the layers by name."""
    group.attrs["layer_names"] = np.array([name.encode() for name in weights])
    for name, own in weights.items():
        arrays(group.create_group(name), own)


def arrays(group, named):
    group.attrs["weight_names"] = np.array([name.encode() for name in named])
    for name, array in named.items():
        group.create_dataset(name, data=np.asarray(array))


def archive(path, config, weights, state):
    """Write an archive as tf.keras 2.12 to 2.15 did: without names of layers.

    Args:
        weights: place in the file -> list of arrays.
        state: list of arrays of the optimizer.
    """
    content = io.BytesIO()
    # totals of metrics are there, too, and belong to no layer
    parts = {**weights, "metrics/mean": [0.5, 2.0], "optimizer": state}
    with h5py.File(content, "w") as file:
        for place, own in parts.items():
            for number, array in enumerate(own):
                file.create_dataset(f"{place}/vars/{number}", data=array)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "2.12.0"}))
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", content.getvalue())
    return str(path)
