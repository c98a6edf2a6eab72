"""Mistakes in what `compile` and `fit` are given: arguments, and targets that lie."""

import math
import warnings
from typing import Any

import numpy as np

from .. import tree
from ..data import check_finite

__all__ = [
    "check_compile",
    "check_counts",
    "check_data",
    "check_target_shape",
    "warn_of_nan",
]

# Losses that compare target and output element by element.
_ELEMENTWISE = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "hinge"),
    *("squared_hinge", "kl_divergence", "binary_crossentropy", "cosine_similarity"),
    *("binary_focal_crossentropy", "categorical_crossentropy", "categorical_hinge"),
    *("categorical_focal_crossentropy", "categorical_generalized_cross_entropy"),
)


def _function_name(loss: Any) -> str:
    return getattr(getattr(loss, "fn", None), "__name__", "")


def check_target_shape(y_true: Any, y_pred: Any, loss: Any, name: Any) -> None:
    """Raise a ValueError if target and output would only fit by broadcasting.

    Args:
        y_true: target, or its symbolic stand-in; y_pred: output.
        loss: the loss object that compares them.
        name: the output's name, or None.
    """
    where = f"output `{name}`" if name else "the output"
    if y_true is None:
        raise ValueError(
            f"There is a loss for {where} ({loss.name}) but no target: pass `y`."
        )
    if not hasattr(y_true, "shape") or not hasattr(y_pred, "shape"):
        return
    target, output = tuple(y_true.shape), tuple(y_pred.shape)
    kind = _function_name(loss)
    if kind == "sparse_categorical_crossentropy":
        _check_sparse(target, output, where)
    elif kind in _ELEMENTWISE and not _aligned(target, output):
        raise ValueError(
            f"The target has shape {target}, {where} has shape {output}, and "
            f"`{loss.name}` compares them element by element: they must be equal "
            "(only (n,) goes with (n, 1)). " + _advice(kind, target, output)
        )


def _aligned(target: tuple[Any, ...], output: tuple[Any, ...]) -> bool:
    if len(target) == len(output) - 1 and output[-1] == 1:
        output = output[:-1]
    elif len(output) == len(target) - 1 and target[-1] == 1:
        target = target[:-1]
    return len(target) == len(output) and all(
        a == b or a is None or b is None for a, b in zip(target[1:], output[1:])
    )


def _check_sparse(target: Any, output: Any, where: str) -> None:
    core = target[:-1] if len(target) == len(output) and target[-1] == 1 else target
    if len(core) == len(output) - 1 and _aligned(core, output[:-1]):
        return
    raise ValueError(
        f"`sparse_categorical_crossentropy` expects integer class numbers of shape "
        f"{output[:-1]} for {where} of shape {output}, but the target has shape "
        f"{target}."
        + (
            " One-hot targets go with `categorical_crossentropy`."
            if target == output
            else ""
        )
    )


def _advice(kind: str, target: tuple[Any, ...], output: tuple[Any, ...]) -> str:
    if kind.startswith("categorical") and len(target) == len(output) - 1:
        return "For integer class numbers use `sparse_categorical_crossentropy`."
    if len(target) == len(output) and output and output[-1] == 1:
        return f"Did you mean a last layer with {target[-1]} units?"
    if len(target) == len(output) and target and target[-1] == 1:
        return "Did you mean a last layer with 1 unit?"
    return "Reshape the target, or change the last layer."


def check_data(data: Any, loss: Any) -> None:
    """Look once over arrays of data: NaN, labels that the loss cannot mean.

    Args:
        data: `(x, y, sample_weight)` of arrays.
        loss: the built `CompileLoss`, or None.
    """
    x, y, _ = data
    check_finite(x, "x")
    if y is not None:
        check_finite(y, "y")
    if loss is None or loss.outputs is None or y is None:
        return
    targets = loss.outputs.spread(y, "y")
    outputs = tree.flatten(loss.outputs.structure)
    for i, one in enumerate(loss.losses):
        if one is not None and targets[i] is not None:
            _check_labels(np.asarray(targets[i]), outputs[i], one)


def _check_labels(target: np.ndarray, output: Any, loss: Any) -> None:
    kind = _function_name(loss)
    if not target.size or target.dtype.kind not in "iufb":
        return
    if kind == "sparse_categorical_crossentropy":
        _check_classes(target, output, loss)
    elif kind in ("binary_crossentropy", "binary_focal_crossentropy"):
        low, high = target.min(), target.max()
        if low < 0 or high > 1:
            warnings.warn(
                f"`{loss.name}` expects targets between 0 and 1, but they go from "
                f"{low} to {high}: the loss can become negative. Map -1/1 to 0/1, or "
                "use `hinge`.",
                stacklevel=2,
            )


def _check_classes(target: np.ndarray, output: Any, loss: Any) -> None:
    classes = output.shape[-1]
    ignored = getattr(loss, "ignore_class", None)
    counted = target if ignored is None else target[target != ignored]
    if classes is None or not counted.size:
        return
    low, high = counted.min(), counted.max()
    if low < 0 or high >= classes:
        raise ValueError(
            f"`{loss.name}`: the output has {classes} units, so labels must be "
            f"0 to {classes - 1}, but `y` holds labels from {low} to {high}. "
            f"Give the last layer {int(high) + 1} units, or number the classes from 0."
        )
    if counted.dtype.kind == "f" and np.any(counted != np.floor(counted)):
        raise ValueError(
            f"`{loss.name}`: labels must be whole class numbers, but `y` holds "
            f"{float(counted[counted != np.floor(counted)].flat[0])}."
        )


def check_compile(jit_compile: Any, steps_per_execution: Any) -> None:
    """Raise unless these arguments of `compile` are what they must be."""
    if jit_compile not in (True, False, "auto"):
        raise ValueError(f'`jit_compile` is True, False or "auto": {jit_compile!r}.')
    if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
        raise ValueError(
            f"`steps_per_execution` must be a positive integer, got "
            f"{steps_per_execution!r}."
        )


def check_counts(epochs: Any, initial: Any, freq: Any) -> None:
    """Raise unless the numbers of epochs that `fit` was given are such."""
    for name, value in (("epochs", epochs), ("initial_epoch", initial)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < 0:
            raise ValueError(f"`{name}` must be a non-negative integer, got {value!r}.")
    if isinstance(freq, int) and freq < 1:
        raise ValueError(f"`validation_freq` must be at least 1, got {freq}.")
    if not isinstance(freq, (int, list, tuple, set, range)):
        raise ValueError(
            "`validation_freq` must be an integer or a list of epoch numbers, got "
            f"{freq!r}."
        )


def warn_of_nan(logs: dict[str, list[Any]], first_epoch: int) -> bool:
    """Warn if the loss turned NaN or infinite, and say when; return whether it did."""
    losses = logs.get("loss", [])
    if all(map(math.isfinite, losses)):
        return False
    values = np.asarray(losses)
    bad = np.flatnonzero(~np.isfinite(values.astype("float64")))
    if len(bad):
        warnings.warn(
            f"The loss is {values[bad[0]]} in epoch {first_epoch + int(bad[0]) + 1}. "
            "Training goes on; the `TerminateOnNaN` callback would stop it. Usual "
            "causes: a learning rate that is too high, NaN in the data, a logarithm "
            "of 0.",
            stacklevel=4,
        )
    return len(bad) > 0
