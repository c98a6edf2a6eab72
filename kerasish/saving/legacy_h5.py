"""Whole models in one `.h5` file, in the layout of all eras of Keras.

/                   attributes model_config, training_config (JSON), keras_version
/model_weights      attribute layer_names; a group for each layer with an attribute
                    weight_names and its arrays; top_level_model_weights
/optimizer_weights  attribute weight_names and the optimizer's arrays
/kerasish           what Keras has no place for (it skips this group): the states of
                    random generators, and where the training stands (`runs`)
"""

import json
from collections.abc import Iterable
from typing import Any

import h5py

from .. import config
from . import era_arrays, hdf5, runs
from .legacy_config import to_legacy, training_config
from .matching import (
    Bundle,
    Pair,
    aligned,
    assign,
    check,
    load,
    match_bundles,
    weights_table,
)
from .report import LoadReport

__all__ = [
    "load_layers",
    "load_optimizer",
    "load_state",
    "restore_optimizer",
    "save",
    "save_state",
    "save_weights",
    "separate",
]

# The version of Keras whose layout, names and configs this is.
KERAS_VERSION = "3.15.1"
TOP = "top_level_model_weights"


# --- writing -------------------------------------------------------------------------


def save(file: h5py.File, model: Any, serialized: dict[str, Any]) -> None:
    """Write architecture, weights, compile arguments and optimizer state.

    Args:
        file: an open, empty file.
        model: the model.
        serialized: its config, as `serialize_keras_object` makes it. Without
            `compile_config` the optimizer is left out, too.
    """
    _sign(file)
    config = to_legacy(serialized)
    if "layers" not in serialized["config"]:  # nothing in there says the input's shape
        config["build_config"] = serialized.get("build_config")
    file.attrs["model_config"] = json.dumps(config)
    _save_layers(file.create_group("model_weights"), model)
    if compiled := serialized.get("compile_config"):
        file.attrs["training_config"] = json.dumps(training_config(compiled))
        group = file.create_group("optimizer_weights")
        _write_bundle(group, [(v.path, v) for v in model.optimizer.variables])
    save_state(file, model)


def save_weights(file: h5py.File, model: Any) -> None:
    """Write the weights alone."""
    _save_layers(file, model)
    save_state(file, model)


def _save_layers(group: h5py.Group, model: Any) -> None:
    _sign(group)
    bundles = model_bundles(model, with_empty=True)
    hdf5.write_names(group, "layer_names", [b.name for b in bundles if b.name != TOP])
    # In the order of their names, so that none is a folder in an earlier one's place.
    for bundle in sorted(bundles, key=lambda b: b.name):
        _write_bundle(group.create_group(bundle.name), bundle.weights)


def save_state(file: h5py.Group, model: Any, run: dict[str, Any] | None = None) -> None:
    """Write what is neither a weight nor the optimizer's: random generators, the run.

    The order of an epoch's rows is a function of the model's seed and of how many
    epochs it was trained already.

    Args:
        file: an open file.
        model: a built model.
        run: where its training stands; default: what the model knows of that.
    """
    own = file.create_group("kerasish")
    if model._seed is not None:
        own.attrs["shuffle"] = json.dumps([model._seed, model._epochs_done])
    group = own.create_group("state")
    _write_bundle(group, [(v.path, v) for v in state_variables(model)])
    if run is None and (known := runs.known(model)) is not None:
        run = runs.small(known)
    if run is not None:
        runs.write(file, run)


def _sign(group: h5py.Group) -> None:
    group.attrs["keras_version"] = KERAS_VERSION
    group.attrs["backend"] = config.backend()


def _write_bundle(group: h5py.Group, weights: Iterable[tuple[str, Any]]) -> None:
    weights = list(weights)
    names = separate([name for name, _ in weights])
    hdf5.write_names(group, "weight_names", names)
    for name, (_, variable) in zip(names, weights):
        hdf5.write(group, name, variable.view())


def separate(names: list[str]) -> list[str]:
    """Number names that are taken, or that are folders of others."""
    taken: set[str] = set()
    result = []
    for name in names:
        new, count = name, 0
        while new in taken or any(t.startswith(f"{new}/") for t in taken):
            count += 1
            new = f"{name}_{count}"
        taken.add(new)
        result.append(new)
    return result


# --- the model's side ----------------------------------------------------------------


def model_bundles(model: Any, with_empty: bool = False) -> list[Bundle]:
    """Describe the model's layers with their weights, in the order of the layout."""
    bundles = [
        Bundle.of(layer, [*layer.trainable_weights, *layer.non_trainable_weights])
        for layer in model.layers
    ]
    inside = {id(v) for bundle in bundles for _, v in bundle.weights}
    own = [
        (v.path, v)
        for v in [*model.trainable_weights, *model.non_trainable_weights]
        if id(v) not in inside
    ]
    for bundle, name in zip(bundles, separate([b.name for b in bundles])):
        bundle.name = name
    bundles.append(Bundle(TOP, own))
    return [b for b in bundles if with_empty or b.weights]


def state_variables(model: Any) -> list[Any]:
    """Return the variables that the layout of Keras has no place for."""
    weights = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in weights]


# --- reading -------------------------------------------------------------------------


def file_bundles(group: h5py.Group) -> list[Bundle]:
    """Describe the layers with weights in a file."""
    names = hdf5.attribute_names(group, "layer_names")
    if hdf5.holds(group, TOP) and TOP not in names:
        names = [*names, TOP]
    bundles = [Bundle(name, _read_bundle(hdf5.child(group, name))) for name in names]
    return [bundle for bundle in bundles if bundle.weights]


def _read_bundle(group: h5py.Group) -> list[tuple[str, h5py.Dataset]]:
    names = hdf5.attribute_names(group, "weight_names")
    return [(name, hdf5.child(group, name, h5py.Dataset)) for name in names]


def fits(file: h5py.File) -> bool:
    """Say whether weights lie in a file as this layout has them."""
    if hdf5.holds(file, "model_weights"):
        return True
    return hdf5.has_attribute(file, "layer_names")


def load_layers(
    file: h5py.File, model: Any, skip_mismatch: bool = False, by_name: bool = False
) -> LoadReport:
    """Read the weights of each layer.

    Args:
        file: a whole model, or weights alone.
        model: a built model.
        skip_mismatch: weights whose shapes differ are left alone, with a warning.
        by_name: only layers that are on both sides under one name are read.

    Raises:
        ValueError: with a table, if the file does not fit; nothing is changed then.
    """
    bare = not hdf5.holds(file, "model_weights")
    group = file if bare else hdf5.child(file, "model_weights")
    theirs = file_bundles(group)
    own = model_bundles(model)
    if by_name:
        known = {b.name: b for b in theirs}
        couples = [(known[b.name], b) for b in own if b.name in known]
    else:
        couples = match_bundles(theirs, own)
    era_arrays.convert(couples, model, group)
    return load(theirs, own, couples, skip_mismatch)


def load_optimizer(file: h5py.File, model: Any) -> None:
    """Read the state of the model's optimizer, building it if need be.

    Raises:
        ValueError: with a table, if the state is not one of this optimizer.
    """
    if hdf5.holds(file, "optimizer_weights"):
        restore_optimizer(_read_bundle(hdf5.child(file, "optimizer_weights")), model)


def restore_optimizer(theirs: list[tuple[str, h5py.Dataset]], model: Any) -> None:
    """Put the arrays of a file into the variables of the model's optimizer.

    An optimizer that had made no step when it was saved left its counters only.
    """
    optimizer = model.optimizer
    if len(theirs) > len(optimizer.variables):
        optimizer.build(model.trainable_variables)
    if (pairs := era_arrays.slots(theirs, optimizer)) is not None:
        assign(check(pairs, skip_mismatch=False))
        return
    ours = [(v.path, v) for v in optimizer.variables]
    names = [name for name, _ in theirs]
    if len(theirs) < len(ours) and all(array.shape == () for _, array in theirs):
        named = [(path, v) for path, v in ours if path in names]
        ours = named or ours[: len(theirs)]
    order = aligned(names, [path for path, _ in ours])
    if order is None:
        raise ValueError(
            "The optimizer's state in the file does not fit the optimizer.\n"
            + weights_table([Bundle("", theirs)], [Bundle("", ours)])
        )
    pairs = [Pair(theirs[i][1], v) for i, (_, v) in zip(order, ours)]
    assign(check(pairs))


def load_state(file: h5py.Group, model: Any, run: dict[str, Any] | None = None) -> None:
    """Read what we wrote beside Keras's layout; files without it are as good.

    Args:
        file: an open file.
        model: a built model.
        run: where the training stands, if that was read already.
    """
    if not hdf5.holds(file, "kerasish"):
        return
    if run is None and (run := runs.read_small(file)) is not None:
        model._last_run = {**run, "loaded": True}
    if (found := hdf5.text(hdf5.child(file, "kerasish"), "shuffle")) is not None:
        model._seed, model._epochs_done = map(int, hdf5.document(found, "`shuffle`"))
    variables = state_variables(model)
    theirs = _read_bundle(hdf5.child(file, "kerasish/state"))
    own = Bundle("state", [(v.path, v) for v in variables])
    order = aligned([n for n, _ in theirs], [n for n, _ in own.weights])
    if order is None:
        raise ValueError(
            "The states of random generators in the file do not fit the model.\n"
            + weights_table([Bundle("", theirs)], [own])
        )
    pairs = [Pair(theirs[i][1], v) for i, v in zip(order, variables)]
    assign(check(pairs))
