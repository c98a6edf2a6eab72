"""The doctor: finds in data, model and training what keeps a network from learning.

`model.diagnose(x, y)` looks at everything, `fit` at what costs nothing. Nothing that is
looked at changes: no weight, no seed, no state of the optimizer.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import config, tree
from ..data import ArrayData, adapt, is_source, train_validation_split
from .data import look_at_inputs, look_at_split, look_at_targets, sample
from .examination import Examination, examine
from .findings import TEXTS, DoctorWarning, Finding, Report, finding
from .learning import MANY, RISEN, look_at_history, look_at_learning, updates_of
from .outputs import SQUARED, Output, chance, look_at_output, output_of

__all__ = [
    "TEXTS",
    "DoctorWarning",
    "Finding",
    "Report",
    "after_training",
    "before_training",
    "diagnose",
    "tell",
]

# What `fit` says before the first step: all but certainly mistakes.
CERTAIN = ("loss_expects_logits", "accuracy_of_regression")
# What follows from data of a wrong scale needs no cure of its own.
_SCALE = ("exploding_gradients", "learning_rate_high")
EXPLAINS = {
    "large_inputs": (*_SCALE, "saturated_units", "dead_units"),
    "unscaled_inputs": (*_SCALE, "saturated_units", "dead_units"),
    "unscaled_targets": _SCALE,
}
ROWS_BY_HEART = (
    "See whether it can learn ten rows by heart: `fit(x[:10], y[:10], epochs=500)`."
)
ASK = "Call `model.diagnose(x, y)`: it looks for the cause."


def diagnose(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    validation_split: Any = 0.0,
) -> Report:
    """Look for what keeps a model from learning: see `Model.diagnose`."""
    report = Report(model.name, 0)
    if is_source(x):
        report.notes.append(
            "Looking would use up a source of batches: give arrays, such as one batch."
        )
        return report
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what they would say is found here
        try:
            _look(report, model, (x, y, sample_weight), validation_split)
        except Exception as error:  # a report that stops is worth more than none
            _note(report, error)
    return report


def _note(report: Report, error: Exception) -> None:
    reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    report.notes.append(f"Not all could be looked at. {reason}")


def _look(report: Report, model: Any, given: Any, split: Any) -> None:
    found, trains = report.findings, model.compiled and given[1] is not None
    try:
        # What the first `fit` does, too, in this order: seeds are drawn alike.
        seed = model._shuffle_seed() if trains else 0
        data = adapt(*given, seed=seed)
    except (TypeError, ValueError) as error:
        found.append(finding("refused", error=str(error)))
        return
    assert isinstance(data, ArrayData)
    report.rows = data.rows
    if split and data.y is not None:
        parts = train_validation_split(data.arrays, split)
        found += look_at_split(parts[0][1], parts[1][1])
    rows = sample(data.arrays, data.rows)
    try:
        if trains:
            model._compiled.prepared(model, data, model._compiled)
        else:
            model._prepare_to_predict(data)
    except (TypeError, ValueError) as error:
        found.append(finding("refused", error=str(error)))
    found += look_at_inputs(rows[0], model)
    output = output_of(model) if trains and "refused" not in report.codes else None
    y: Any = None if output is None else tree.flatten(rows[1])[0]
    if output is not None:
        found += look_at_targets(y, output.kind in SQUARED)
    if "refused" not in report.codes:
        _look_at_model(report, model, rows, output, y)


def _look_at_model(
    report: Report, model: Any, rows: Any, output: Output | None, y: Any
) -> None:
    found = report.findings
    seen = Examination([], [])
    try:
        if "not_finite" not in report.codes:  # else all else would not be, either
            seen = examine(model, *rows)
    except Exception as error:  # code of users, which is not made for such a step
        _note(report, error)
    level = spread = None
    if output is not None:
        found += look_at_output(output, y, seen.outputs[0] if seen.outputs else None)
        level, spread = chance(output, y), float(y.astype("float64").std())
    explained = len(found)
    known = {code for known in set(report.codes) for code in EXPLAINS.get(known, ())}
    learning = look_at_learning(model, seen, level, spread)
    found += (f for f in learning if f.code not in known)
    if len(found) == explained and seen.loss is not None:
        updates = updates_of(model.optimizer)
        found += look_at_history([seen.loss], updates, level, ROWS_BY_HEART)


# --- in `fit` -------------------------------------------------------------------------


def tell(check: Callable[..., Iterable[Finding]], *args: Any) -> None:
    """Warn of what `before_training` or `after_training` finds, unless switched off."""
    if not config.is_doctor_enabled():
        return
    try:
        with np.errstate(all="ignore"):
            findings = list(check(*args))
    except Exception:  # advice must not stop a training
        return
    for found in findings:
        text = f"kerasish doctor: {found}"
        warnings.warn(text, DoctorWarning, stacklevel=_level_of_user())


def _level_of_user() -> int:
    """Count from the caller to the first frame that is not ours: `fit` has wrappers."""
    level, frame = 1, sys._getframe(1)
    ours = __name__.split(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == ours:
        level, frame = level + 1, frame.f_back
    return level


def before_training(model: Any, data: Any, held: Any) -> Iterator[Finding]:
    """Find what can be known before the first step, in less than a millisecond.

    Args:
        model: compiled, with its loss built.
        data: what it will be trained on.
        held: `(x, y, sample_weight)` that `validation_split` took off; or None.
    """
    weights = model.weights
    quantized = any(layer.is_quantized for layer in model._flatten_layers())
    if weights and not quantized and not model.trainable_variables:
        yield finding("frozen", weights=len(weights))
    output = output_of(model)
    if output is None or not isinstance(data, ArrayData) or data.y is None:
        return
    y = sample(tree.flatten(data.y)[0], data.rows)
    yield from (f for f in look_at_output(output, y) if f.code in CERTAIN)
    if held is not None:
        yield from look_at_split(data.y, held[1])


def after_training(model: Any, data: Any) -> Iterator[Finding]:
    """Find from the history whether a long training led nowhere.

    Args:
        model: was trained.
        data: what it was trained on.
    """
    losses = model.history.history.get("loss", [])
    output = output_of(model)
    if output is None or not losses or not isinstance(data, ArrayData):
        return
    updates = len(losses) * data.steps
    suspect = updates >= MANY or losses[-1] > RISEN * losses[0]
    if suspect and data.sample_weight is None and _only_loss(model):
        y = sample(tree.flatten(data.y)[0], data.rows)
        level = chance(output, y)
        yield from look_at_history(losses, updates, level, ASK)


def _only_loss(model: Any) -> bool:
    """Say whether the loss of the history is that of the targets, nothing added."""
    own = any(
        not getattr(type(model), name).__module__.startswith("kerasish.")
        for name in ("train_step", "compute_loss")
    )
    regularized = any(v.regularizer is not None for v in model.trainable_variables)
    added = any(
        layer._losses or layer.activity_regularizer is not None
        for layer in model._flatten_layers()
    )
    return not (own or regularized or added or model._compiled.loss.weights[0])
