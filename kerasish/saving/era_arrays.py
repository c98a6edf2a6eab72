"""Arrays of files of before Keras 3, as today's layers and optimizers have them."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from . import hdf5
from .matching import Bundle, Pair, weights_table

__all__ = ["convert", "places", "slots"]

# Gates in today's order, and in the order in which Keras 1 kept three arrays for each.
GATES = {"LSTM": ("ifco", "icfo"), "GRU": ("zrh", "zrh")}
# Layers whose first weight Theano turned around.
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")
KERAS_1 = re.compile(r".*_(W|U|b|W_\w|U_\w|b_\w|running_std|alphas)(_\d+)?(:0)?")

# What optimizers called their slots -> what they are called today, where it is one.
SLOTS = {
    "m": ("momentum",),
    "v": ("velocity", "norm"),
    "u": ("norm",),
    "vhat": ("velocity_hat",),
    "momentum": ("momentum",),
    "velocity": ("velocity",),
    "rms": ("velocity",),
    "mg": ("average_gradient",),
    "accumulator": ("accumulator",),
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "linear": ("linear",),
}
NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")
CHECKPOINT = "_layer_checkpoint_dependencies"
COUNTERS = ("iter", "iterations", "iteration")
UNNAMED = re.compile(
    r"(.*/)?(Variable(_\d+)?|param_\d+"
    r"|(m|v|vhat|u|moment|accumulator|delta_accumulator|ms|vs|us)_\d+(_\d+)?)"
)
KERAS_1_SLOT = re.compile(r"Variable(_\d+)?|param_\d+")
PRODUCT = "u_product"  # of Nadam

Named = Sequence[tuple[str, Any]]


# --- weights -------------------------------------------------------------------------


def convert(
    couples: Iterable[tuple[Bundle, Bundle]], model: Any, group: h5py.Group
) -> None:
    """Replace arrays of Keras 1, and of Theano, by what today's layers expect.

    Args:
        couples: of the layers of a file and those of the model.
        model: whose layers they are.
        group: with the attributes that say who wrote the file.
    """
    couples = list(couples)
    version, backend = (
        hdf5.text(group, name) or hdf5.text(group.file, name)
        for name in ("keras_version", "backend")
    )
    version = version or ""
    if version.split(".")[0].isdigit() and int(version.split(".")[0]) >= 3:
        return
    names = [name for file, _ in couples for name, _ in file.weights]
    first = version.startswith("1.") or (
        not version and any(map(KERAS_1.fullmatch, names))
    )
    if first and backend is None:  # TensorFlow's names had a number at the end
        backend = "tensorflow" if any(":" in name for name in names) else "theano"
    if not first and backend != "theano":
        return
    owners = dict(_owners_of(model))
    for file, own in couples:
        file.weights = _converted(file.weights, own, owners, first, backend)


def _owners_of(model: Any) -> Iterator[tuple[int, Any]]:
    """Yield each weight's id and the layer that has it, in models within, too."""
    for layer in model.layers:
        yield from ((id(v), layer) for v in layer.weights)
        if hasattr(layer, "layers"):
            yield from _owners_of(layer)


def _converted(
    stored: list[tuple[str, Any]],
    own: Bundle,
    owners: dict[int, Any],
    first: bool,
    backend: str | None,
) -> list[tuple[str, Any]]:
    """Convert the weights of a layer, or those of all layers of a model within."""
    made: list[tuple[str, Any]] = []
    rest = list(stored)
    parts = itertools.groupby(own.weights, lambda weight: owners.get(id(weight[1])))
    for layer, weights in parts:
        today = list(weights)
        kind = type(layer).__name__
        gates = GATES.get(kind) if first else None
        count = len(today)
        if gates and len(stored) != len(own.weights):
            count = 3 * len(gates[0])
        mine, rest = rest[:count], rest[count:]
        if gates and len(mine) == 3 * len(gates[0]):
            mine = _gates(mine, today, *gates)
        elif mine and kind in CONVOLUTIONS and len(today[0][1].shape) > 1:
            turned = backend == "theano"
            mine[0] = _kernel(mine[0], today[0][1], layer, first, turned)
        made += mine
    return made + rest


def _gates(
    stored: list[tuple[str, Any]],
    today: list[tuple[str, Any]],
    order: str,
    before: str,
) -> list[tuple[str, Any]]:
    """Join the arrays of the gates: kernels, recurrent kernels and biases."""
    made = []
    for number, (path, variable) in enumerate(today):
        *rest, size = variable.shape
        shape = (*rest, size // len(order))
        found = [stored[3 * before.index(gate) + number][1] for gate in order]
        if any(dataset.shape != shape for dataset in found):
            return stored  # and the table of what does not fit shows them
        parts = [hdf5.read(dataset, shape) for dataset in found]
        made.append((path, _dataset(path, np.concatenate(parts, axis=-1))))
    return made


def _kernel(
    weight: tuple[str, Any], variable: Any, layer: Any, first: bool, turned: bool
) -> tuple[str, Any]:
    """Put a kernel's axes in today's order: places, channels in, channels out."""
    name, dataset = weight
    today = tuple(variable.shape)
    rank = len(today) - 2
    stored = today if rank > 1 or not first else (today[0], 1, *today[1:])
    theano = (*stored[:-3:-1], *stored[:-2])
    swapped = first and dataset.shape == theano
    if dataset.shape not in (stored, theano):
        return weight
    if theano == stored and layer.data_format != "channels_first":
        swapped = False
    array = hdf5.read(dataset, theano if swapped else stored)
    if swapped:
        array = np.moveaxis(array, (0, 1), (-1, -2))
    array = array.reshape(today)
    if turned:
        array = np.flip(array, tuple(range(rank)))
    return name, _dataset(name, np.ascontiguousarray(array))


def _dataset(name: str, array: np.ndarray) -> h5py.Dataset:
    """Return an array as a dataset of a file in memory."""
    file = h5py.File(name.replace("/", "_"), "w", driver="core", backing_store=False)
    return file.create_dataset(name, data=array)


def places(bundles: Mapping[str, Bundle]) -> dict[str, Bundle]:
    """Spell the places of layers of tf.keras 2.12 as those of Keras 3.

    It called the list of layers otherwise and, at times, left numbers out.
    """
    counts: dict[str, dict[str, str]] = {}
    made = {}
    for path in sorted(bundles, key=_by_numbers):
        spelled = ""
        for part in path.split("/")[1:]:
            part = "layers" if part == CHECKPOINT else part
            if numbered := NUMBERED.fullmatch(part):
                kind = numbered[1]
                known = counts.setdefault(f"{spelled}/{kind}", {})
                rank = known.setdefault(part, f"_{len(known)}" if known else "")
                part = f"{kind}{rank}"
            spelled += f"/{part}"
        made[spelled] = bundles[path]
    return made


def _by_numbers(path: str) -> list[tuple[str, int]]:
    parts = (NUMBERED.fullmatch(part) for part in path.split("/"))
    return [(part[1], int(part[2] or 0)) if part else ("", 0) for part in parts]


# --- optimizers ----------------------------------------------------------------------


def slots(theirs: Named, optimizer: Any) -> list[Pair] | None:
    """Pair the state of an optimizer of before Keras 3 with a built one of today.

    Slots are found by their names or, where they have none, by their order: all of one
    kind, then all of the next.

    Args:
        theirs: names and datasets, in the order of the file.
        optimizer: a built optimizer of ours.

    Returns:
        None if the names are those of Keras 3.

    Raises:
        ValueError: with a table, if they do not fit.
    """
    if not theirs:
        raise ValueError("The file holds no state of the optimizer.")
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    names = [re.sub(r"^training(_\d+)?/|:\d+$", "", name) for name, _ in theirs]
    if not _are_old(names, optimizer):
        return None
    _refuse_turned(theirs, names, optimizer)
    arrays = [array for _, array in theirs]
    if names[0].isdigit():  # of tf.keras 2.12 to 2.15, which had today's order
        ours = [v for v in optimizer.variables if v.name != "learning_rate"]
        if _are_unused(arrays[1:], optimizer):
            arrays = arrays[:1]
        if len(ours) == len(arrays):
            return [Pair(*pair) for pair in zip(arrays, ours)]
        raise _misfit(theirs, optimizer)
    single = {name.rsplit("/", 1)[-1]: array for name, array in zip(names, arrays)}
    counters = [single[name] for name in COUNTERS if name in single]
    rest = [
        (n, a)
        for n, a in zip(names, arrays)
        if n.rsplit("/", 1)[-1] not in (*COUNTERS, PRODUCT)
    ]
    unnamed = UNNAMED.fullmatch(names[0])
    if unnamed and not counters and arrays[0].shape == ():
        counters, rest = arrays[:1], rest[1:]
    paired = _paired(rest, optimizer)
    product = [v for v in optimizer.variables if v.name == PRODUCT]
    if paired is None or (product and PRODUCT not in single):
        raise _misfit(theirs, optimizer)
    if not counters and not unnamed:  # Keras 1 kept no counter for some
        raise _misfit(theirs, optimizer)
    pairs = [Pair(counter, optimizer.iterations) for counter in counters[:1]]
    return [*pairs, *paired, *(Pair(single[PRODUCT], v) for v in product)]


def _are_old(names: Sequence[str], optimizer: Any) -> bool:
    if not hasattr(optimizer, "_slots"):
        return False
    if all(name.isdigit() for name in names):
        if len(names) == len(optimizer.variables):
            return False
        unused = not optimizer._slots and len(optimizer._trainable_variables)
        return len(names) in (len(optimizer.variables) - 1, 1 + unused)
    first = names[0].rsplit("/", 1)
    if first[-1] in COUNTERS[:2] or names[0] == COUNTERS[2]:
        return True
    return all(map(UNNAMED.fullmatch, names))


def _refuse_turned(theirs: Named, names: Sequence[str], optimizer: Any) -> None:
    """The slots of Theano's kernels are turned around, as the kernels are."""
    backend = hdf5.text(theirs[0][1].file, "backend")
    theano = backend == "theano" or (not backend and names[0].startswith("param_"))
    if theano and any(len(v.shape) > 2 for v in optimizer._trainable_variables):
        raise ValueError(
            "The file is of Theano: the state that its optimizer kept of convolutions "
            "is turned around, and is not read."
        )


def _paired(arrays: Named, optimizer: Any) -> list[Pair] | None:
    """Pair by names or by order; None if neither is possible."""
    if _are_unused([array for _, array in arrays], optimizer):
        return []
    paired = _by_name(arrays, optimizer)
    return _by_order(arrays, optimizer) if paired is None else paired


def _are_unused(arrays: Sequence[Any], optimizer: Any) -> bool:
    """Say whether these are the slots that SGD without momentum had once."""
    shapes = [tuple(v.shape) for v in optimizer._trainable_variables]
    own = any(_slots(optimizer).values())
    return not own and [array.shape for array in arrays] == shapes


def _by_name(arrays: Named, optimizer: Any) -> list[Pair] | None:
    """Pair by the names of slots and parameters, in either order that there was."""
    ours = _slots(optimizer)
    found: dict[str, dict[str, Any]] = {kind: {} for kind in ours}
    for name, array in arrays:
        kind, parameter = _parts(name, ours)
        if kind is None:
            return None
        found[kind][parameter] = array
    parameters = list(next(iter(found.values()), {}))
    variables = optimizer._trainable_variables
    if any(own.keys() != set(parameters) for own in found.values()):
        return None
    if ours and len(parameters) != len(variables):
        return None
    order = _owners(parameters, [v.path for v in variables]) if ours else []
    return [
        Pair(found[kind][parameters[i]], slot)
        for kind, own in ours.items()
        for i, slot in zip(order, own)
    ]


def _parts(name: str, kinds: Iterable[str]) -> tuple[str | None, str]:
    """Return what a slot is and whose: `Adam/d/kernel/m`, `Adam/m/d/kernel`, `m/d/..`.

    The last is how the state of an optimizer within another one begins.
    """
    parts = name.split("/")
    for place in (-1, 1, 0):
        spelled = parts[place] if len(parts) > 1 else ""
        for kind in SLOTS.get(spelled, (spelled,)):
            if kind in kinds:
                first = 0 if place == 0 else 1
                kept = [p for i, p in enumerate(parts) if i != place % len(parts)]
                return kind, "/".join(kept[first:])
    return None, ""


def _owners(parameters: list[str], paths: list[str]) -> list[int]:
    """The place of each of the model's parameters in the file, by name or by order."""
    places = []
    for path in paths:
        ends = [i for i, p in enumerate(parameters) if f"/{path}".endswith(f"/{p}")]
        places += ends if len(ends) == 1 else [-1]
    if sorted(places) == list(range(len(paths))):
        return places
    return list(range(len(paths)))


def _by_order(arrays: Named, optimizer: Any) -> list[Pair] | None:
    """Pair arrays without names: all of one kind, then all of the next."""
    if not all(UNNAMED.fullmatch(name) for name, _ in arrays):
        return None
    datasets = [array for _, array in arrays]
    slots = [slot for own in _slots(optimizer).values() for slot in own]
    # Adam kept an unused third slot of one number for each parameter.
    unused = datasets[len(slots) :]
    if [x.shape for x in unused] == [(1,)] * len(optimizer._trainable_variables):
        datasets = datasets[: len(slots)]
    if len(datasets) != len(slots):
        return None
    if not KERAS_1_SLOT.fullmatch(arrays[0][0]):
        return [Pair(*pair) for pair in zip(datasets, slots)]
    size = len(optimizer._trainable_variables)
    order = _shapes_order([x.shape for x in datasets[:size]], slots[:size])
    if order is None:
        return None
    return [
        Pair(datasets[i - i % size + order[i % size]], slot)
        for i, slot in enumerate(slots)
    ]


def _shapes_order(shapes: list[tuple[int, ...]], slots: list[Any]) -> list[int] | None:
    """Where each parameter's slot is, if the shapes leave no doubt.

    Keras 1 sorted parameters by numbers as texts, "10" before "9": they may begin
    anywhere and go round.
    """
    own = [tuple(slot.shape) for slot in slots]
    count = len(own)
    rounds = ([(i + start) % count for i in range(count)] for start in range(count))
    found = [order for order in rounds if [shapes[i] for i in order] == own]
    if not found and len(set(own)) == count and set(own) == set(shapes):
        found = [[shapes.index(shape) for shape in own]]
    return found[0] if len(found) == 1 else None


def _slots(optimizer: Any) -> dict[str, list[Any]]:
    """The slots of all parameters, by their kind."""
    first = optimizer._trainable_variables[:1]
    kinds = [kind for v in first for g in optimizer.slot_groups(v) for kind in g]
    made = {kind: [own[i] for own in optimizer._slots] for i, kind in enumerate(kinds)}
    return made | ({"average": optimizer._averages} if optimizer.use_ema else {})


def _misfit(theirs: Named, optimizer: Any) -> ValueError:
    ours = [(v.path, v) for v in optimizer.variables]
    return ValueError(
        "The optimizer's state in the file does not fit the optimizer.\n"
        + weights_table([Bundle("", list(theirs))], [Bundle("", ours)])
    )
