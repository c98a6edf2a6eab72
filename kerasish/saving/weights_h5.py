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
from collections.abc import Iterator, MutableMapping
from typing import Any, NamedTuple

import h5py
import numpy as np

from ..layers.layer import Layer
from ..layers.lora import Adaptable
from ..optimizers.optimizer import Optimizer
from ..registry import to_snake_case
from . import hdf5
from .legacy_h5 import load_state, restore_optimizer, save_state
from .matching import Bundle, assign, check, match_all, match_bundles, table

__all__ = ["load_layers", "load_optimizer", "load_weights", "save_weights"]


class Piece(NamedTuple):
    """An object with variables of its own, at its place in the tree."""

    path: str
    owner: Any
    variables: list[Any]
    names: str  # of the layers above it and its own, the model's left out


def save_weights(file: h5py.File, model: Any, include_optimizer: bool = True) -> None:
    """Write the weights of a model and the state of its optimizer."""
    for piece in pieces(model):
        if not include_optimizer and isinstance(piece.owner, Optimizer):
            continue
        group = file.create_group(f"{piece.path}/vars".lstrip("/"))
        group.attrs["name"] = piece.owner.name
        if _plain(piece.owner, "save_own_variables"):
            for number, variable in enumerate(piece.variables):
                hdf5.write(group, str(number), variable.view())
        else:
            piece.owner.save_own_variables(Store(group))
    save_state(file, model)


def load_weights(file: h5py.File, model: Any, skip_mismatch: bool = False) -> None:
    """Read weights, and the optimizer's state where both sides have one.

    Raises:
        ValueError: with a table, if the file does not fit; nothing is changed then.
    """
    load_layers(file, model, skip_mismatch)
    load_state(file, model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or "optimizer" not in hdf5.entries(file):
        return
    try:
        load_optimizer(file, model)
    except ValueError as error:
        warnings.warn(
            "The weights were loaded, the optimizer's state was not: it starts afresh. "
            f"{error}",
            stacklevel=4,
        )


def load_layers(file: h5py.File, model: Any, skip_mismatch: bool = False) -> None:
    """Read the weights of all layers."""
    layers = [piece for piece in pieces(model) if isinstance(piece.owner, Layer)]
    special = {piece.path: piece.owner for piece in layers if not _plain(piece.owner)}
    found = {p: b for p, b in file_bundles(file) if p not in special}
    own = {p.path: _numbered(p) for p in layers if p.variables and _plain(p.owner)}
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
    assign(check(match_all(couples, skip_mismatch), skip_mismatch))
    for path, owner in special.items():
        group = hdf5.child(file, f"{path}/vars".lstrip("/"))
        owner.load_own_variables(Store(group))


def load_optimizer(file: h5py.File, model: Any) -> None:
    """Read the state of the model's optimizer, building it if need be."""
    restore_optimizer(_arrays(hdf5.child(file, "optimizer/vars")), model)


# --- the file's side -----------------------------------------------------------------


def file_bundles(
    group: h5py.Group, path: str = "", above: str = ""
) -> Iterator[tuple[str, Bundle]]:
    """Yield the place, and the names and weights, of each group with arrays."""
    names = hdf5.entries(group)
    chain = above
    if "vars" in names:
        variables = hdf5.child(group, "vars")
        own = hdf5.text(variables, "name")
        chain = f"{above}/{own}" if path else ""
        if weights := _arrays(variables):
            yield path, Bundle((chain or "/") if own else "", weights)
    for name in names:
        if name == "vars" or (not path and name in ("optimizer", "kerasish")):
            continue
        yield from file_bundles(hdf5.child(group, name), f"{path}/{name}", chain)


def _arrays(group: h5py.Group) -> list[tuple[str, h5py.Dataset]]:
    """Return the arrays of a group, in the order of their numbers."""
    names = sorted(hdf5.entries(group), key=lambda n: (len(n), n))
    return [(name, hdf5.child(group, name, h5py.Dataset)) for name in names]


class Store(MutableMapping[str, Any]):
    """What `save_own_variables` and `load_own_variables` of a layer are handed."""

    def __init__(self, group: h5py.Group) -> None:
        self.group = group

    def __setitem__(self, name: str, value: Any) -> None:
        hdf5.write(self.group, name, np.asarray(value))

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in hdf5.entries(self.group):
            raise KeyError(name)
        dataset = hdf5.child(self.group, name, h5py.Dataset)
        return hdf5.read(dataset, hdf5.stored_shape(dataset))

    def __delitem__(self, name: str) -> None:
        del self.group[name]

    def __iter__(self) -> Iterator[str]:
        return iter(hdf5.entries(self.group))

    def __len__(self) -> int:
        return len(hdf5.entries(self.group))


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
    found = {k: v for k, v in vars(owner).items() if k not in _plain_attributes()}
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
    if method is getattr(Adaptable, name):
        return not owner.lora_enabled
    return method in (getattr(Layer, name), getattr(Optimizer, name))


def own_variables(owner: Any) -> list[Any]:
    """Return the variables of the object itself, those of its layers left out."""
    if isinstance(owner, Optimizer):
        return list(owner.variables)
    return owner._own_variables()
