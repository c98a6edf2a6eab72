"""Texts among the data: what a model's first part turns into numbers on the host."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .arrays import _foreign, _is_plain, to_array

__all__ = ["HostData", "text_arrays"]


class HostData:
    """A source of batches whose inputs are computed further on the host.

    Args:
        source: generator, iterable or `PyDataset` of batches.
        made: `made(x, name)` returns what becomes of a batch's inputs.
    """

    def __init__(self, source: Any, made: Callable[[Any, str], Any]) -> None:
        self.source, self.made = source, made


def text_arrays(value: Any, name: str) -> Any:
    """Return the structure of `value` with an array for each leaf; texts may be there.

    Args:
        value: arrays, lists, series of texts or numbers, or nests of these.
        name: what errors call it.

    Example:
        >>> from kerasish.data import text_arrays
        >>> text_arrays({"a": ["x", "y"], "b": [1, 2]}, "x")["a"].shape
        (2,)
    """
    if isinstance(value, Mapping):
        return {key: text_arrays(v, f"{name}[{key!r}]") for key, v in value.items()}
    if isinstance(value, (list, tuple)) and not _is_plain(value):
        return [text_arrays(v, f"{name}[{i}]") for i, v in enumerate(value)]
    array = value if isinstance(value, np.ndarray) else _foreign(value, name)
    if isinstance(array, np.ndarray):
        kind = array.dtype.kind
        if kind in "SU" or (kind == "O" and any(map(_is_text, array.flat))):
            return array
    return to_array(value, name)


def _is_text(x: Any) -> bool:
    return isinstance(x, (str, bytes))
