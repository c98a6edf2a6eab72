"""Training on several devices: batches are spread over them, weights copied or split.

XLA adds what the devices must tell each other, so that all numbers are those of one
device up to rounding.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backend import jax_sharding
from ..training import sharing
from ..variable import layouts
from .mesh import DeviceMesh, LayoutMap, TensorLayout, list_devices

__all__ = [
    "DataParallel",
    "DeviceMesh",
    "LayoutMap",
    "ModelParallel",
    "TensorLayout",
    "distribute_tensor",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "set_distribution",
]


class Distribution:
    """What `DataParallel` and `ModelParallel` have in common.

    Args:
        device_mesh: the devices.
        batch_dim_name: over which axis of the mesh batches are spread.
        auto_shard_dataset: kept; one process reads its data itself.
    """

    device_mesh: Any = None
    batch_dim_name = ""
    auto_shard_dataset = True
    num_processes, data_shard_id = 1, 0

    def __init__(
        self, device_mesh: DeviceMesh, batch_dim_name: str, auto_shard_dataset: bool
    ) -> None:
        if batch_dim_name not in device_mesh.axis_names:
            raise ValueError(
                f"`batch_dim_name` must be one of {device_mesh.axis_names}, the axes "
                f"of the mesh, not {batch_dim_name!r}."
            )
        self.device_mesh, self.batch_dim_name = device_mesh, batch_dim_name
        self.auto_shard_dataset = auto_shard_dataset

    @property
    def num_model_replicas(self) -> int:
        """Over how many groups of devices a batch is spread."""
        where = self.device_mesh.axis_names.index(self.batch_dim_name)
        return self.device_mesh.shape[where]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Set this distribution for a while."""
        before = distribution()
        set_distribution(self)
        try:
            yield
        finally:
            set_distribution(before)

    def get_data_layout(self, data_shape: Sequence[Any]) -> TensorLayout:
        """Return the layout of a batch: its first axis is spread."""
        axes = [self.batch_dim_name, *[None] * len(data_shape)][: len(data_shape)]
        return TensorLayout(axes, self.device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Return the layout of a variable: its own, or a copy on each device."""
        if variable.layout is not None:
            return variable.layout
        return TensorLayout([None] * len(variable.shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """Return the layout of what a layer of that path computes; None: XLA's."""
        return None

    def distribute_dataset(self, dataset: Any) -> Any:
        """Return the part of a data set that this process reads: all of it."""
        return dataset

    distribute_tf_dataset = distribute_dataset

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self.device_mesh}>"


class DataParallel(Distribution):
    """Each device has all weights, and computes a part of each batch.

    A batch whose size the number of devices does not divide is computed on all alike.

    Args:
        device_mesh: a mesh of one axis; or
        devices: names of devices; default: all.
        auto_shard_dataset: kept; one process reads its data itself.

    Example:
        >>> parallel = keras.distribution.DataParallel(devices=["cpu:0"])
        >>> parallel.num_model_replicas, parallel.get_data_layout((32, 4)).axes
        (1, ('batch', None))
    """

    def __init__(
        self,
        device_mesh: DeviceMesh | None = None,
        devices: Any = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        if device_mesh is None:
            names = list_devices() if devices is None else list(np.atleast_1d(devices))
            device_mesh = DeviceMesh((len(names),), ["batch"], names)
        if not isinstance(device_mesh, DeviceMesh):
            raise ValueError(
                "Expect `mesh` to be an instance of `DeviceMesh`. Received: "
                f"mesh={device_mesh} (of type {type(device_mesh)})"
            )
        if len(device_mesh.shape) > 1:
            warnings.warn(
                f"`DataParallel` spreads batches over {device_mesh.axis_names[0]!r}, "
                f"the first axis of {device_mesh}, alone.",
                stacklevel=2,
            )
        super().__init__(device_mesh, device_mesh.axis_names[0], auto_shard_dataset)


class ModelParallel(Distribution):
    """Weights are split over the devices, as a `LayoutMap` says; batches are, too.

    Args:
        layout_map: layouts by the paths of variables; others are copied.
        batch_dim_name: over which axis of the mesh batches are spread; default: the
            first.
        auto_shard_dataset: kept; one process reads its data itself.

    Example:
        >>> mesh = keras.distribution.DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"])
        >>> layouts = keras.distribution.LayoutMap(mesh)
        >>> layouts["dense.*kernel"] = (None, "model")
        >>> with keras.distribution.ModelParallel(layout_map=layouts).scope():
        ...     layer = keras.layers.Dense(2, name="dense")
        ...     layer.build((None, 3))
        >>> layer.kernel.layout.axes
        (None, 'model')
    """

    def __init__(
        self,
        *,
        layout_map: LayoutMap | None = None,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"`ModelParallel` has no arguments {sorted(kwargs)}.")
        if layout_map is None:
            raise ValueError("You must specify a layout_map argument.")
        if not isinstance(layout_map, LayoutMap) or layout_map.device_mesh is None:
            raise ValueError(
                "Argument `layout_map` must be a `LayoutMap` instance with a mesh. "
                f"Received: layout_map={layout_map}"
            )
        mesh = layout_map.device_mesh
        name = batch_dim_name or mesh.axis_names[0]
        super().__init__(mesh, name, auto_shard_dataset)
        self._layout_map = layout_map

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Return the layout of a variable: its own, the map's, or a copy on each."""
        known = variable.layout or self._layout_map[variable.path]
        return known or super().get_variable_layout(variable)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """Return the layout that the map has for a path, or None."""
        return self._layout_map[path]


_current: Distribution | None = None


def distribution() -> Distribution | None:
    """Return the distribution that is set, or None.

    Example:
        >>> keras.distribution.distribution() is None
        True
    """
    return _current


def set_distribution(value: Distribution | None) -> None:
    """Distribute the models that are made, compiled and trained from now on.

    Args:
        value: the distribution; None: there is none.

    Raises:
        ValueError: if it is something else.

    Example:
        >>> keras.distribution.set_distribution(None)
    """
    global _current
    if not isinstance(value, Distribution | None):
        raise ValueError(
            "A distribution is a `DataParallel`, a `ModelParallel` or None, not "
            f"{value!r}."
        )
    _current = value
    layouts.of = None if value is None else value.get_variable_layout
    if value is None:
        jax_sharding.share(None)
    else:
        jax_sharding.share(value.device_mesh.backend_mesh, value.batch_dim_name)
    sharing.forget()  # programs spread batches as was said when they were compiled


def distribute_tensor(tensor: Any, layout: Any) -> Any:
    """Return an array in a layout, also within a compiled function.

    Args:
        tensor: array.
        layout: `TensorLayout`, or a sharding of JAX.

    Example:
        >>> mesh = keras.distribution.DeviceMesh((1,), ["batch"], ["cpu:0"])
        >>> layout = keras.distribution.TensorLayout(("batch", None), mesh)
        >>> keras.distribution.distribute_tensor(np.ones((4, 2)), layout).shape
        (4, 2)
    """
    if isinstance(layout, TensorLayout):
        layout = layout.backend_layout
    return jax_sharding.place(tensor, layout)


def get_device_count(device_type: str | None = None) -> int:
    """Return how many devices there are, see `list_devices`.

    Example:
        >>> keras.distribution.get_device_count("cpu") >= 1
        True
    """
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Join the processes of several machines; before anything is computed.

    Args:
        job_addresses: the address and port of the first process, or those of all,
            with commas. Default: `KERAS_DISTRIBUTION_JOB_ADDRESSES`.
        num_processes: default: `KERAS_DISTRIBUTION_NUM_PROCESSES`.
        process_id: default: `KERAS_DISTRIBUTION_PROCESS_ID`.
    """
    prefix = "KERAS_DISTRIBUTION_"
    addresses = job_addresses or os.environ.get(f"{prefix}JOB_ADDRESSES")
    count: Any = num_processes or os.environ.get(f"{prefix}NUM_PROCESSES")
    number: Any = os.environ.get(f"{prefix}PROCESS_ID")
    number = process_id if process_id is not None else number
    parts = addresses.split(",") if addresses else [None]
    if count is None and len(parts) > 1:
        count = len(parts)
    jax_sharding.initialize(
        parts[0],
        None if count is None else int(count),
        None if number is None else int(number),
    )
