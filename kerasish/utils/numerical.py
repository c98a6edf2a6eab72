"""Small numeric helpers for data that is being prepared."""

from typing import Any

import numpy as np

from .. import backend, ops

__all__ = ["normalize", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Turn class numbers into one-hot rows.

    Args:
        x: integers from 0, of any shape; a last axis of size 1 is dropped.
        num_classes: length of the rows; default: the largest number + 1.

    Returns:
        x's shape + `(num_classes,)`: a float64 NumPy array, or for a tensor of the
        backend a tensor of `floatx()`.

    Raises:
        ValueError: for a number below 0 or not below `num_classes` (tensors: a row of
            zeros).

    Example:
        >>> keras.utils.to_categorical([0, 2, 1]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if backend.is_array(x):
        x = ops.squeeze(x, -1) if x.ndim > 1 and x.shape[-1] == 1 else x
        return ops.one_hot(x, num_classes or int(ops.max(x)) + 1)
    labels = np.asarray(x).astype("int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ValueError(
            f"`x` must hold class numbers from 0 to num_classes - 1 = "
            f"{num_classes - 1}, got {np.unique(wrong)[:5].tolist()}."
        )
    rows = np.zeros((*labels.shape, num_classes))
    np.put_along_axis(rows, labels[..., None], 1.0, axis=-1)
    return rows


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Divide by the norm along an axis: x / (Σ|x|ᵒ)^(1/o); zeros stay zeros.

    Args:
        x: NumPy array, or tensor of the backend.
        axis: the axis whose vectors get the norm 1.
        order: the order of the norm: 1, 2 ... or `np.inf`.

    Returns:
        An array of x's kind and shape.

    Example:
        >>> keras.utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    if backend.is_array(x) or not isinstance(x, np.ndarray):
        return ops.normalize(x, axis=axis, order=order)
    norm = np.linalg.norm(np.atleast_1d(x), order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
