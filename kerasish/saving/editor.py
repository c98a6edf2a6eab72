"""`KerasFileEditor`: change what a file of weights holds, without its model."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..layers.layer import Layer
from ..names import did_you_mean
from . import hdf5, weights_h5
from .api import existing, file_format, opened_model
from .atomic import replacing
from .inventory import Inventory, opened

__all__ = ["KerasFileEditor"]

ENDING = ".weights.h5"
Node = dict[str, Any]  # names -> nodes and arrays


class KerasFileEditor:
    """The objects and arrays of a file, to look at, compare, change and write out.

    The file itself stays as it is: `save` writes another one. What is beside the
    weights for kerasish alone (states of random generators and the like) is left out.

    Args:
        filepath: ending in `.keras` or `.weights.h5`.

    Attributes:
        weights_dict: nested dicts of arrays, by the places in the file.
        object_metadata: place -> `{"name": ...}`, the layer's own name.
        metadata, config: what a `.keras` archive says of itself; else None.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is another kind of file, damaged, or refused.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save_weights("old.weights.h5")
        >>> editor = keras.saving.KerasFileEditor("old.weights.h5")
        Keras model file 'old.weights.h5'
        >>> editor.rename_object("layers/dense", "output")
        >>> editor.summary()
        Weights structure
          > layers
              └─ output
                  ├─ 0: shape=(2, 1), dtype=float32
                  └─ 1: shape=(1,), dtype=float32
        >>> editor.save("new.weights.h5")
    """

    def __init__(self, filepath: str | os.PathLike[str]) -> None:
        path = self.filepath = existing(filepath)
        if not path.endswith((".keras", ENDING)):
            raise ValueError(
                f"`filepath` must end in `.keras` or `{ENDING}`, got {path!r}."
            )
        self.metadata: dict[str, str] | None = None
        self.config: dict[str, Any] | None = None
        self.model = None
        self.weights_dict: Node = {}
        self.object_metadata: dict[str, dict[str, str]] = {}
        if file_format(path) == "zip":
            with opened_model(path) as whole:
                self.metadata, self.config = whole.made, whole.config
        with opened(path) as inventory:
            self._read(inventory)
        print(f"Keras model file {path!r}")
        if self.metadata:
            version, date = map(self.metadata.get, ("keras_version", "date_saved"))
            print(f"Saved with Keras {version} - date: {date}")

    def _read(self, inventory: Inventory) -> None:
        if inventory.refused:
            raise ValueError(" ".join(inventory.refused))
        if inventory.layout == "names":
            raise ValueError(
                f"{self.filepath!r} has the layout of `.h5` files, not that of "
                f"`{ENDING}`. Load it into its model and save that."
            )
        for array in inventory.arrays:
            if array.kind == "state":
                continue
            *parts, name = array.name.split("/")
            node = self.weights_dict
            place = ""
            for part in parts if parts[-1] != "vars" else parts[:-1]:
                place = f"{place}/{part}"
                node = node.setdefault(part, {})
                self._note_name(inventory, place)
            node[name] = array.read()

    def _note_name(self, inventory: Inventory, place: str) -> None:
        if place not in self.object_metadata:
            found = weights_h5.within(inventory.files, f"{place[1:]}/vars")
            if found and (name := hdf5.text(found[0], "name")):
                self.object_metadata[place] = {"name": name}

    # --- looking ------------------------------------------------------------------

    def summary(self) -> None:
        """Print the objects and their arrays."""
        print("Weights structure")
        for number, (name, node) in enumerate(self.weights_dict.items(), 1):
            last = number == len(self.weights_dict)
            mark = ">" if number == 1 else "└─" if last else "├─"
            print(f"  {mark} {name}{_about(node)}")
            for line in _lines(node, "      " if last else "  │   "):
                print(line)

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print in which places and shapes the file differs from a model.

        Args:
            reference_model: a built model.

        Returns:
            A dict: `"status"` (`"success"` or `"error"`), `"error_count"`, and
            `"match_count"`, the number of arrays that fit.
        """
        if not isinstance(reference_model, Layer):
            raise ValueError(
                f"`reference_model` must be a model, got {reference_model!r} of type "
                f"{type(reference_model).__name__}."
            )
        print("Running comparison")
        wanted = _reference(reference_model)
        matches, errors = 0, 0
        for text in _differences(wanted, self.weights_dict, ""):
            matches, errors = matches + (not text), errors + bool(text)
            if text:
                print(text)
        print("─" * 21)
        if errors:
            print(f"Found {errors} errors: saved file is not compatible with", end=" ")
        else:
            print("Comparison successful: saved file is compatible with", end=" ")
        print("the reference model")
        if not errors:
            print(f"    Found {matches} matching weights")
        status = "error" if errors else "success"
        return {"status": status, "error_count": errors, "match_count": matches}

    # --- changing -----------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object another place beside the others of its parent.

        Args:
            object_name: its place, such as `"layers/dense"`, or the last part of it if
                no other object has that; or the name of its layer.
            new_name: the last part of its new place.

        Raises:
            ValueError: if there is no such object, or one at the new place.
        """
        self._check_name(new_name, "new_name")
        parent, name = self._found(object_name)
        node = self._node(parent)
        if new_name in node:
            raise ValueError(f"There is `{parent}/{new_name}` in the file already.")
        items = [(new_name if key == name else key, x) for key, x in node.items()]
        node.clear()
        node.update(items)
        old, new = f"{parent}/{name}", f"{parent}/{new_name}"
        metadata = self.object_metadata
        metadata.pop(old, None)  # a layer of that name is not meant any more
        for place in [p for p in metadata if p.startswith(f"{old}/")]:
            metadata[new + place.removeprefix(old)] = metadata.pop(place)

    def delete_object(self, object_name: str) -> None:
        """Remove an object, with those in it; see `rename_object` for its name."""
        parent, name = self._found(object_name)
        del self._node(parent)[name]
        gone = f"{parent}/{name}"
        for place in [*self.object_metadata]:
            if f"{place}/".startswith(f"{gone}/"):
                del self.object_metadata[place]

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Add an object with arrays.

        Args:
            object_path: its whole place; the object around it must be there.
            weights: arrays by their names, which are `"0"`, `"1"` ... in most objects.

        Raises:
            ValueError: if it is there already, or there is nothing to put it in.
        """
        *parents, name = object_path.strip("/").split("/")
        self._check_name(name, "object_path")
        node = self._node("".join(f"/{part}" for part in parents))
        if name in node:
            raise ValueError(f"There is `{object_path}` in the file already.")
        node[name] = _arrays(weights)

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Add arrays to an object, or put others in their places.

        Args:
            object_name: see `rename_object`.
            weights: arrays by their names.
        """
        self._node("/".join(self._found(object_name))).update(_arrays(weights))

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove an array from an object; see `rename_object` for its name."""
        place = "/".join(self._found(object_name))
        node = self._node(place)
        names = [name for name, x in node.items() if not isinstance(x, dict)]
        if weight_name not in names:
            raise ValueError(
                f"`{place}` has no weight {weight_name!r}; it has {names}."
            )
        del node[weight_name]

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write a file of weights; Keras 3 reads it, too.

        Args:
            filepath: ending in `.weights.h5`.
        """
        path = os.fspath(filepath)
        if not path.endswith(ENDING):
            raise ValueError(f"`filepath` must end in `{ENDING}`, got {path!r}.")
        with replacing(path) as new, hdf5.created(new) as file:
            for place, node in _nodes(self.weights_dict, ""):
                group = file.require_group(f"{place}/vars")
                if about := self.object_metadata.get(place):
                    group.attrs["name"] = about["name"]
                for name, value in node.items():
                    if not isinstance(value, dict):
                        hdf5.write(group, name, np.asarray(value))

    resave_weights: Callable[..., None] = save

    # --- places -------------------------------------------------------------------

    def _found(self, name: str) -> tuple[str, str]:
        """Return the place of an object: its parent, and its last part."""
        places = [place for place, _ in _nodes(self.weights_dict, "")]
        whole = f"/{name.strip('/')}"
        if whole in places:
            fitting = [whole]
        else:
            fitting = [p for p in places if p.endswith(whole)] or [
                p for p, about in self.object_metadata.items() if about["name"] == name
            ]
        if len(fitting) != 1:
            known = [place.lstrip("/") for place in fitting or places]
            text = "is not in the file" if not fitting else "stands for several objects"
            hint = did_you_mean(name, known) if not fitting else ""
            raise ValueError(
                f"The object {name!r} {text}; give one of the places {known}.{hint}"
            )
        parent, _, last = fitting[0].rpartition("/")
        return parent, last

    def _node(self, place: str) -> Node:
        node = self.weights_dict
        for part in place.split("/")[1:]:
            if not isinstance(below := node.get(part), dict):
                known = [p for p, _ in _nodes(self.weights_dict, "")]
                raise ValueError(
                    f"There is no object `{place}` in the file; it has {known}."
                )
            node = below
        return node

    @staticmethod
    def _check_name(name: str, argument: str) -> None:
        if not name or "/" in name or name in (".", "..", "vars"):
            raise ValueError(f"`{argument}` must end in a name, got {name!r}.")


def _nodes(node: Node, place: str) -> Iterator[tuple[str, Node]]:
    """Yield all objects below a node, with their places."""
    for name, below in node.items():
        if isinstance(below, dict):
            yield f"{place}/{name}", below
            yield from _nodes(below, f"{place}/{name}")


def _arrays(weights: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(weights, Mapping):
        raise ValueError(
            "`weights` must be a dict of names ('0', '1', ...) and arrays, got "
            f"{weights!r} of type {type(weights).__name__}."
        )
    arrays = {str(name): np.asarray(value) for name, value in weights.items()}
    for name, array in arrays.items():
        KerasFileEditor._check_name(name, "weights")
        if array.dtype.kind not in "biufcV":
            raise ValueError(f"The weight {name!r} is no array of numbers: {array!r}.")
    return arrays


def _about(node: Any) -> str:
    if isinstance(node, dict):
        return ""
    return f": shape={np.shape(node)}, dtype={np.asarray(node).dtype}"


def _lines(node: Any, indent: str) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    for number, (name, below) in enumerate(node.items(), 1):
        last = number == len(node)
        yield f"{indent}{'└─' if last else '├─'} {name}{_about(below)}"
        yield from _lines(below, f"{indent}{'    ' if last else '│   '}")


# --- comparing ------------------------------------------------------------------------


def _reference(model: Any) -> Node:
    """Return what a file of the model's weights holds."""
    found: Node = {}
    for piece in weights_h5.pieces(model):
        store: Node = {}
        if weights_h5._plain(piece.owner, "save_own_variables"):
            store |= {str(i): v for i, v in enumerate(piece.variables)}
        else:
            piece.owner.save_own_variables(store)
        if store:
            node = found
            for part in filter(None, piece.path.split("/")):
                node = node.setdefault(part, {})
            node.update(store)
    return found


def _differences(wanted: Node, given: Node, place: str) -> Iterator[str]:
    """Yield what differs, in words, and an empty text for each array that fits."""
    for name, one in wanted.items():
        here = f"{place}/{name}"
        if name not in given:
            yield _missing(one, here, "reference model", "saved file")
        elif isinstance(one, dict) and isinstance(given[name], dict):
            yield from _differences(one, given[name], here)
        elif isinstance(one, dict) or isinstance(given[name], dict):
            yield f"...{here} is an object on one side, a weight on the other"
        elif tuple(one.shape) != (shape := np.shape(given[name])):
            yield (
                f"...Weight shape mismatch for {here}\n"
                f"    In reference model: shape={tuple(one.shape)}\n"
                f"    In saved file: shape={shape}"
            )
        else:
            yield ""
    for name, other in given.items():
        if name not in wanted:
            here = f"{place}/{name}"
            yield _missing(other, here, "saved file", "reference model")


def _missing(thing: Any, place: str, there: str, absent: str) -> str:
    if not isinstance(thing, dict):
        return f"...Weight {place} present in {there}, missing from {absent}"
    return (
        f"...Object {place} present in {there}, missing from {absent}\n"
        f"    In {there}, {place} contains the following keys: {[*thing]}"
    )
