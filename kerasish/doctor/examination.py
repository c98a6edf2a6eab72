"""One step of training, done beside the model: nothing of it stays.

The step is that of `fit`: the same forward pass, loss, gradients and optimizer, run as
a pure function of all variables (see `variable.functional`), whose new values are
looked at and dropped.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backend, ops, tree
from ..layers.owner import unique
from ..random import default_generator
from ..variable import functional
from .outputs import activation_name

__all__ = ["Examination", "Units", "Weights", "examine"]

SATURATED = {"sigmoid": (0.01, 0.99), "tanh": (-0.98, 0.98)}


@dataclass
class Units:
    """What the units of a layer gave: one value for each unit."""

    layer: str
    activation: str | None
    largest: np.ndarray  # absolute values
    low: float
    high: float
    saturated: float | None  # share of values at the activation's ends


@dataclass
class Weights:
    """A weight, its gradient and its update, as numbers."""

    layer: str
    shape: tuple[int, ...]
    name: str
    norm: float
    gradient: float
    update: float
    same: int  # units that are copies of another one, and stay so

    @property
    def slope(self) -> float:
        """Root mean square of the gradient."""
        return self.gradient / math.sqrt(max(math.prod(self.shape), 1))


@dataclass
class Examination:
    """What one look at a model found.

    Attributes:
        outputs: predictions for the rows, as a list of arrays.
        units: of layers whose outputs are one array of floats.
        loss: the loss by `compile` on the rows; None without one.
        after: the same after one update.
        weights: what the trainable weights got; empty without loss or optimizer.
    """

    outputs: list[np.ndarray]
    units: list[Units]
    loss: float | None = None
    after: float | None = None
    weights: list[Weights] = field(default_factory=list)


def examine(model: Any, x: Any, y: Any, weight: Any) -> Examination:
    """Run one step on some rows; the model stays what it is, to the last bit.

    Args:
        model: built; if it is compiled, its loss too.
        x, y, weight: rows as `train_step` gets them.
    """
    compiled, optimizer = model._compiled, model.optimizer
    trained = model.trainable_variables
    slots = list(getattr(optimizer, "variables", []))
    variables = unique(
        [*trained, *model.non_trainable_variables, *model.metrics_variables, *slots]
        + [default_generator().state]
    )
    has_loss = compiled is not None and compiled.loss is not None and y is not None
    trains = bool(has_loss and optimizer is not None and trained)
    run = _step(model, variables, trains, has_loss)
    if compiled is None or not compiled.eager:
        run = backend.jit(run)
    batch = tree.map_structure(
        lambda a: None if a is None else backend.asarray(a), (x, y, weight)
    )
    with _aside(model):
        found = run([v._value for v in variables], batch)
    factor = float(getattr(optimizer, "scale_loss", float)(1.0)) if trains else 1.0
    owners = _owners(model)
    weights = [
        _weights(v, owners.get(id(v), v.path), gradient, updated, factor)
        for v, gradient, updated in zip(trained, found["gradients"], found["updated"])
        if gradient is not None
    ]
    numbers = (_number(found["loss"]), _number(found["after"]))
    return Examination(*_seen(model, found), *numbers, weights)


def _step(model: Any, variables: list[Any], trains: bool, has_loss: bool) -> Any:
    """Return `run(values, batch)`: all that is wanted of a step, as pure values."""
    trained = model.trainable_variables
    places = {id(v) for v in trained}

    def run(values: list[Any], batch: Any) -> dict[str, Any]:
        x, y, weight = batch

        def forward() -> Any:
            seen: dict[str, Any] = {}
            with _watched(model, seen):
                y_pred = model._call_for_training(x, True)
            own = total = model._compiled.loss(y, y_pred, weight) if has_loss else None
            if trains:
                total = model._compute_loss(x, y, y_pred, weight, True)
                total = model.optimizer.scale_loss(total)
            return total, own, tree.flatten(y_pred), seen

        def step() -> Any:
            result, gradients = model.value_and_gradients(forward)
            model.optimizer.apply(gradients, trained)
            return result, gradients

        found: dict[str, Any] = {"gradients": [], "updated": [], "after": None}
        if trains:
            (result, gradients), new = functional(step, variables)(values)
            pairs = list(zip(variables, values, new))
            # The same masks of dropout as before, only the weights are others.
            mixed = [b if id(v) in places else a for v, a, b in pairs]
            after = functional(forward, variables)(mixed)[0][1]
            updated = [b for v, _, b in pairs if id(v) in places]
            found = {"gradients": gradients, "updated": updated, "after": after}
        else:
            result, _ = functional(forward, variables)(values)
        _, own, y_pred, seen = result
        return {**found, "loss": own, "y_pred": y_pred, "seen": seen}

    return run


def _number(x: Any) -> float | None:
    return None if x is None else float(_array(x))


@contextmanager
def _aside(model: Any) -> Iterator[None]:
    """Put back what calls leave behind in layers besides variables."""
    layers = model._flatten_layers()
    kept = [(layer, list(layer._losses)) for layer in layers]
    try:
        yield
    finally:
        for layer, losses in kept:
            layer._losses[:] = losses


def _owners(model: Any) -> dict[int, str]:
    layers = model._flatten_layers()
    return {id(v): layer.path for layer in layers for v in layer._own_variables()}


# --- what layers give -----------------------------------------------------------------


def _watchable(model: Any) -> list[Any]:
    """Layers that the model calls itself, or through models and layers of users.

    Those within layers of ours may run in loops, whose values cannot be taken out.
    """
    found: list[Any] = []
    for layer in model._layers:
        foreign = not type(layer).__module__.startswith("kerasish.")
        if hasattr(layer, "_graph") or (foreign and layer._layers):
            found += _watchable(layer)
        else:
            found.append(layer)
    return unique(found)


@contextmanager
def _watched(model: Any, seen: dict[str, Any]) -> Iterator[None]:
    """Let calls of the model's layers note in `seen` what they return."""
    layers = _watchable(model)
    own = [vars(layer).get("call") for layer in layers]
    for layer in layers:
        vars(layer)["call"] = _noting(layer, layer.call, seen)
    try:
        yield
    finally:
        for layer, call in zip(layers, own):
            vars(layer).pop("call")
            if call is not None:
                vars(layer)["call"] = call


def _noting(
    layer: Any, call: Callable[..., Any], seen: dict[str, Any]
) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        is_table = backend.is_array(outputs) and outputs.ndim > 1
        if is_table and "float" in backend.dtype_name(outputs):
            seen[layer.path] = _statistics(layer, outputs)
        return outputs

    return run


def _statistics(layer: Any, x: Any) -> list[Any]:
    """Largest absolute value of each unit, ends of all, share of saturated values."""
    xp = backend.xp
    x = backend.stop_gradient(backend.cast(x, "float32"))
    first = getattr(layer, "data_format", None) == "channels_first"
    unit = 1 if first else x.ndim - 1
    axes = tuple(i for i in range(x.ndim) if i != unit)
    found = [xp.max(xp.abs(x), axis=axes), xp.min(x), xp.max(x)]
    ends = SATURATED.get(activation_name(layer) or "")
    if ends is not None:
        outside = xp.logical_or(x < ends[0], x > ends[1])
        found.append(xp.mean(backend.cast(outside, "float32")))
    return found


def _seen(model: Any, found: dict[str, Any]) -> tuple[list[np.ndarray], list[Units]]:
    units, stats = [], found["seen"]
    for layer in _watchable(model):
        if layer.path in stats:
            largest, low, high, *share = map(np.asarray, stats[layer.path])
            saturated = float(share[0]) if share else None
            name = activation_name(layer)
            units.append(
                Units(layer.path, name, largest, float(low), float(high), saturated)
            )
    outputs = [_array(p) for p in found["y_pred"]]
    return outputs, units


def _array(x: Any) -> np.ndarray:
    return ops.convert_to_numpy(backend.cast(x, "float32"))


# --- what weights get -----------------------------------------------------------------


def _weights(
    variable: Any, layer: str, gradient: Any, updated: Any, factor: float
) -> Weights:
    before, slope, after = map(_array, (variable._value, gradient, updated))
    with np.errstate(all="ignore"):
        slope = slope / factor
        norm, gradient, update = (
            float(np.linalg.norm(a.ravel())) for a in (before, slope, after - before)
        )
    same = 0
    if variable.name == "kernel" and variable.ndim > 1 and variable.shape[-1] > 1:
        same = _copies(before, slope)
    shape, name = variable.shape, variable.name
    return Weights(layer, shape, name, norm, gradient, update, same)


def _copies(kernel: np.ndarray, gradient: np.ndarray) -> int:
    """Count units that have the weights and the gradient of another unit."""
    size = np.abs(gradient).max() or 1.0
    scaled = np.round(gradient / size, 4)  # sums of equal numbers differ by rounding
    columns = [a.reshape(-1, a.shape[-1]).T + 0.0 for a in (kernel, scaled)]
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1))
    counts = Counter(row.tobytes() for row in rows)
    return sum(count for count in counts.values() if count > 1)
