"""Tuples of inputs, targets and sample weights; validation from the data's tail."""

import math
from typing import Any

from .. import tree
from .arrays import check_rows, to_arrays

__all__ = [
    "pack_x_y_sample_weight",
    "train_validation_split",
    "unpack_x_y_sample_weight",
]


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return `(x, y, sample_weight)`, with None for what `data` lacks.

    Args:
        data: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; a list counts as a
            tuple.

    Raises:
        ValueError: for a longer or empty tuple.

    Example:
        >>> keras.utils.unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        kinds = ", ".join(type(part).__name__ for part in data)
        raise ValueError(
            "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, "
            f"sample_weight)`, found a {type(data).__name__} of {len(data)}: ({kinds})."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a tuple that `unpack_x_y_sample_weight` takes apart again.

    Args:
        x: inputs; alone they are returned as they are, lists and tuples in a tuple.
        y: targets or None.
        sample_weight: weights or None.

    Example:
        >>> keras.utils.pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def train_validation_split(arrays: Any, validation_split: float) -> tuple[Any, Any]:
    """Split arrays into head and tail, unshuffled: the last rows validate.

    With n rows the head has `floor(n * (1 - validation_split))`.

    Args:
        arrays: tuple `(x, y, sample_weight)` of structures of arrays; None stays.
        validation_split: fraction of the rows for validation, between 0 and 1.

    Returns:
        Two tuples like `arrays`: for training and for validation.

    Raises:
        ValueError: if the fraction is out of range, a part would be empty, or the data
            are no arrays.

    Example:
        >>> from kerasish.data import train_validation_split
        >>> (x, _), (x_val, _) = train_validation_split((np.arange(10), None), 0.3)
        >>> x_val.tolist()
        [7, 8, 9]
    """
    if not 0 < validation_split < 1:
        raise ValueError(
            "`validation_split` must be a fraction between 0 and 1, not "
            f"{validation_split!r}."
        )
    names = ("x", "y", "sample_weight")
    try:
        parts = tuple(to_arrays(part, name) for part, name in zip(arrays, names))
    except TypeError as error:
        raise ValueError(
            "Argument `validation_split` is only supported for tensors or NumPy "
            f"arrays. {error}"
        ) from None
    rows = check_rows(*parts)
    at = math.floor(rows * (1.0 - validation_split))
    if at in (0, rows):
        raise ValueError(
            f"Training data contains {rows} samples, which is not sufficient to split "
            "it into a validation and training set as specified by "
            f"`validation_split={validation_split}`. Either provide more data, or a "
            "different value for the `validation_split` argument."
        )

    def cut(where: slice) -> Any:
        return tree.map_structure(
            lambda a: None if a is None else a[where], parts, none_is_leaf=True
        )

    return cut(slice(None, at)), cut(slice(at, None))
