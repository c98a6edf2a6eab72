"""Looking at the data before the first step."""

import warnings
from typing import Any

import numpy as np

from .. import dtypes
from .arrays import named_leaves

__all__ = ["check_finite", "nonfinite"]


def check_finite(value: Any, name: str = "x") -> None:
    """Warn of NaN and infinite values: which input, where the first is, how many.

    Args:
        value: an array or a structure of arrays.
        name: what the warning calls it.

    Example:
        >>> from kerasish.data import check_finite
        >>> check_finite(np.zeros((2, 3)))
    """
    for leaf_name, leaf in named_leaves(value, name):
        if dtypes.is_float(dtypes.standardize_dtype(leaf.dtype)):
            _check(leaf, leaf_name)


def nonfinite(leaf: Any) -> dict[str, Any] | None:
    """Count what is NaN or infinite in an array; None if nothing is.

    Returns:
        `count` of values, `bad_rows` of `rows`, the `place` of the first and its `row`.

    Example:
        >>> from kerasish.data import nonfinite
        >>> nonfinite(np.array([1.0, np.nan]))["row"]
        1
    """
    # A sum is NaN or infinite if a summand is: one scan, no copy. Sums of large
    # numbers may overflow, so only the closer look decides.
    with np.errstate(all="ignore"):
        if np.isfinite(float(leaf.sum())):
            return None
    bad = ~np.isfinite(np.asarray(leaf))
    count = int(bad.sum())
    if count == 0:
        return None
    place = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
    bad_rows = int(bad.reshape(len(bad), -1).any(axis=1).sum())
    found = {"count": count, "bad_rows": bad_rows, "rows": len(bad)}
    return {**found, "place": place, "row": place[0]}


def _check(leaf: Any, name: str) -> None:
    found = nonfinite(leaf)
    if found is None:
        return
    place = found["place"]
    value = float(np.asarray(leaf[place]))
    column = ""
    if len(place) == 2:
        column = f", column {place[1]}"
    elif len(place) > 2:
        column = f", position {place[1:]}"
    warnings.warn(
        f"`{name}` has {found['count']} values that are NaN or infinite, in "
        f"{found['bad_rows']} of {found['rows']} rows; the first is {value} in row "
        f"{place[0]}{column}. The loss will be NaN: drop these rows or fill the gaps.",
        stacklevel=3,
    )
