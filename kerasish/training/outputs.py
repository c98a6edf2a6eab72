"""One value for each output of a model, however the user wrote them down."""

from collections.abc import Sequence
from typing import Any

from .. import registry, tree

__all__ = ["Outputs"]


class Outputs:
    """The outputs of a model in a fixed order, with names where they have some.

    Args:
        y_pred: what the model returns: a tensor or a nest of them.
        names: names of the outputs, from the model's graph, if known.

    Attributes:
        count: how many.
        names: for a dict its keys, else the given names, else None for each.
    """

    def __init__(self, y_pred: Any, names: Sequence[str] | None = None) -> None:
        paths = [path for path, _ in tree.flatten_with_path(y_pred)]
        self.structure = y_pred
        self.count = len(paths)
        self.keys: list[Any] = [None] * self.count
        if isinstance(y_pred, dict):
            self.keys = ["/".join(map(str, path)) for path in paths]
        self.names: list[Any] = list(self.keys)
        if not isinstance(y_pred, dict) and names and len(names) == self.count:
            self.names = list(names)
        self.known = [{self.keys[i], self.names[i]} - {None} for i in range(self.count)]
        for i, name in enumerate(names or ()):
            if len(names or ()) == self.count:
                self.known[i].add(name)

    def prefix(self, i: int) -> str:
        """What stands before the names of the losses and metrics of output `i`."""
        return f"{self.names[i]}_" if self.count > 1 and self.names[i] else ""

    def spread(self, given: Any, what: str, shared: bool = False) -> list[Any]:
        """Return one entry for each output.

        Args:
            given: None; a dict by output names; a list with an entry for each output;
                or, with `shared`, one thing that is meant for all of them.
            what: the argument's name, for messages.
            shared: whether one thing serves all outputs.

        Raises:
            ValueError: for unknown names or a wrong number of entries.
        """
        if given is None:
            return [None] * self.count
        if isinstance(given, dict):
            return self._by_name(given, what)
        if isinstance(given, (list, tuple)):
            if len(given) == self.count:
                return list(given)
            flat = tree.flatten(given)
            if len(flat) == self.count:
                return flat
            raise ValueError(
                f"`{what}` is a list of {len(given)}, but the model has {self.count} "
                f"output(s){self._called()}: give one entry for each."
            )
        if self.count == 1 or shared:
            return [given] * self.count
        raise ValueError(
            f"The model has {self.count} outputs{self._called()}; `{what}` must be a "
            f"list or dict with an entry for each, got {_described(given)}."
        )

    def _by_name(self, given: dict[Any, Any], what: str) -> list[Any]:
        flat = {"/".join(map(str, p)): v for p, v in _open(given)}
        known = set().union(*self.known)
        if not known and self.count == len(flat):
            return list(flat.values())
        unknown = [key for key in flat if key not in known]
        if unknown and self.count == 1 and len(flat) == 1 and not known:
            return list(flat.values())
        if unknown:
            raise ValueError(
                f"`{what}` names {unknown[0]!r}, which is no output of the model; its "
                f"outputs are {sorted(known)}."
                + registry.did_you_mean(unknown[0], known)
            )
        return [
            next((flat[key] for key in flat if key in names), None)
            for names in self.known
        ]

    def _called(self) -> str:
        names = [name for name in self.names if name]
        return f" named {names}" if names else ""


def _open(given: dict[Any, Any], path: tuple[Any, ...] = ()) -> Any:
    """Items of a dict and of dicts in it, with their paths, in sorted order."""
    for key in sorted(given, key=str):
        if isinstance(given[key], dict):
            yield from _open(given[key], (*path, key))
        else:
            yield (*path, key), given[key]


def _described(x: Any) -> str:
    return f"an array of shape {tuple(x.shape)}" if hasattr(x, "shape") else repr(x)
