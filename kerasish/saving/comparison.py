"""How two model files differ, whatever the formats of each."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .api import existing
from .inspection import columns
from .inventory import Array, Inventory, opened

__all__ = ["Difference", "Differences", "compare"]

Couple = tuple[Array | None, Array | None]
KINDS = ("weights", "optimizer", "state")


@dataclass(frozen=True)
class Difference:
    """How an array of one file differs from that of the other.

    Attributes:
        name: its place in the first file, or in the second if only that has it.
        largest: the largest absolute difference; None if they cannot be compared.
        note: why not: missing on a side, or another shape; or that the dtype is
            another one; else empty.
        other: its place in the second file, if that is another one.
    """

    name: str
    largest: float | None
    note: str = ""
    other: str = ""


@dataclass
class Differences:
    """The arrays in which two files differ; false if there are none.

    Attributes:
        paths: of both.
        same: how many arrays do not differ.
        found: those that do.
        left_out: what was not compared, since one of the formats has no room for it.
    """

    paths: tuple[str, str]
    same: int
    found: list[Difference]
    left_out: list[str]

    def __bool__(self) -> bool:
        return bool(self.found)

    def __str__(self) -> str:
        rows = []
        for one in self.found:
            size = "" if one.largest is None else f"differs by up to {one.largest:.3g}"
            what = "; ".join(filter(None, (one.note, size)))
            rows.append((one.name, one.other and f"= {one.other}", what))
        lines = [f"{self.same} arrays are the same in {' and '.join(self.paths)}"]
        if rows:
            lines.append(f"{len(rows)} are not:")
        lines += [f"  {row}" for row in columns(rows)]
        return "\n".join([*lines, *(f"not compared: {x}" for x in self.left_out)])


def compare(
    path_a: str | os.PathLike[str], path_b: str | os.PathLike[str]
) -> Differences:
    """Say which arrays of two model files differ, and by how much.

    Arrays at the same place of the same layout belong together. Else weights are found
    by the names of their layers, or by their shapes if these have other names. What
    one of two formats lacks (the optimizer's state, say) is told, and no difference.

    Args:
        path_a, path_b: files of any format that `inspect` opens.

    Returns:
        `Differences`, which are false if every array is on both sides with the same
        numbers (NaN equals NaN) of the same dtype.

    Raises:
        FileNotFoundError, ValueError, ImportError: as for `inspect`; and for what may
            not be read.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save_weights("a.weights.h5")
        >>> model.set_weights([model.get_weights()[0], [3.0]])
        >>> model.save_weights("b.weights.h5")
        >>> print(keras.saving.compare("a.weights.h5", "b.weights.h5"))
        1 arrays are the same in a.weights.h5 and b.weights.h5
        1 are not:
          layers/dense/vars/1  differs by up to 3
    """
    names = existing(path_a), existing(path_b)
    with opened(names[0]) as a, opened(names[1]) as b:
        if refused := a.refused + b.refused:
            raise ValueError(" ".join(refused))
        couples = list(_coupled(a, b))
        found = [_difference(*couple, names) for couple in couples]
        left_out = _left_out(a, b, names)
    differing = [one for one in found if one is not None]
    return Differences(names, len(found) - len(differing), differing, left_out)


# --- what belongs together -----------------------------------------------------------


def _coupled(a: Inventory, b: Inventory) -> Iterator[Couple]:
    """Pair the arrays of two files; what has no partner comes with None."""
    for kind in KINDS:
        left, right = ({x.name: x for x in side.of(kind)} for side in (a, b))
        if a.layout == b.layout:
            for name in [name for name in left if name in right]:
                yield left.pop(name), right.pop(name)
        if kind == "weights":
            yield from _by_layers([*left.values()], [*right.values()])
        elif kind not in _beyond(a, b):
            yield from _one_by_one([*left.values()], [*right.values()])


def _beyond(a: Inventory, b: Inventory) -> dict[str, list[int]]:
    """Count what only one of the files has, for lack of room in the other's format."""
    counts = {kind: [len(side.of(kind)) for side in (a, b)] for kind in KINDS[1:]}
    return {
        kind: both
        for kind, both in counts.items()
        if max(both) and not min(both) and (kind == "state" or a.layout != b.layout)
    }


def _left_out(a: Inventory, b: Inventory, paths: tuple[str, str]) -> list[str]:
    return [
        f"{kind}: {max(both)} arrays are in {paths[both.index(max(both))]} only"
        for kind, both in _beyond(a, b).items()
    ]


def _by_layers(left: Sequence[Array], right: Sequence[Array]) -> Iterator[Couple]:
    """Pair layers by all their names, by their own, and by what shapes they have."""
    first, second = _grouped(left), _grouped(right)
    partners: dict[str, str] = {}
    for keys in (lambda side: {name: name for name in side}, _by_end, _by_shapes):
        rest = {n: x for n, x in first.items() if n not in partners}
        free = {n: x for n, x in second.items() if n not in partners.values()}
        others = keys(free)
        partners |= {n: others[key] for key, n in keys(rest).items() if key in others}
    for name, group in first.items():
        yield from _one_by_one(group, second.get(partners.get(name, ""), []))
    for name, group in second.items():
        if name not in partners.values():
            yield from _one_by_one([], group)


def _grouped(arrays: Sequence[Array]) -> dict[str, list[Array]]:
    groups: dict[str, list[Array]] = {}
    for array in arrays:
        groups.setdefault(array.layer or "/", []).append(array)
    return groups


def _by_end(groups: dict[str, list[Array]]) -> dict[Any, str]:
    """Those names whose last part no other one has, by that part."""
    ends = [name.rpartition("/")[2] for name in groups]
    return {e: name for e, name in zip(ends, groups) if ends.count(e) == 1}


def _by_shapes(groups: dict[str, list[Array]]) -> dict[Any, str]:
    """The names by the shapes of the arrays, and how many such there were before."""
    found: dict[Any, str] = {}
    for name, group in groups.items():
        shapes, count = sorted(array.shape for array in group), 0
        while (key := (*shapes, count)) in found:
            count += 1
        found[key] = name
    return found


def _one_by_one(left: Sequence[Array], right: Sequence[Array]) -> Iterator[Couple]:
    """Pair the arrays of a layer: by name, else in their order, shapes permitting."""
    ends = [[_end(x) for x in side] for side in (left, right)]
    named = not any(end.isdigit() for side in ends for end in side)
    rest = list(right)
    for place, array in enumerate(left):
        options = [x for x in rest if not named or _end(x) == _end(array)]
        fitting = [x for x in options if x.shape == array.shape]
        at = right[place] if place < len(right) else None
        partner = at if at in fitting else next(iter(fitting or options), None)
        if partner is not None:
            rest.remove(partner)
        yield array, partner
    for array in rest:
        yield None, array


def _end(array: Array) -> str:
    return array.name.rpartition("/")[2].partition(":")[0]


# --- one array -----------------------------------------------------------------------


def _difference(
    a: Array | None, b: Array | None, paths: tuple[str, str]
) -> Difference | None:
    if a is None or b is None:
        (here,) = [x for x in (a, b) if x is not None]
        absent = paths[0] if a is None else paths[1]
        return Difference(here.name, None, f"is not in {absent}")
    other = b.name if b.name != a.name else ""
    if a.shape != b.shape:
        note = f"is {a.shape} {a.dtype} here, {b.shape} {b.dtype} there"
        return Difference(a.name, None, note, other)
    one, two = a.read(), b.read()
    note = f"is {a.dtype} here, {b.dtype} there" if a.dtype != b.dtype else ""
    if not note and one.tobytes() == two.tobytes():
        return None
    if any(x.dtype.name.startswith("void") for x in (one, two)):  # of unknown kind
        return Difference(a.name, None, note or "has other bytes", other)
    one, two = (x.astype("float64") for x in (one, two))
    with np.errstate(invalid="ignore"):
        gap = np.abs(one - two)
    equal = (one == two) | (np.isnan(one) & np.isnan(two))
    largest = float(np.max(np.where(equal, 0, gap), initial=0.0))
    return Difference(a.name, largest, note, other) if note or largest != 0 else None
