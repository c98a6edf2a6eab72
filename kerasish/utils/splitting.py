"""One set of data into two."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import tree
from ..data import Dataset, check_rows

__all__ = ["split_dataset"]

Size = int | float | None


def split_dataset(
    dataset: Any,
    left_size: Size = None,
    right_size: Size = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """Split data into a left part, the first samples, and a right part, the last ones.

    Args:
        dataset: an array; a list, tuple or dictionary of arrays of one length; a
            `Dataset` or another iterable that ends, whose elements are then held in
            memory. Of a `Dataset` of batches the samples are split, and batched again.
        left_size: samples of the left part: an integer, or a share between 0 and 1,
            rounded; default: all that are not in the right part.
        right_size: the same for the right part.
        shuffle: whether the samples are shuffled before.
        seed: of shuffling; default: drawn anew.
        preferred_backend: `"tensorflow"`, `"torch"`, `"grain"` or the like, for Keras's
            sake: both parts are of our kind.

    Returns:
        Two `kerasish.data.Dataset` of single samples; of batches where those of
        `dataset` are.

    Raises:
        TypeError: `dataset` is nothing that can be split.
        ValueError: the sizes do not fit the data, or a part would be empty.

    Example:
        >>> left, right = keras.utils.split_dataset(np.arange(5), left_size=0.6)
        >>> [int(n) for n in left], [int(n) for n in right]
        ([0, 1, 2], [3, 4])
    """
    rows, take, size = _samples(dataset)
    left, right = _sizes(rows, left_size, right_size)
    order = list(range(rows))
    if shuffle:
        random.Random(seed).shuffle(order)
    numbers = np.asarray(order)

    def part(chosen: np.ndarray) -> Dataset:
        elements = Dataset(lambda _: (take(int(row)) for row in chosen), len(chosen))
        return elements if size is None else elements.batch(size)

    return part(numbers[:left]), part(numbers[rows - right :])


def _samples(dataset: Any) -> tuple[int, Any, int | None]:
    """Return how many samples there are, who gives one, and the size of batches."""
    if isinstance(dataset, (np.ndarray, list, tuple, Mapping)):
        arrays = tree.map_structure(np.asarray, dataset)
        if isinstance(arrays, list):
            arrays = tuple(arrays)
        rows = check_rows(arrays)
        return rows, lambda n: tree.map_structure(lambda a: a[n], arrays), None
    size = None
    if isinstance(dataset, Dataset):
        if dataset.count == float("inf"):
            raise ValueError(
                "`dataset` has no end, so it cannot be split: `take` some."
            )
        size = dataset.batch_size
        dataset = dataset if size is None else dataset.unbatch()
    if not isinstance(dataset, Iterable) or isinstance(dataset, (str, bytes)):
        raise TypeError(
            "`dataset` must be an array, a list, tuple or dictionary of arrays, or an "
            f"iterable of samples, got {dataset!r} of type `{type(dataset).__name__}`."
        )
    samples = list(dataset)
    return len(samples), samples.__getitem__, size


def _sizes(rows: int, left: Size, right: Size) -> tuple[int, int]:
    """Return the numbers of samples of both parts."""
    if left is None and right is None:
        raise ValueError("At least one of `left_size` and `right_size` must be given.")
    first, last = _count("left_size", left, rows), _count("right_size", right, rows)
    first = rows - (last or 0) if first is None else first
    last = rows - first if last is None else last
    if first + last > rows:
        raise ValueError(
            f"`left_size={left}` and `right_size={right}` are together more than the "
            f"{rows} samples there are."
        )
    if not first or not last:
        side = "right" if first else "left"
        raise ValueError(
            f"With {rows} samples, `left_size={left}` and `right_size={right}` the "
            f"{side} part would be empty."
        )
    return first, last


def _count(name: str, size: Size, rows: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.number)):
        raise TypeError(
            f"`{name}` must be an integer, a float or None, got {size!r} of type "
            f"`{type(size).__name__}`."
        )
    whole = isinstance(size, (int, np.integer))
    if not 0 < size < (rows if whole else 1):
        raise ValueError(
            f"`{name}` must be an integer from 1 to {rows - 1} or a float between 0 "
            f"and 1, got {size!r}."
        )
    return int(size) if whole else round(float(size) * rows)
