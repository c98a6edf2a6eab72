"""What is in a model file, and how two files differ; no model is built for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from . import hdf5
from .api import existing, file_format, opened_arrays, opened_model

__all__ = ["Array", "Contents", "Difference", "Differences", "compare", "inspect"]

# Where arrays lie -> what they are; all others are weights.
KINDS = {
    "optimizer": "optimizer",
    "optimizer_weights": "optimizer",
    "kerasish": "state",
}


@dataclass(frozen=True)
class Array:
    """An array of a file: its place, shape, dtype, and its layer's name if known."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    layer: str | None = None

    def __str__(self) -> str:
        layer = f" of `{self.layer}`" if self.layer else ""
        return f"{self.name}{layer} {self.shape} {self.dtype}"


@dataclass
class Contents:
    """What a model file holds; printed, it is a table.

    Attributes:
        path: of the file.
        size: in bytes.
        versions: of what wrote it, by name.
        model: class and name of the model, None in a file of weights.
        layers: `(name, class)` of the layers that the config lists.
        training: what the model was compiled with, None if it was not.
        weights, optimizer, state: arrays of the layers, of the optimizer, and what
            kerasish keeps beside.
        refused: what loading would not accept, in words.
    """

    path: str
    size: int
    versions: dict[str, str] = field(default_factory=dict)
    model: str | None = None
    layers: list[tuple[str, str]] = field(default_factory=list)
    training: str | None = None
    weights: list[Array] = field(default_factory=list)
    optimizer: list[Array] = field(default_factory=list)
    state: list[Array] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        versions = ", ".join(f"{key} {value}" for key, value in self.versions.items())
        lines = [
            f"{self.path}: {self.size:,} bytes",
            f"written by: {versions or 'unknown'}",
            f"model: {self.model or 'none; weights alone'}",
            *(f"  {name} ({kind})" for name, kind in self.layers),
            f"trained with: {self.training or 'not compiled'}",
        ]
        for title, arrays in (
            ("weights", self.weights),
            ("optimizer's state", self.optimizer),
            ("other state", self.state),
        ):
            numbers = sum(int(np.prod(a.shape)) for a in arrays)
            lines.append(f"{title}: {len(arrays)} arrays, {numbers:,} numbers")
            lines += [f"  {array}" for array in arrays]
        return "\n".join([*lines, *(f"REFUSED: {text}" for text in self.refused)])


def inspect(path: str | os.PathLike[str]) -> Contents:
    """Say what a model file holds, without building the model.

    What loading would refuse is listed, not raised, as long as the file can be opened.

    Args:
        path: of an HDF5 file or a `.keras` archive.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model file at all.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save("model.keras")
        >>> [array.shape for array in keras.saving.inspect("model.keras").weights]
        [(2, 1), (1,)]
    """
    path = existing(path)
    file_format(path)
    found, alone = Contents(path, os.path.getsize(path)), True
    with _noted(found.refused), opened_arrays(path) as file:
        for name, dataset in datasets(file, found.refused):
            array = Array(name, dataset.shape, str(dataset.dtype), _layer(dataset))
            getattr(found, KINDS.get(name.split("/")[0], "weights")).append(array)
        for place in (file, file.get("model_weights")):
            for name in ("keras_version", "backend"):
                with _noted(found.refused):
                    value = hdf5.text(place, name) if place is not None else None
                    found.versions |= {name: value} if value is not None else {}
        alone = h5py.is_hdf5(path) and not hdf5.has_attribute(file, "model_config")
    if not alone:
        _describe(found)
    return found


def _layer(dataset: h5py.Dataset) -> str | None:
    try:
        return hdf5.text(dataset.parent, "name")
    except ValueError:
        return None


def _describe(found: Contents) -> None:
    """Add what the file's configs say."""
    with _noted(found.refused), opened_model(found.path) as whole:
        found.versions |= whole.made
        config = whole.config["config"]
        name = config.get("name", "") if isinstance(config, dict) else ""
        found.model = f"{whole.config['class_name']} {name}".strip()
        parts = config.get("layers", []) if isinstance(config, dict) else []
        found.layers = [
            (str(part["config"].get("name", "")), str(part["class_name"]))
            for part in parts
            if isinstance(part, dict) and isinstance(part.get("config"), dict)
        ]
        if training := whole.training():
            optimizer = training.get("optimizer")
            if isinstance(optimizer, dict):
                optimizer = optimizer.get("class_name")
            loss = training.get("loss")
            found.training = f"{optimizer}, loss {loss}"


@contextmanager
def _noted(refused: list[str]) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        refused.append(str(error))


def datasets(
    group: h5py.Group, refused: list[str], path: str = ""
) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield all arrays that may be read; say of the others why they may not."""
    for name in hdf5.entries(group):
        place = f"{path}/{name}".lstrip("/")
        with _noted(refused):
            thing = hdf5.child(group, name, h5py.HLObject)
            if isinstance(thing, h5py.Group):
                yield from datasets(thing, refused, place)
            else:
                hdf5.stored_shape(thing)
                yield place, thing


# --- two files -----------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """How an array of one file differs from that of the other.

    Attributes:
        name: its place in both files.
        largest: the largest absolute difference; None if they cannot be compared.
        note: why not: missing on a side, or another shape; else empty.
    """

    name: str
    largest: float | None
    note: str = ""


@dataclass
class Differences:
    """The arrays in which two files differ; false if there are none."""

    paths: tuple[str, str]
    same: int
    found: list[Difference]

    def __bool__(self) -> bool:
        return bool(self.found)

    def __str__(self) -> str:
        lines = [f"{self.same} arrays are the same in {' and '.join(self.paths)}"]
        for one in self.found:
            size = "" if one.largest is None else f"differs by up to {one.largest:.3g}"
            lines.append(f"  {one.name}: {size}{one.note}")
        return "\n".join(lines)


def compare(
    path_a: str | os.PathLike[str], path_b: str | os.PathLike[str]
) -> Differences:
    """Say which arrays of two model files differ, and by how much.

    Args:
        path_a, path_b: HDF5 files or `.keras` archives, both of the same layout.

    Returns:
        `Differences`, which are false if every array is on both sides with the same
        numbers (NaN equals NaN).

    Raises:
        FileNotFoundError, ValueError: as for `inspect`; and for what may not be read.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save_weights("a.weights.h5")
        >>> model.set_weights([model.get_weights()[0], [3.0]])
        >>> model.save_weights("b.weights.h5")
        >>> print(keras.saving.compare("a.weights.h5", "b.weights.h5"))
        1 arrays are the same in a.weights.h5 and b.weights.h5
          layers/dense/vars/1: differs by up to 3
    """
    names = existing(path_a), existing(path_b)
    refused: list[str] = []
    with opened_arrays(names[0]) as a, opened_arrays(names[1]) as b:
        left, right = (dict(datasets(file, refused)) for file in (a, b))
        if refused:
            raise ValueError(" ".join(refused))
        every = dict.fromkeys((*left, *right))
        found = [_difference(name, left, right, names) for name in every]
    differing = [one for one in found if one is not None]
    return Differences(names, len(found) - len(differing), differing)


def _difference(
    name: str, left: dict[str, Any], right: dict[str, Any], paths: tuple[str, str]
) -> Difference | None:
    for side, path in ((left, paths[0]), (right, paths[1])):
        if name not in side:
            return Difference(name, None, f"is not in {path}")
    a, b = left[name], right[name]
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        kinds = [f"{x.shape} {x.dtype}" for x in (a, b)]
        return Difference(name, None, f"is {kinds[0]} here, {kinds[1]} there")
    one, other = (hdf5.read(x, x.shape) for x in (a, b))
    if one.tobytes() == other.tobytes():
        return None
    if one.dtype.kind == "V":
        return Difference(name, None, "has other bytes")
    with np.errstate(invalid="ignore"):
        gap = np.abs(one.astype("float64") - other.astype("float64"))
    largest = float(np.max(np.where(np.isnan(one) & np.isnan(other), 0, gap)))
    return Difference(name, largest) if largest != 0 else None
