"""The arrays of a file of any format, each with its place and its layer; none is read.

What loading would refuse is put in a list, in words, as far as the rest can be shown.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import h5py
import numpy as np

from .. import backend
from . import hdf5, safetensors, shards, weights_h5
from .api import file_format, opened_arrays

__all__ = ["Array", "Inventory", "noted", "opened"]

# Where arrays lie -> what they are; all others are weights.
KINDS = {
    "optimizer": "optimizer",
    "optimizer_weights": "optimizer",
    "kerasish": "state",
}


@dataclass(frozen=True)
class Array:
    """An array of a file.

    Attributes:
        name: its place in the file.
        shape, dtype: of the array.
        layer: the names of its layer and of those around it, None if the file has none.
        kind: `"weights"`, `"optimizer"` or `"state"`.
        checked: whether a checksum stands beside it.
        read: returns the array, while the file is open.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    layer: str | None
    kind: str
    checked: bool
    read: Callable[[], np.ndarray] = field(repr=False, compare=False)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=object))

    def __str__(self) -> str:
        layer = f" of `{self.layer}`" if self.layer else ""
        return f"{self.name}{layer} {self.shape} {self.dtype}"


@dataclass
class Inventory:
    """An open file.

    Attributes:
        format: `"hdf5"`, `"zip"`, `"index"` or `"safetensors"`.
        arrays: all that may be read.
        refused: what may not, in words.
        files: the open HDF5 files, if it is of such.
        layout: a word for how the arrays are ordered and named.
    """

    format: str
    arrays: list[Array]
    refused: list[str]
    files: list[h5py.File]
    layout: str

    def of(self, kind: str) -> list[Array]:
        """Return the arrays of a kind."""
        return [array for array in self.arrays if array.kind == kind]


@contextmanager
def noted(refused: list[str]) -> Iterator[None]:
    """Put what is raised as a ValueError in a list."""
    try:
        yield
    except ValueError as error:
        refused.append(str(error))


@contextmanager
def opened(path: str) -> Iterator[Inventory]:
    """Open a file of any format.

    Raises:
        ValueError: if it is no model file, or refused as a whole.
        ImportError: if a package is needed that is not there.
    """
    kind = file_format(path)
    if kind == "safetensors":
        with safetensors.opened(path) as bundles:
            arrays = [
                _entry(entry, bundle.name)
                for bundle in bundles
                for _, entry in bundle.weights
            ]
            yield Inventory(kind, arrays, [], [], "safetensors")
    elif kind == "index":
        with shards.opened(path) as files:
            yield _of_hdf5(kind, files)
    else:
        with opened_arrays(path) as file:
            yield _of_hdf5(kind, [file])


def _entry(entry: safetensors.Entry, layer: str) -> Array:
    checked = entry.checksum is not None
    return Array(
        entry.name, entry.shape, entry.dtype, layer, "weights", checked, entry.read
    )


def _of_hdf5(kind: str, files: list[h5py.File]) -> Inventory:
    refused: list[str] = []
    known: dict[str, str | None] = {}
    arrays = [
        _array(name, dataset, files, known)
        for file in files
        for name, dataset in datasets(file, refused)
    ]
    legacy = kind == "hdf5" and any(
        hdf5.has_attribute(place, "layer_names")
        for place in (files[0], files[0].get("model_weights"))
        if place is not None
    )
    return Inventory(kind, arrays, refused, files, "names" if legacy else "numbers")


def _array(
    name: str,
    dataset: h5py.Dataset,
    files: list[h5py.File],
    known: dict[str, str | None],
) -> Array:
    kind = KINDS.get(name.split("/")[0], "weights")
    folder = name.rpartition("/")[0]
    if folder not in known:
        known[folder] = _layer(folder, files) if kind == "weights" else None
    dtype = str(dataset.dtype)
    if dataset.dtype.kind == "V":
        dtype = hdf5.text(dataset, "dtype") or dtype

    def read() -> np.ndarray:
        value = hdf5.read(dataset, dataset.shape)
        if value.dtype.kind == "V" and dtype[:1] != "|":
            value = value.view(np.asarray(backend.asarray(0, dtype)).dtype)
        return value

    checked = hdf5.checksum(dataset) is not None
    return Array(name, dataset.shape, dtype, known[folder], kind, checked, read)


def _layer(folder: str, files: list[h5py.File]) -> str | None:
    """Name the layer whose arrays lie in a folder, with the layers around it."""
    parts = folder.split("/")
    if parts[-1] != "vars":  # the group of a layer, then its weights by their paths
        group, *path = parts[1:] if parts[0] == "model_weights" else parts
        path = path[path.index(group) :] if group in path else [group, *path]
        return "/".join(path)
    names: list[str] = []
    for depth in range(1, len(parts)):
        places = weights_h5.within(files, "/".join([*parts[:depth], "vars"]))
        if places and (name := hdf5.text(places[0], "name")):
            names.append(name)
    return "/".join(names) or None


def datasets(
    group: h5py.Group, refused: list[str], path: str = ""
) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield all arrays that may be read, in the file's own order where it has one."""
    for name in _in_order(hdf5.entries(group), group, refused):
        place = f"{path}/{name}".lstrip("/")
        with noted(refused):
            thing = hdf5.child(group, name, h5py.HLObject)
            if isinstance(thing, h5py.Group):
                found = list(datasets(thing, refused, place))
                if hdf5.has_attribute(thing, "weight_names"):
                    names = hdf5.attribute_names(thing, "weight_names")
                    ranks = {f"{place}/{n}": rank for rank, n in enumerate(names)}
                    found.sort(key=lambda pair: ranks.get(pair[0], len(ranks)))
                yield from found
            else:
                hdf5.stored_shape(thing)
                yield place, thing


def _in_order(names: Iterable[str], group: h5py.Group, refused: list[str]) -> list[str]:
    """Sort names: layers as they are listed, numbers by their size."""
    listed: dict[str, int] = {}
    if hdf5.has_attribute(group, "layer_names"):
        with noted(refused):
            order = hdf5.attribute_names(group, "layer_names")
            listed = {name: rank for rank, name in enumerate(order)}

    def rank(name: str) -> tuple[int, int, str]:
        number = len(name) if name.isdigit() else 0
        return listed.get(name, len(listed)), number, name

    return sorted(names, key=rank)
