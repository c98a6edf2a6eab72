"""Arrays on several devices: meshes, layouts, and how batches are spread over them."""

import math
from functools import lru_cache
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

__all__ = [
    "devices",
    "everywhere",
    "initialize",
    "mesh",
    "place",
    "share",
    "sharding",
    "spread",
]

# Of the distribution that is set: where data are put, and how a batch is spread.
_whole: Any = None
_rows: Any = None


@lru_cache
def mesh(names: tuple[str, ...], shape: tuple[int, ...], axes: tuple[str, ...]) -> Mesh:
    """Return the mesh of the devices of these names, `"cpu:0"` ..."""
    found = []
    for name in names:
        kind, _, index = name.partition(":")
        found += [d for d in jax.devices(kind) if d.id == int(index or 0)]
    return Mesh(np.array(found).reshape(shape), axes)


def devices(kind: str | None) -> list[str]:
    """Return the names of the devices of a kind; None: of the default one."""
    found = jax.devices(kind and kind.lower())
    return [f"{kind.lower() if kind else d.platform}:{d.id}" for d in found]


def sharding(on: Mesh, axes: tuple[Any, ...]) -> NamedSharding:
    """Return the layout that splits axis i over `axes[i]` of the mesh; None: not."""
    return NamedSharding(on, PartitionSpec(*axes))


def place(x: Any, where: NamedSharding) -> Any:
    """Return `x` in a layout, also within a trace."""
    if isinstance(x, jax.core.Tracer):
        return lax.with_sharding_constraint(x, where)
    return jax.device_put(x, where)


def share(on: Mesh | None, axis: str | None = None) -> None:
    """Spread batches over an axis of a mesh from now on; None: no more."""
    global _whole, _rows
    _whole = None if on is None else sharding(on, ())
    _rows = None if on is None or axis is None else sharding(on, (axis,))


def everywhere() -> NamedSharding | None:
    """Return where data belong that all devices need; None: on the default device."""
    return _whole


def spread(batch: Any) -> Any:
    """Return a batch with its rows spread over the devices, if they can share them."""
    if _rows is None:
        return batch
    parts = math.prod(_rows.mesh.shape[name] for name in _rows.spec)
    return place(batch, _rows if len(batch) % parts == 0 else _whole)


def initialize(
    address: str | None, num_processes: int | None, process_id: int | None
) -> None:
    """Join the processes of several machines."""
    jax.distributed.initialize(address, num_processes, process_id)
