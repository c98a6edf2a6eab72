"""Arrays of files of before Keras 3, as today's layers and optimizers have them."""

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np

from . import hdf5
from .matching import Bundle, Pair, weights_table

__all__ = ["convert", "slots"]

# Gates in today's order, and in the order in which Keras 1 kept three arrays for each.
GATES = {"LSTM": ("ifco", "icfo"), "GRU": ("zrh", "zrh")}
# Layers whose first weight Theano turned around.
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")
KERAS_1 = re.compile(r".*_(W|U|b|W_\w|U_\w|b_\w|running_std|alphas)(:0)?")

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
COUNTERS = ("iter", "iterations", "iteration")
UNNAMED = re.compile(r"(.*/)?(Variable|param)(_\d+)?")
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
    layers = {layer.name: layer for layer in model.layers}
    assumed = []
    for file, own in couples:
        layer: Any = layers.get(own.name)
        kind = type(layer).__name__
        if first and kind in GATES and len(file.weights) == 3 * len(GATES[kind][0]):
            file.weights = _gates(file, own, *GATES[kind])
        elif kind in CONVOLUTIONS and (first or backend == "theano"):
            turned = backend == "theano"
            if backend is None and layer.data_format == "channels_first":
                turned = True
                assumed.append(layer.name)
            kernel = _kernel(file.weights[0], own.weights[0][1], layer, first, turned)
            file.weights = [kernel, *file.weights[1:]]
        elif backend == "theano" and _convolves(layer):
            raise ValueError(
                f"Layer `{own.name}` in the file holds convolutions of Theano, whose "
                "kernels are turned around only in layers of the model itself."
            )
    if assumed:
        warnings.warn(
            "The file of Keras 1 does not say whether it was trained with Theano. The "
            f"kernels of {assumed} are taken as Theano's and turned around. If it was "
            "TensorFlow, set the file's attribute `backend` to `tensorflow`.",
            stacklevel=5,
        )


def _convolves(layer: Any) -> bool:
    inside = getattr(layer, "layers", ())
    return any(type(x).__name__ in CONVOLUTIONS or _convolves(x) for x in inside)


def _gates(file: Bundle, own: Bundle, order: str, stored: str) -> list[tuple[str, Any]]:
    """Join the arrays of the gates: kernels, recurrent kernels and biases."""
    made = []
    for number, (path, variable) in enumerate(own.weights):
        *rest, size = variable.shape
        shape = (*rest, size // len(order))
        found = [file.weights[3 * stored.index(gate) + number][1] for gate in order]
        if any(dataset.shape != shape for dataset in found):
            return file.weights  # and the table of what does not fit shows them
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
    arrays = [array for _, array in theirs]
    if names[0].isdigit():  # of tf.keras 2.12 to 2.15, which had today's order
        ours = [v for v in optimizer.variables if v.name != "learning_rate"]
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
    paired = _by_name(rest, optimizer)
    if paired is None:
        paired = _by_order(rest, optimizer)
    product = [v for v in optimizer.variables if v.name == PRODUCT]
    if not counters or paired is None or (product and PRODUCT not in single):
        raise _misfit(theirs, optimizer)
    pairs = [Pair(counters[0], optimizer.iterations), *paired]
    return pairs + [Pair(single[PRODUCT], v) for v in product]


def _are_old(names: Sequence[str], optimizer: Any) -> bool:
    if not hasattr(optimizer, "_slots"):
        return False
    if all(name.isdigit() for name in names):
        return len(names) == len(optimizer.variables) - 1
    first = names[0].rsplit("/", 1)
    return first[-1] in COUNTERS[:2] or names[0] == COUNTERS[2]


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
    return [Pair(*pair) for pair in zip(datasets, slots)]


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
