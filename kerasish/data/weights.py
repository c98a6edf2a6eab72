"""Class weights, turned into weights of samples before training begins."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import config
from .arrays import named_leaves

__all__ = ["weigh_classes"]


def weigh_classes(
    y: Any, class_weight: Any, sample_weight: Any = None, whole: bool = True
) -> np.ndarray:
    """Return sample weights: that of each sample's class times its own.

    Args:
        y: targets of one output: integer classes, or one-hot along the last axis.
        class_weight: dictionary of class to weight, sequence of weights, or
            `"balanced"`: n / (number of classes * samples of the class).
        sample_weight: weights of the samples, or None.
        whole: whether `y` is all of the data, so that names of classes which it lacks
            are worth a warning.

    Returns:
        float array of shape `(n,)`, or the shape of the classes if they have more axes.

    Raises:
        ValueError: if `y` has no classes, or weights are no numbers.

    Example:
        >>> from kerasish.data import weigh_classes
        >>> weigh_classes(np.array([0, 1, 1, 1, 1, 0]), "balanced").tolist()
        [1.5, 0.75, 0.75, 0.75, 0.75, 1.5]
    """
    labels = _labels(y)
    classes, inverse = np.unique(labels, return_inverse=True)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                '`class_weight` must be a dictionary, a sequence or "balanced", not '
                f"{class_weight!r}."
            )
        if not whole:
            raise ValueError(
                '`class_weight="balanced"` counts the classes of all data: it needs '
                "arrays, not a stream of batches."
            )
        values = labels.size / (len(classes) * np.bincount(inverse.ravel()))
    else:
        values = _values(class_weight, classes, whole)
    weights = values[inverse].reshape(labels.shape).astype(config.floatx())
    if sample_weight is None:
        return weights
    own = np.asarray(sample_weight)
    axes = max(own.ndim, weights.ndim)
    return _widened(own, axes) * _widened(weights, axes)


def _widened(array: np.ndarray, axes: int) -> np.ndarray:
    return array.reshape(array.shape + (1,) * (axes - array.ndim))


def _labels(y: Any) -> np.ndarray:
    leaves = list(named_leaves(y, "y"))
    if len(leaves) != 1:
        raise ValueError(
            "`class_weight` is only supported for models with a single output; `y` "
            f"has {len(leaves)}. Give `sample_weight` for each output instead."
        )
    labels = np.asarray(leaves[0][1])
    if labels.ndim > 1 and labels.shape[-1] > 1:
        one_hot = labels.min() >= 0 and np.allclose(labels.sum(axis=-1), 1, atol=1e-3)
        if not one_hot:
            raise ValueError(
                "`class_weight` needs integer classes or one-hot rows, but the rows of "
                f"`y`, of shape {labels.shape}, do not sum up to 1."
            )
        return labels.argmax(axis=-1)
    if labels.ndim > 1:
        labels = labels[..., 0]
    whole = np.round(labels.astype(np.float64))
    if not np.array_equal(whole, labels):
        wrong = labels[whole != labels].ravel()[0]
        raise ValueError(
            f"`class_weight` needs integer classes, but `y` holds {wrong!s}."
        )
    return whole.astype(np.int64)


def _values(class_weight: Any, classes: np.ndarray, whole: bool) -> np.ndarray:
    """Return the weight of each class that occurs; report those not in the table."""
    if not isinstance(class_weight, Mapping):
        class_weight = dict(enumerate(np.asarray(class_weight).tolist()))
    try:
        table = {int(key): float(value) for key, value in class_weight.items()}
    except (TypeError, ValueError):
        raise ValueError(
            "`class_weight` must map integer classes to numbers, for example "
            f"{{0: 1.0, 1: 5.0}}, not {class_weight!r}."
        ) from None
    missing = [int(c) for c in classes if int(c) not in table]
    if missing:
        warnings.warn(
            f"`class_weight` has no entry for the classes {_short(missing)} of `y`: "
            "their weight is 1.",
            stacklevel=4,
        )
    unknown = sorted(set(table) - {int(c) for c in classes})
    if unknown and whole:
        warnings.warn(
            f"`class_weight` has entries for the classes {_short(unknown)}, which do "
            "not occur in `y`.",
            stacklevel=4,
        )
    return np.array([table.get(int(c), 1.0) for c in classes])


def _short(classes: list[int]) -> str:
    return str(classes) if len(classes) <= 10 else f"{classes[:10]} and more"
