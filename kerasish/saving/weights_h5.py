"""`.weights.h5`: arrays by the place of their layer in the tree of attributes.

    /layers/dense_1/vars        attribute name: the layer's own name
    /layers/dense_1/vars/0      its own variables, numbered
    /layers/block/inner/vars/0  those of the layer in its attribute `inner`
    /optimizer/vars/0           the optimizer's variables
    /kerasish/state             as in `legacy_h5`; Keras skips it

Layers in lists and dicts go by their class and a counter, so that names chosen
automatically do not matter to Keras. The name is stored beside, and decides here.
"""

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from ..layers.layer import Layer
from ..layers.lora import Adaptable
from ..layers.quantized import QuantizedLayer
from ..optimizers.optimizer import Optimizer
from ..registry import to_snake_case
from . import era_arrays, hdf5
from .legacy_h5 import load_state, restore_optimizer, save_state
from .matching import Bundle, load, match_bundles
from .report import LoadReport, Row, table, weight

__all__ = ["load_layers", "load_optimizer", "load_weights", "save_weights"]

# What is beside the layers; tf.keras kept the metrics' totals, too.
BESIDE = ("kerasish", "metrics", "optimizer")


class Piece(NamedTuple):
    """An object with variables of its own, at its place in the tree."""

    path: str
    owner: Any
    variables: list[Any]
    names: str  # of the layers above it and its own, the model's left out


def save_weights(
    file: h5py.File,
    model: Any,
    include_optimizer: bool = True,
    room: Callable[[int, str], h5py.File] | None = None,
    run: dict[str, Any] | None = None,
) -> None:
    """Write the weights of a model and the state of its optimizer.

    Args:
        file: an open, empty file.
        model: a built model.
        include_optimizer: whether the state of its optimizer is written.
        room: returns the file for the next array, from its bytes and its group's name;
            default: `file`.
        run: where the training stands, for a backup.
    """
    for piece in pieces(model):
        if not include_optimizer and isinstance(piece.owner, Optimizer):
            continue
        group = file.create_group(f"{piece.path}/vars".lstrip("/"))
        group.attrs["name"] = piece.owner.name
        store = Store([group], room)
        if _plain(piece.owner, "save_own_variables"):
            for number, variable in enumerate(piece.variables):
                store[str(number)] = variable.view()
        else:
            piece.owner.save_own_variables(store)
    save_state(file, model, run)


def load_weights(
    file: h5py.File,
    model: Any,
    skip_mismatch: bool = False,
    more: Sequence[h5py.File] = (),
) -> LoadReport:
    """Read weights, and the optimizer's state where both sides have one.

    Args:
        file: the weights.
        model: a built model.
        skip_mismatch: weights whose shapes differ are left alone, with a warning.
        more: further shards: files that have the rest of the groups and arrays.

    Raises:
        ValueError: with a table, if the files do not fit; nothing is changed then.
    """
    report = load_layers(file, model, skip_mismatch, more)
    load_state(file, model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not within([file, *more], "optimizer"):
        return report
    try:
        load_optimizer(file, model, more)
    except ValueError as error:
        warnings.warn(
            "The weights were loaded, the optimizer's state was not: it starts afresh. "
            f"{error}",
            stacklevel=4,
        )
    return report


def load_layers(
    file: h5py.File,
    model: Any,
    skip_mismatch: bool = False,
    more: Sequence[h5py.File] = (),
) -> LoadReport:
    """Read the weights of all layers."""
    files = [file, *more]
    layers = [piece for piece in pieces(model) if isinstance(piece.owner, Layer)]
    special = {piece.path: piece.owner for piece in layers if not _plain(piece.owner)}
    found = {p: b for p, b in file_bundles(files) if p not in special}
    own = {p.path: _numbered(p) for p in layers if p.variables and _plain(p.owner)}
    if not any(bundle.name for bundle in found.values()):  # attributes were private
        found, own = (
            {path.replace("/_", "/"): bundle for path, bundle in side.items()}
            for side in (era_arrays.places(found), own)
        )
    if found.keys() == own.keys():  # then there is an order: the model's
        found = {path: found[path] for path in own}
    elif sorted(b.name for b in found.values()) != sorted(b.name for b in own.values()):
        sides = [
            [f"{path or '/'}  ({b.name})" for path, b in x.items()]
            for x in (found, own)
        ]
        raise ValueError(
            "The layers with weights in the file do not fit those of the model, "
            "neither by their places nor by their names.\n" + table(*sides)
        )
    if not all(bundle.name for bundle in found.values()):  # an era without names
        couples = [(found[path], own[path]) for path in own]
    else:
        couples = match_bundles(list(found.values()), list(own.values()))
    report = load(found.values(), own.values(), couples, skip_mismatch)
    for path, owner in special.items():
        store = Store(within(files, f"{path}/vars".lstrip("/")))
        owner.load_own_variables(store)
        report.rows += [
            Row(weight(f"{path}/vars/{name}", store.dataset(name)), None, "loaded")
            for name in store
        ]
    return report


def load_optimizer(file: h5py.File, model: Any, more: Sequence[h5py.File] = ()) -> None:
    """Read the state of the model's optimizer, building it if need be."""
    restore_optimizer(_arrays(within([file, *more], "optimizer/vars")), model)


# --- the file's side -----------------------------------------------------------------


def within(groups: Iterable[h5py.Group], path: str) -> list[h5py.Group]:
    """Return the groups at `path` of those groups that have it."""
    for name in path.split("/"):
        groups = [hdf5.child(g, name) for g in groups if hdf5.holds(g, name)]
    return list(groups)


def file_bundles(
    groups: Sequence[h5py.Group], path: str = "", above: str = ""
) -> Iterator[tuple[str, Bundle]]:
    """Yield the place, and the names and weights, of each group with arrays."""
    names = list(dict.fromkeys(name for g in groups for name in hdf5.entries(g)))
    chain = above
    if "vars" in names:
        variables = within(groups, "vars")
        own = hdf5.text(variables[0], "name")
        chain = f"{above}/{own}" if path else ""
        if weights := _arrays(variables):
            yield path, Bundle((chain or "/") if own else "", weights)
    for name in names:
        if name == "vars" or (not path and name in BESIDE):
            continue
        yield from file_bundles(within(groups, name), f"{path}/{name}", chain)


def _arrays(groups: Iterable[h5py.Group]) -> list[tuple[str, h5py.Dataset]]:
    """Return the arrays of a group that may be in pieces, by their numbers."""
    found = [(name, group) for group in groups for name in hdf5.entries(group)]
    found.sort(key=lambda pair: (len(pair[0]), pair[0]))
    return [(name, hdf5.child(group, name, h5py.Dataset)) for name, group in found]


class Store(MutableMapping[str, Any]):
    """What `save_own_variables` and `load_own_variables` of a layer are handed."""

    def __init__(
        self,
        groups: list[h5py.Group],
        room: Callable[[int, str], h5py.File] | None = None,
    ) -> None:
        self.groups, self.room = groups, room

    def __setitem__(self, name: str, value: Any) -> None:
        array, group = np.asarray(value), self.groups[0]
        if self.room is not None:
            group = self.room(array.nbytes, group.name).require_group(group.name)
        hdf5.write(group, name, array)

    def dataset(self, name: str) -> h5py.Dataset:
        """Return the array in the file."""
        for group in self.groups:
            if hdf5.holds(group, name):
                return hdf5.child(group, name, h5py.Dataset)
        raise KeyError(name)

    def __getitem__(self, name: str) -> np.ndarray:
        dataset = self.dataset(name)
        return hdf5.read(dataset, hdf5.stored_shape(dataset))

    def __delitem__(self, name: str) -> None:
        del self.dataset(name).parent[name]

    def __iter__(self) -> Iterator[str]:
        return (name for group in self.groups for name in hdf5.entries(group))

    def __len__(self) -> int:
        return len(list(iter(self)))


# --- the model's side ----------------------------------------------------------------


def _numbered(piece: Piece) -> Bundle:
    bundle = Bundle.of(piece.owner, piece.variables, piece.names or "/")
    bundle.weights = [(str(i), v) for i, v in enumerate(piece.variables)]
    return bundle


def pieces(model: Any) -> list[Piece]:
    """Return everything of a model that owns variables, each once."""
    return list(_visit(model, "", "", set()))


def _visit(owner: Any, path: str, above: str, seen: set[int]) -> Iterator[Piece]:
    if id(owner) in seen:
        return
    seen.add(id(owner))
    names = f"{above}/{owner.name}" if path else ""
    yield Piece(path, owner, own_variables(owner), names)
    for attribute, value in attributes(owner):
        if isinstance(value, (Layer, Optimizer)):
            yield from _visit(value, f"{path}/{attribute}", names, seen)
        elif isinstance(value, (list, tuple, dict)):
            yield from _visit_all(value, f"{path}/{attribute}", names, seen)


def _visit_all(items: Any, path: str, above: str, seen: set[int]) -> Iterator[Piece]:
    """Visit what lists and dicts hold, by class and counter."""
    counts: dict[str, int] = {}
    for item in items.values() if isinstance(items, dict) else items:
        if isinstance(item, (Layer, Optimizer)):
            kind = to_snake_case(type(item).__name__)
        elif isinstance(item, (list, tuple, dict)):
            kind = "container"
        else:
            continue
        count = counts[kind] = counts.get(kind, -1) + 1
        place = f"{path}/{kind}_{count}" if count else f"{path}/{kind}"
        visit = _visit_all if kind == "container" else _visit
        yield from visit(item, place, above, seen)


def attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield what may hold layers: the user's attributes, public ones first."""
    plain = {*_plain_attributes(), *getattr(owner, "_bookkeeping", ())}
    found = {k: v for k, v in vars(owner).items() if k not in plain}
    if isinstance(owner, Layer) and hasattr(owner, "layers"):
        found["layers"] = owner.layers
    if getattr(owner, "optimizer", None) is not None:
        found["optimizer"] = owner.optimizer
    if getattr(owner, "_graph", None) is not None:  # there, before all others
        yield "layers", found.pop("layers")
    for name in sorted(found, key=lambda n: (n.startswith("_"), n)):
        yield name, found[name]


@functools.cache
def _plain_attributes() -> frozenset[str]:
    """The attributes that every layer has: bookkeeping, not the user's."""
    return frozenset(vars(Layer(name="plain")))


def _plain(owner: Any, name: str = "load_own_variables") -> bool:
    """Whether an object keeps its variables as all do: numbered, as they are."""
    method = getattr(type(owner), name)
    if method in (getattr(Adaptable, name), getattr(QuantizedLayer, name)):
        return not (owner.lora_enabled or getattr(owner, "is_quantized", False))
    return method in (getattr(Layer, name), getattr(Optimizer, name))


def own_variables(owner: Any) -> list[Any]:
    """Return the variables of the object itself, those of its layers left out."""
    if isinstance(owner, Optimizer):
        return list(owner.variables)
    return owner._own_variables()
