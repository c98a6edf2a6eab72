"""Which array of a file belongs in which variable of a model.

Names decide first. Where they say nothing, because they were made automatically or the
model was written anew, the order decides; where names and order contradict each other,
or anything is left over, nothing is loaded and the error shows both sides.
"""

import math
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import h5py
import numpy as np

from .. import backend
from ..registry import to_snake_case
from . import hdf5
from .checksums import finite
from .report import LoadReport, Row, Weight, table, weight

__all__ = ["Bundle", "Pair", "assign", "check", "load", "match_bundles"]


@dataclass
class Bundle:
    """The weights that belong to one layer, in the model or in a file.

    Args:
        name: the layer's name.
        weights: pairs (weight's name, variable or dataset).
        automatic: whether the name may have been made from the class and a counter.
    """

    name: str
    weights: list[tuple[str, Any]] = field(default_factory=list)
    automatic: bool = False

    @classmethod
    def of(cls, layer: Any, variables: Iterable[Any], name: str = "") -> "Bundle":
        """Describe a layer of the model and its variables."""
        kind = re.escape(to_snake_case(type(layer).__name__))
        automatic = bool(re.fullmatch(rf"{kind}(_\d+)?", layer.name))
        return cls(name or layer.name, [(v.path, v) for v in variables], automatic)


class Pair(NamedTuple):
    """A dataset of the file and the variable that it belongs in."""

    dataset: Any
    variable: Any


def aligned(
    file: Sequence[str], model: Sequence[str], free: Sequence[bool] | None = None
) -> list[int] | None:
    """Return for each name of the model the position in the file; None: no way.

    Args:
        file: names in the file, in its order.
        model: names in the model, in its order.
        free: of each of the model's, whether its name says nothing.

    Example:
        >>> from kerasish.saving.matching import aligned
        >>> aligned(["b", "a"], ["a", "b"])
        [1, 0]
        >>> aligned(["x", "a"], ["a", "y"]) is None
        True
    """
    places = {name: i for i, name in enumerate(file)}
    unique = len(places) == len(file) and len(set(model)) == len(model)
    if unique and places.keys() == set(model):
        return [places[name] for name in model]
    if len(file) != len(model):
        return None
    if unique:
        for i, name in enumerate(model):
            if places.get(name, i) != i and not (free and free[i]):
                return None
    return list(range(len(file)))


def match_bundles(
    file: Sequence[Bundle], model: Sequence[Bundle]
) -> list[tuple[Bundle, Bundle]]:
    """Pair the layers of a file with those of the model that have weights.

    Raises:
        ValueError: with a table, if names and order leave it open.
    """
    order = aligned(
        [b.name for b in file], [b.name for b in model], [b.automatic for b in model]
    )
    if order is None:
        raise ValueError(
            "The layers with weights in the file do not fit those of the model: "
            "neither are their names the same, nor are they in the same order.\n"
            + table([_summary(b) for b in file], [_summary(b) for b in model])
        )
    return [(file[i], b) for i, b in zip(order, model)]


def match_weights(file: Bundle, model: Bundle) -> list[Pair]:
    """Pair the weights of one layer.

    Raises:
        ValueError: with a table, if names, order or shapes do not fit.
    """
    theirs, ours = ([_clean(n) for n, _ in b.weights] for b in (file, model))
    ends, own_ends = ([n.rsplit("/", 1)[-1] for n in names] for names in (theirs, ours))
    order = None
    if set(theirs) == set(ours):
        order = aligned(theirs, ours)
    elif not any(end.isdigit() for end in ends):
        order = aligned(ends, own_ends)
    elif len(theirs) == len(ours):  # numbered, not named
        order = list(range(len(ours)))
    if order is None:
        raise ValueError(
            f"The weights of layer `{model.name}` do not fit those in the file.\n"
            + weights_table([file], [model])
        )
    return [Pair(file.weights[i][1], v) for i, (_, v) in zip(order, model.weights)]


def match_all(
    couples: Iterable[tuple[Bundle, Bundle]], skip_mismatch: bool
) -> list[Pair]:
    """Pair the weights of all layers; those that do not fit are errors or skipped."""
    pairs = []
    for file, model in couples:
        try:
            pairs += match_weights(file, model)
        except ValueError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f"Skipped layer `{model.name}`. {error}", stacklevel=5)
    return pairs


def _clean(name: str) -> str:
    """A weight's name without the `:0` of older eras."""
    return re.sub(r":\d+$", "", name)


def load(
    theirs: Iterable[Bundle],
    own: Iterable[Bundle],
    couples: Iterable[tuple[Bundle, Bundle]],
    skip_mismatch: bool = False,
) -> LoadReport:
    """Load what belongs together, and tell what became of every weight.

    Args:
        theirs: all that the file has.
        own: all that the model has.
        couples: what belongs together of these.
        skip_mismatch: whether what does not fit is left alone; else it is an error.

    Raises:
        ValueError: with a table, if something does not fit; nothing is changed then.
    """
    pairs = match_all(couples, skip_mismatch)
    assign(check(pairs, skip_mismatch))
    rows = [Row(*_described(pair), fate(pair)) for pair in pairs]
    paired = {id(thing) for pair in pairs for thing in pair}
    for bundle in own:
        left = [v for _, v in bundle.weights if id(v) not in paired]
        rows += [Row(None, weight(v.path, v), "missing") for v in left]
    for bundle in theirs:
        left = [d for _, d in bundle.weights if id(d) not in paired]
        rows += [Row(weight(d.name, d), None, "unexpected") for d in left]
    return LoadReport(rows)


def _described(pair: Pair) -> tuple[Weight, Weight]:
    dataset, variable = pair
    return weight(dataset.name, dataset), weight(variable.path, variable)


def fate(pair: Pair) -> str:
    """Say what becomes of a pair: "loaded", "reshaped" or "skipped"."""
    stored, wanted = tuple(pair.dataset.shape), tuple(pair.variable.shape)
    if stored == wanted:
        return "loaded"
    return "reshaped" if same_but_for_ones(stored, wanted) else "skipped"


def same_but_for_ones(first: Sequence[int], second: Sequence[int]) -> bool:
    """Say whether one shape is the other with axes of length one left out.

    Then there is but one order for the elements.

    Example:
        >>> from kerasish.saving.matching import same_but_for_ones
        >>> same_but_for_ones((3, 1, 4), (3, 4)), same_but_for_ones((3, 1), (1, 3))
        (True, False)
    """
    shorter, longer = sorted([first, second], key=len)
    axes = iter(longer)
    within = all(size in axes for size in shorter)
    return within and math.prod(first) == math.prod(second)


def check(pairs: list[Pair], skip_mismatch: bool = False) -> list[Pair]:
    """Return the pairs that can be loaded; shapes that differ are errors or skipped."""
    for dataset, _ in pairs:
        if isinstance(dataset, h5py.Dataset):
            hdf5.check_dataset(dataset)
    if wrong := [pair for pair in pairs if fate(pair) == "skipped"]:
        if not skip_mismatch:
            raise ValueError(
                f"Shapes in the file are not those of the model.\n{_shown(wrong)}"
            )
        warnings.warn(
            f"Skipped weights whose shapes differ.\n{_shown(wrong)}", stacklevel=5
        )
    if reshaped := [pair for pair in pairs if fate(pair) == "reshaped"]:
        warnings.warn(
            "Weights of the file have axes of length one more, or less, than those of "
            f"the model; they were loaded.\n{_shown(reshaped)}",
            stacklevel=5,
        )
    return [pair for pair in pairs if fate(pair) != "skipped"]


def assign(pairs: Sequence[Pair]) -> None:
    """Read all arrays into their variables; on failure all keep their old values."""
    before, strange = [], []
    try:
        for pair in pairs:
            (value, summed), variable = _read(pair), pair.variable
            if not summed and not finite(value):
                strange.append(pair)
            if variable.drawn:
                before.append((variable, variable.value))
            variable.replace(backend.cast(backend.adopt(value), variable.dtype))
    except BaseException:
        for variable, value in before:
            variable.assign(value)
        raise
    if strange:
        warnings.warn(
            "The file has NaN or infinity in some arrays, and no checksums that could "
            f"tell whether they were written so.\n{_shown(strange)}",
            stacklevel=6,
        )
    if cast := [p for p in pairs if _kind(p.dataset) != _kind(p.variable)]:
        kinds = [f"{_kind(d)} in the file, {_kind(v)} in the model" for d, v in cast]
        warnings.warn(
            "Arrays of the file hold another kind of numbers than the model's weights; "
            f"each number was cast.\n{_shown(cast, kinds)}",
            stacklevel=6,
        )


def _read(pair: Pair) -> tuple[np.ndarray, bool]:
    """Return an array, and whether it had a checksum, which was right then."""
    dataset, variable = pair
    if not isinstance(dataset, h5py.Dataset):
        summed = dataset.checksum is not None
        return dataset.read().reshape(variable.shape), summed
    value, summed = hdf5.read_summed(dataset, dataset.shape)
    if value.dtype.kind == "V":  # as bare bytes
        value = value.view(np.asarray(backend.asarray(0, _bare(dataset))).dtype)
    return value.reshape(variable.shape), summed


def _bare(dataset: h5py.Dataset) -> str:
    """Return the type of numbers that HDF5 does not know, which it keeps as bytes."""
    name = hdf5.text(dataset, "dtype") or "bfloat16"
    if name != "bfloat16" or dataset.dtype.itemsize != 2:
        raise ValueError(
            f"`{dataset.name}` holds numbers of {dataset.dtype.itemsize} bytes of "
            f"the type {name[:99]!r}, of which only bfloat16 is read."
        )
    return name


def _kind(thing: Any) -> str:
    """Say what the numbers of an array or a variable are, whatever their size."""
    name = str(thing.dtype).lower()
    if re.match(r"u?int|[iu]\d", name):  # "int64", and "I64" in a safetensors file
        return "integers"
    return "truth values" if "bool" in name else "floats"


# --- tables in errors ----------------------------------------------------------------


def _shown(pairs: Iterable[Pair], *more: Iterable[str]) -> str:
    described = [_described(pair) for pair in pairs]
    return table(*([str(d[i]) for d in described] for i in (0, 1)), *more)


def weights_table(file: Iterable[Bundle], model: Iterable[Bundle]) -> str:
    """Show the weights of both sides with their shapes."""
    columns: list[list[str]] = [
        [str(weight(name, thing)) for bundle in side for name, thing in bundle.weights]
        for side in (file, model)
    ]
    return table(*columns)


def _summary(bundle: Bundle) -> str:
    shapes = ", ".join(str(tuple(thing.shape)) for _, thing in bundle.weights)
    return f"{bundle.name}: {shapes}"
