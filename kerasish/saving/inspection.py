"""What is in a model file of any format; no model is built for it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import hdf5, shards
from .api import KINDS, existing, file_format, opened_model
from .inventory import Array, Inventory, noted, opened

__all__ = ["Contents", "columns", "inspect"]


@dataclass
class Contents:
    """What a model file holds; printed, it is a table.

    Attributes:
        path: of the file.
        size: in bytes, that of shards included.
        format: of the file, in words.
        versions: of what wrote it, by name.
        model: class and name of the model, None in a file of weights.
        layers: `(name, class)` of the layers that the config lists.
        training: what the model was compiled with, None if it was not.
        weights, optimizer, state: arrays of the layers, of the optimizer, and what
            kerasish keeps beside.
        files: `(name, bytes)` of each shard.
        refused: what loading would not accept, in words.
    """

    path: str
    size: int
    format: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    model: str | None = None
    layers: list[tuple[str, str]] = field(default_factory=list)
    training: str | None = None
    weights: list[Array] = field(default_factory=list)
    optimizer: list[Array] = field(default_factory=list)
    state: list[Array] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def checksums(self) -> str:
        """How many of the arrays have one, in words."""
        every = [*self.weights, *self.optimizer, *self.state]
        count = sum(array.checked for array in every)
        return f"{count} of {len(every)} arrays have one" if count else "none"

    def __str__(self) -> str:
        versions = ", ".join(f"{key} {value}" for key, value in self.versions.items())
        lines = [
            f"{self.path}: {readable(self.size)}, {self.format}",
            *_indented([(name, readable(size)) for name, size in self.files]),
            f"written by: {versions or 'unknown'}",
            f"checksums: {self.checksums}",
            f"model: {self.model or 'none; weights alone'}",
            *_indented([(name, f"({kind})") for name, kind in self.layers]),
            f"trained with: {self.training or 'not compiled'}",
        ]
        for title, arrays in (
            ("weights", self.weights),
            ("optimizer's state", self.optimizer),
            ("other state", self.state),
        ):
            numbers = sum(array.size for array in arrays)
            lines.append(f"{title}: {len(arrays)} arrays, {numbers:,} numbers")
            lines += _indented([_row(array) for array in arrays])
        return "\n".join([*lines, *(f"REFUSED: {text}" for text in self.refused)])


def _row(array: Array) -> tuple[str, ...]:
    layer = f"of `{array.layer}`" if array.layer else ""
    return array.name, layer, str(array.shape), array.dtype


def _indented(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {row}" for row in columns(rows)]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set the cells of each row under those of the row before.

    Example:
        >>> from kerasish.saving.inspection import columns
        >>> columns([("a", "b"), ("long", "c")])
        ['a     b', 'long  c']
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(f"{cell:{n}}" for cell, n in zip(row, widths) if n).rstrip()
        for row in rows
    ]


def readable(size: float) -> str:
    """Return a number of bytes in the unit that suits it.

    Example:
        >>> from kerasish.saving.inspection import readable
        >>> readable(5), readable(3 * 2**20)
        ('5 bytes', '3.0 MiB (3,145,728 bytes)')
    """
    exact, units = f"{size:,} bytes", iter(("KiB", "MiB", "GiB", "TiB"))
    unit = ""
    while size >= 1024 and (following := next(units, "")):
        size, unit = size / 1024, following
    return f"{size:.1f} {unit} ({exact})" if unit else exact


def inspect(path: str | os.PathLike[str]) -> Contents:
    """Say what a model file holds, without building the model.

    What loading would refuse is listed, not raised, as long as the file can be opened.

    Args:
        path: of a file of any format: `.keras`, `.h5`, `.weights.h5`, the index of
            shards, `.safetensors`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model file at all.
        ImportError: if it is a safetensors file, and the extra of that name is missing.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save("model.keras")
        >>> [array.shape for array in keras.saving.inspect("model.keras").weights]
        [(2, 1), (1,)]
    """
    path = existing(path)
    kind = file_format(path)
    found = Contents(path, os.path.getsize(path), KINDS[kind])
    if kind == "index":
        with noted(found.refused):
            _measure(found)
    whole = kind == "zip"
    with noted(found.refused), opened(path) as inventory:
        found.refused += inventory.refused
        for array in inventory.arrays:
            getattr(found, array.kind).append(array)
        for place in _signed(inventory):
            for name in ("keras_version", "backend"):
                with noted(found.refused):
                    value = hdf5.text(place, name)
                    found.versions |= {name: value} if value is not None else {}
        if kind == "hdf5":
            whole = hdf5.has_attribute(inventory.files[0], "model_config")
    if whole:
        _describe(found)
    return found


def _measure(found: Contents) -> None:
    """Add the sizes of the shards that are there."""
    names, _ = shards.read_index(found.path)
    folder = os.path.dirname(found.path)
    for name in names:
        if os.path.isfile(place := os.path.join(folder, name)):
            found.files.append((name, os.path.getsize(place)))
    found.size += sum(size for _, size in found.files)


def _signed(inventory: Inventory) -> list[Any]:
    """Where versions may stand."""
    if inventory.format not in ("hdf5", "zip"):
        return []
    (file,) = inventory.files
    more = [hdf5.child(file, n) for n in hdf5.entries(file) if n == "model_weights"]
    return [file, *more]


def _describe(found: Contents) -> None:
    """Add what the file's configs say."""
    with noted(found.refused), opened_model(found.path) as whole:
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
        ranks = {name: rank for rank, (name, _) in enumerate(found.layers)}
        found.weights.sort(
            key=lambda a: ranks.get((a.layer or "").split("/")[0], len(ranks))
        )
        if training := whole.training():
            optimizer = training.get("optimizer")
            if isinstance(optimizer, dict):
                optimizer = optimizer.get("class_name")
            found.training = f"{optimizer}, loss {training.get('loss')}"
