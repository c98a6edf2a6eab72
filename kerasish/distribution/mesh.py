"""Devices in a grid, and which axis of an array is split over which of its axes."""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np

from .. import config
from ..backend import jax_sharding

__all__ = ["DeviceMesh", "LayoutMap", "TensorLayout", "list_devices"]


def list_devices(device_type: str | None = None) -> list[str]:
    """Return the names of the devices, over all processes.

    Args:
        device_type: `"cpu"`, `"gpu"` or `"tpu"`; None: the best there is.

    Raises:
        RuntimeError: if there is no such device.
        ValueError: unless the backend is JAX.

    Example:
        >>> keras.distribution.list_devices("cpu")[0]
        'cpu:0'
    """
    if config.backend() != "jax":
        raise ValueError(
            "`keras.distribution` needs the JAX backend; the backend is "
            f"{config.backend()!r}."
        )
    return jax_sharding.devices(device_type)


class DeviceMesh:
    """Devices in a grid with named axes.

    Args:
        shape: sizes of the axes.
        axis_names: their names, for example `["batch", "model"]`.
        devices: names of the devices, `"gpu:0"` ...; default: all of `list_devices`.

    Raises:
        ValueError: if these do not fit together.

    Example:
        >>> keras.distribution.DeviceMesh((1,), ["batch"], ["cpu:0"])
        <DeviceMesh shape=(1,), axis_names=['batch']>
    """

    def __init__(
        self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None
    ) -> None:
        if not shape or not axis_names:
            raise ValueError(
                "Shape and axis_names cannot be empty. Received: "
                f"shape={shape}, axis_names={axis_names}"
            )
        if len(shape) != len(axis_names):
            raise ValueError(
                "Shape and axis_names should have same size. Received: "
                f"shape={shape}, axis_names={axis_names}"
            )
        names = np.array(list_devices() if devices is None else devices)
        if names.size != np.prod(shape):
            raise ValueError(
                "Shape does not match the number of devices. Received: "
                f"shape={shape}; devices.shape={names.shape}"
            )
        self.shape, self.axis_names = tuple(shape), list(axis_names)
        self.devices = names.reshape(shape)

    @property
    def backend_mesh(self) -> Any:
        """The mesh of JAX."""
        names = tuple(self.devices.ravel().tolist())
        return jax_sharding.mesh(names, self.shape, tuple(self.axis_names))

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """Which axes of an array are split over which axes of a mesh.

    Args:
        axes: for each axis of the array the name of an axis of the mesh, or None where
            it is not split.
        device_mesh: the mesh; may be given later.

    Raises:
        ValueError: if the mesh has no axis of such a name.

    Example:
        >>> mesh = keras.distribution.DeviceMesh((1,), ["model"], ["cpu:0"])
        >>> keras.distribution.TensorLayout((None, "model"), mesh).axes
        (None, 'model')
    """

    def __init__(
        self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None
    ) -> None:
        self.axes = tuple(axes)
        self.device_mesh = device_mesh

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh."""
        return self._mesh

    @device_mesh.setter
    def device_mesh(self, mesh: DeviceMesh | None) -> None:
        unknown = {*self.axes} - {None, *(mesh.axis_names if mesh else self.axes)}
        if mesh and unknown:
            raise ValueError(
                "Invalid axis names for Layout. Valid axis names: "
                f"{set(mesh.axis_names)}, Got {unknown}"
            )
        self._mesh = mesh

    @property
    def backend_layout(self) -> Any:
        """The sharding of JAX.

        Raises:
            ValueError: if there is no mesh yet.
        """
        if self._mesh is None:
            raise ValueError(
                "Cannot create sharding when device mesh is not set for TensorLayout."
            )
        return jax_sharding.sharding(self._mesh.backend_mesh, self.axes)

    def place(self, value: Any) -> Any:
        """Return an array in this layout."""
        return jax_sharding.place(value, self.backend_layout)

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self._mesh}>"


class LayoutMap(MutableMapping[str, Any]):
    """Layouts by the paths of variables, `"dense/kernel"`.

    A key is such a path, or a regular expression that fits a whole one.

    Args:
        device_mesh: the mesh of layouts that are given as tuples of axes.

    Example:
        >>> mesh = keras.distribution.DeviceMesh((1,), ["model"], ["cpu:0"])
        >>> layouts = keras.distribution.LayoutMap(mesh)
        >>> layouts["dense.*kernel"] = (None, "model")
        >>> layouts["dense_1/kernel"].axes, layouts["dense/bias"]
        ((None, 'model'), None)
    """

    def __init__(self, device_mesh: DeviceMesh | None) -> None:
        self._layouts: dict[str, TensorLayout] = {}
        self.device_mesh = device_mesh

    def __getitem__(self, key: str) -> Any:
        """Return the layout of a path, or None.

        Raises:
            ValueError: if several keys fit.
        """
        if key in self._layouts:
            return self._layouts[key]
        fitting = [k for k in self._layouts if re.fullmatch(k, key)]
        if len(fitting) > 1:
            raise ValueError(
                f"Path '{key}' matches multiple layout specification keys: {fitting}. "
                "Make the regular expressions exclude each other."
            )
        return self._layouts[fitting[0]] if fitting else None

    def __setitem__(self, key: str, layout: Any) -> None:
        """Add a layout, or a tuple of its axes."""
        if key in self._layouts:
            raise ValueError(
                f"{key} already exist in the LayoutMap with value "
                f"{self._layouts[key]}. Delete it first."
            )
        if isinstance(layout, tuple):
            layout = TensorLayout(layout)
        if not isinstance(layout, TensorLayout):
            raise ValueError(
                f"{layout} should be a TensorLayout type, got {type(layout)}"
            )
        if layout.device_mesh is None:
            layout.device_mesh = self.device_mesh
        self._layouts[key] = layout

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)
