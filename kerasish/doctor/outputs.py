"""Findings about outputs, loss, metrics and targets that do not go together."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .data import classes_of
from .findings import Finding, finding

__all__ = ["Output", "chance", "look_at_output", "output_of"]

BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
CROSSENTROPY = (
    *("categorical_crossentropy", "sparse_categorical_crossentropy"),
    *("categorical_focal_crossentropy", *BINARY),
)
SQUARED = ("mean_squared_error", "mean_squared_logarithmic_error")
REGRESSION = (
    *("mean_absolute_error", "huber", "log_cosh", "mean_absolute_percentage_error"),
    *SQUARED,
)
RANGES = {  # what an activation can give
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
}
SEVERAL = 0.01  # share of the targets beyond which it is no exception
MANY = 0.5
# Layers behind an activation that leave values what they are.
TRANSPARENT = ("Reshape", "Flatten", "Permute", "Dropout", "ActivityRegularization")


class Output:
    """The only output of a model, with what `compile` said of it.

    Args:
        model: compiled, its loss built.
        loss: the output's loss object.
    """

    def __init__(self, model: Any, loss: Any) -> None:
        compiled = model._compiled
        self.loss, self.kind = loss, getattr(getattr(loss, "fn", None), "__name__", "")
        self.reduction = getattr(loss, "reduction", None)
        self.from_logits = bool(getattr(loss, "from_logits", False))
        entries = compiled.metrics.entries if compiled.metrics is not None else []
        self.metrics = {name: type(metric).__name__ for _, name, metric, _ in entries}
        tensors = model.outputs or [None]
        self.activation = activation_of(tensors[0])
        self.units = getattr(tensors[0], "shape", (None,))[-1]


def output_of(model: Any) -> Output | None:
    """Return a model's output, None if it has several or no loss by `compile`."""
    compiled = model._compiled
    losses = getattr(compiled and compiled.loss, "losses", [])
    return Output(model, losses[0]) if len(losses) == 1 and losses[0] else None


def activation_of(tensor: Any) -> str | None:
    """Return the name of the activation that made a symbolic tensor, if known."""
    for _ in range(20):
        node = getattr(tensor, "node", None)
        if node is None:
            return None
        made = node.operation
        made = getattr(made, "layer", made)  # of `TimeDistributed`
        if getattr(made, "outputs", None):  # a model in the model
            tensor = made.outputs[0] if len(made.outputs) == 1 else None
            continue
        name = activation_name(made)
        through = type(made).__name__ in (*TRANSPARENT, "Activation")
        if name not in (None, "linear") or not through or not node.inputs:
            return name
        tensor = node.inputs[0]
    return None


def activation_name(operation: Any) -> str | None:
    """Return the name of a layer's or op's activation, `"linear"` if it has none."""
    kind = type(operation).__name__
    if kind in ("ReLU", "Softmax"):
        return kind.lower()
    if hasattr(operation, "function"):
        name = getattr(operation.function, "__name__", "")
        return name if name in RANGES else None
    if hasattr(operation, "recurrent_activation"):
        return None  # gates come after the activation
    given = getattr(operation, "activation", None)
    return getattr(given, "__name__", None)


def look_at_output(
    output: Output, y: np.ndarray, y_pred: np.ndarray | None = None
) -> Iterator[Finding]:
    """Find losses, metrics and targets that the output does not go with.

    Args:
        output: the model's.
        y: targets of some rows.
        y_pred: predictions for them; None: none were made.
    """
    kind, activation = output.kind, output.activation
    ends: dict[str, Any] = {"now": ""}
    if y_pred is not None and y_pred.size:
        ends = {"low": float(y_pred.min()), "high": float(y_pred.max())}
        ends["now"] = f" (now {ends['low']:.3g} to {ends['high']:.3g})"
    if activation == "softmax" and output.units == 1:
        yield finding("softmax_of_one", units=1)
    elif kind in CROSSENTROPY and output.from_logits:
        if activation in ("sigmoid", "softmax"):
            name = output.loss.name
            yield finding("loss_expects_logits", activation=activation, loss=name,
                          **ends)  # fmt: skip
    elif kind in CROSSENTROPY:
        linear = activation == "linear"
        if y_pred is not None and y_pred.size:  # its numbers know better
            linear = ends["low"] < -1e-3 or ends["high"] > 1 + 1e-3
        if linear and activation in ("linear", None):
            yield finding("loss_expects_probabilities", loss=output.loss.name, **ends)
    yield from _look_at_values(output, y)


def _look_at_values(output: Output, y: np.ndarray) -> Iterator[Finding]:
    if not y.size or y.dtype.kind not in "iufb" or not np.all(np.isfinite(y)):
        return
    y = y.astype("float64")
    low, high = float(y.min()), float(y.max())
    kind, activation = output.kind, output.activation
    if kind in BINARY and (low < 0 or high > 1):
        yield finding("label_range", loss=output.loss.name, low=low, high=high)
    if kind not in REGRESSION:
        return
    if activation in RANGES:
        least, most = RANGES[activation]
        share = float(np.mean((y < least) | (y > most)))
        if share > SEVERAL:
            limits = {"low": low, "high": high}
            yield finding("out_of_reach", share=share, activation=activation, **limits)
    fractions = float(np.mean(y != np.floor(y)))
    accuracies = [n for n, cls in output.metrics.items() if cls.endswith("Accuracy")]
    if accuracies and fractions > MANY:
        yield finding("accuracy_of_regression", metric=accuracies[0], share=fractions)
    elif activation == "linear" and kind in SQUARED:
        yield from _look_for_classes(output, y, bool(accuracies))


def _look_for_classes(output: Output, y: np.ndarray, counts: bool) -> Iterator[Finding]:
    """Find one-hot rows, or numbers of at least three classes that are counted."""
    labels = classes_of(y)
    if labels is None:
        return
    one_hot = y.ndim == 2 and y.shape[1] > 1
    names = np.unique(labels)
    in_order = len(names) > 2 and np.array_equal(names, np.arange(len(names)))
    if one_hot or (in_order and counts):
        better = "categorical_crossentropy"
        better = better if one_hot else f"sparse_{better}"
        classes = y.shape[1] if one_hot else len(names)
        yield finding("squared_error_of_classes", loss=output.loss.name,
                      classes=classes, better=better)  # fmt: skip


def chance(output: Output, y: np.ndarray) -> float | None:
    """Return the loss of the best model that ignores its input, None if unknown.

    That is the variance of the targets for `mse`, the mean distance from the median
    for `mae`, and the entropy of the labels for cross-entropies.
    """
    averaged = output.reduction in ("sum_over_batch_size", "mean")
    smooth = getattr(output.loss, "label_smoothing", 0)
    if not averaged or smooth or not y.size or y.dtype.kind not in "iufb":
        return None
    flat = y.reshape(len(y), -1).astype("float64")
    if output.kind == "mean_squared_error":
        return float(flat.var(axis=0).mean())
    if output.kind == "mean_absolute_error":
        return float(np.abs(flat - np.median(flat, axis=0)).mean())
    if output.kind == "binary_crossentropy":
        p = flat.mean(axis=0)
        if flat.min() < 0 or flat.max() > 1:
            return None
        return float(np.mean(_entropy(p) + _entropy(1 - p)))
    if output.kind == "categorical_crossentropy":
        return float(_entropy(y.reshape(-1, y.shape[-1]).mean(axis=0)).sum())
    if output.kind == "sparse_categorical_crossentropy":
        if getattr(output.loss, "ignore_class", None) is not None:
            return None
        counts = np.unique(flat, return_counts=True)[1]
        return float(_entropy(counts / flat.size).sum())
    return None


def _entropy(p: np.ndarray) -> np.ndarray:
    return -p * np.log(np.clip(p, 1e-12, None))
