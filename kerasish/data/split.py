"""Tuples of inputs, targets and sample weights; validation from the data's tail."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import registry, tree
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


def train_validation_split(arrays: Any, validation_split: Any) -> tuple[Any, Any]:
    """Split arrays into head and tail: the last rows validate.

    With n rows the head has `floor(n * (1 - validation_split))`.

    Args:
        arrays: tuple `(x, y, sample_weight)` of structures of arrays; None stays.
        validation_split: fraction of the rows for validation, between 0 and 1; or a
            dictionary of the `"fraction"` and whether to `"shuffle"` before (True), by
            which `"seed"` (0), and to `"stratify"` (False): each class, or each value
            of `y`, then has its share in both parts.

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
    options = _split_options(validation_split)
    fraction = options["fraction"]
    if isinstance(fraction, bool) or not 0 < fraction < 1:
        raise ValueError(
            f"`validation_split` must be a fraction between 0 and 1, not {fraction!r}."
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
    at = math.floor(rows * (1.0 - fraction))
    if at in (0, rows):
        raise ValueError(
            f"Training data contains {rows} samples, which is not sufficient to split "
            "it into a validation and training set as specified by "
            f"`validation_split={fraction}`. Either provide more data, or a "
            "different value for the `validation_split` argument."
        )

    order = _order(parts[1], rows, options)
    if order is not None:
        parts = tree.map_structure(
            lambda a: None if a is None else a[order], parts, none_is_leaf=True
        )

    def cut(where: slice) -> Any:
        return tree.map_structure(
            lambda a: None if a is None else a[where], parts, none_is_leaf=True
        )

    return cut(slice(None, at)), cut(slice(at, None))


def _split_options(given: Any) -> dict[str, Any]:
    """Return all options; a number alone means the tail as it is."""
    if not isinstance(given, Mapping):
        return {"fraction": given, "shuffle": False, "stratify": False, "seed": 0}
    options = {"fraction": None, "shuffle": True, "stratify": False, "seed": 0}
    for key in given:
        if key not in options:
            raise ValueError(
                f"`validation_split` knows no {key!r}, only {list(options)}."
                + registry.did_you_mean(str(key), options)
            )
    if given.get("fraction") is None:
        raise ValueError("`validation_split` as a dictionary needs a `'fraction'`.")
    return {**options, **given}


def _order(y: Any, rows: int, options: dict[str, Any]) -> np.ndarray | None:
    """Return the order of the rows whose tail validates; None: as they are."""
    if not (options["shuffle"] or options["stratify"]):
        return None
    order = np.arange(rows)
    if options["shuffle"]:
        order = np.random.default_rng(options["seed"]).permutation(rows)
    if not options["stratify"]:
        return order
    leaves = [leaf for leaf in tree.flatten(y) if leaf is not None]
    if len(leaves) != 1:
        raise ValueError(
            f"`validation_split`: `stratify` needs the targets `y` of one output, got "
            f"{len(leaves)} arrays."
        )
    table = np.asarray(leaves[0])[order].reshape(rows, -1)
    kinds, classes = np.unique(table, axis=0, return_inverse=True)
    if len(kinds) > rows / 2:
        raise ValueError(
            f"`validation_split`: `stratify` needs classes, but `y` has {len(kinds)} "
            f"different values in {rows} rows. Leave `stratify` out."
        )
    # Spread each class evenly over 0 to 1: the tail of all is the tail of each.
    counts = np.bincount(classes.ravel())
    spread = np.concatenate([(np.arange(n) + 0.5) / n for n in counts])
    places = np.empty(rows)
    places[np.argsort(classes.ravel(), kind="stable")] = spread
    return order[np.argsort(places, kind="stable")]
