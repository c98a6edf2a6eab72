"""Findings about the model and how it learns, from one step and from the history."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .examination import Examination, Units, Weights
from .findings import Finding, finding

__all__ = ["look_at_history", "look_at_learning", "updates_of"]

DEAD = 0.75  # share of units: in two dimensions a quarter is dead at the start
SATURATED = 0.9  # share of values
VANISHING = 1e-5  # gradient of the first layer to that of the last
EXPLODING = 1e3  # gradient to weight: the usual rate of SGD would replace all weights
SLOW = 1e-5  # update to weight: a hundred thousand updates for another model
USUAL = 1e-3  # the ratio of a good learning rate
WORSE = 2.0  # factor by which one update may raise the loss
CONSTANT = 0.01  # spread of the predictions to that of the targets
NEAR, AT = 0.7, 0.98  # of the loss at chance
FEW, MANY = 100, 300  # updates
RISEN = 10.0


def look_at_learning(
    model: Any, seen: Examination, chance: float | None, spread: float | None
) -> Iterator[Finding]:
    """Find what keeps a model from learning.

    Args:
        model: that was examined.
        seen: what one step showed.
        chance: loss of the best model that ignores its input; None: not known.
        spread: standard deviation of the targets; None: not known.
    """
    weights = model.weights
    if weights and not model.trainable_variables:
        yield finding("frozen", weights=len(weights))
    rows = len(seen.outputs[0]) if seen.outputs else 0
    updates = updates_of(model.optimizer)
    bad = seen.loss is None or chance is None or seen.loss > NEAR * chance
    yield from _look_at_units(seen.units, rows, bad)
    for one in seen.weights:
        if one.same:
            evidence = {"same": one.same, "units": one.shape[-1]}
            yield finding("duplicated_units", one.layer, **evidence)
    if seen.loss is None:
        return
    yield from _look_at_gradients(seen.weights)
    yield from _look_at_rate(model.optimizer, seen, chance)
    if updates and seen.outputs and spread:
        deviation = float(seen.outputs[0].std(axis=0).max())
        if deviation < CONSTANT * spread:
            found = {"deviation": deviation, "wanted": spread, "rows": rows}
            yield finding("constant_predictions", updates=updates, **found)
    if chance and 0 < updates < FEW and seen.loss > NEAR * chance:
        yield _too_few(model, updates, seen.loss, chance)


def updates_of(optimizer: Any) -> int:
    """Return how many updates an optimizer has done."""
    return int(np.asarray(getattr(optimizer, "iterations", 0)))


def _too_few(model: Any, updates: int, loss: float, chance: float) -> Finding:
    last = getattr(model, "history", None)
    epochs = len(last.epoch) if last is not None else 1
    steps = last.params.get("steps") if last is not None and last.params else None
    better = math.ceil(10 * FEW / (steps or 1))
    numbers = {"epochs": epochs, "steps": steps or 1, "better": better}
    return finding("few_updates", updates=updates, loss=loss, chance=chance, **numbers)


def _look_at_units(layers: list[Units], rows: int, bad: bool) -> Iterator[Finding]:
    for one in layers:
        dead, units = int(np.sum(one.largest == 0)), len(one.largest)
        if one.activation in ("relu", "relu6") and dead > DEAD * units:
            found = {"dead": dead, "units": units, "rows": rows}
            yield finding("dead_units", one.layer, **found)
        share = one.saturated
        # Who is sure and right is saturated, too.
        if share is not None and share > SATURATED and bad:
            evidence = {"share": share, "activation": one.activation}
            yield finding("saturated_units", one.layer, **evidence)


def _look_at_gradients(weights: list[Weights]) -> Iterator[Finding]:
    kernels = [w for w in weights if w.name.endswith("kernel")]
    for one in sorted(_moving(weights), key=lambda w: -w.gradient / w.norm)[:1]:
        if not one.gradient < EXPLODING * one.norm:
            numbers = {"norm": one.gradient, "size": one.norm}
            rate = one.norm / one.gradient
            yield finding("exploding_gradients", one.layer, rate=rate, **numbers)
            return
    if len(kernels) < 3:
        return
    first, last = kernels[0], kernels[-1]
    if 0 < first.slope < VANISHING * last.slope:
        numbers = {"first": first.slope, "last": last.slope}
        ratio = first.slope / last.slope
        yield finding("vanishing_gradients", first.layer, ratio=ratio, **numbers)


def _look_at_rate(
    optimizer: Any, seen: Examination, chance: float | None
) -> Iterator[Finding]:
    rate = float(np.asarray(getattr(optimizer, "learning_rate", math.nan)))
    if seen.loss is None or seen.after is None or not rate > 0:
        return
    limit = max(WORSE * seen.loss, chance if chance is not None else 10 * seen.loss)
    numbers: dict[str, Any] = {"rate": rate, "loss": seen.loss}
    if math.isfinite(seen.loss) and not seen.after <= limit:
        after = seen.after
        yield finding("learning_rate_high", after=after, better=rate / 10, **numbers)
    ratios = [w.update / w.norm for w in _moving(seen.weights)]
    moved = max(ratios, default=0.0)
    slow = 0 < moved < SLOW and chance and seen.loss > NEAR * chance
    if slow and not any(w.same for w in seen.weights):
        better = rate * USUAL / moved
        yield finding("learning_rate_low", ratio=moved, better=better, chance=chance,
                      **numbers)  # fmt: skip


def _moving(weights: list[Weights]) -> list[Weights]:
    return [w for w in weights if len(w.shape) > 1 and w.norm > 0]


def look_at_history(
    losses: list[float], updates: int, chance: float | None, advice: str
) -> Iterator[Finding]:
    """Find a training that led nowhere.

    Args:
        losses: of the epochs; for one that is known for other reasons, a single number.
        updates: steps of the optimizer.
        chance: loss of the best model that ignores its input; None: not known.
        advice: what to do about a loss at chance.
    """
    first, last = losses[0], losses[-1]
    if not chance or not math.isfinite(last) or not math.isfinite(first):
        return
    if last > RISEN * max(first, chance):
        yield finding("diverged", first=first, last=last, updates=updates)
    elif updates >= MANY and last > AT * chance:
        found = {"updates": updates, "loss": last, "chance": chance}
        yield finding("loss_at_chance", advice=advice, **found)
