"""Data sets that are gone through again and again, with what scripts chain to them."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import tree
from .dataset import Fetcher, PyDataset
from .shuffle import epoch_orders

__all__ = ["Dataset", "from_rows"]


class Dataset:
    """Elements, mostly batches `(x, y)`, made when they are asked for.

    It can be gone through any number of times, and given to `fit`, `evaluate`,
    `predict` and `adapt`. Each method returns another data set and computes nothing
    yet; their names and arguments are those of `tf.data`, the elements are NumPy's.
    What is shuffled has an order of its own in each pass, a function of the seed and
    of the number of the pass.

    Args:
        start: `start(number)` returns an iterator of the elements of a pass.
        count: elements of a pass; None if not known, `math.inf` if there is no end.
        batch_size: samples of an element, None for elements that are single samples.
        class_names: the names of the classes, if the elements have any.
        file_paths: the files of the samples, if they come from files.

    Example:
        >>> from kerasish.data import Dataset
        >>> squares = Dataset(lambda number: (n * n for n in range(5)), 5)
        >>> [int(n) for n in squares.map(lambda n: n + 1).batch(2).take(1).unbatch()]
        [1, 2]
    """

    def __init__(
        self,
        start: Callable[[int], Iterable[Any]],
        count: float | None = None,
        batch_size: int | None = None,
        class_names: list[str] | None = None,
        file_paths: list[str] | None = None,
    ) -> None:
        self._start, self.count, self.batch_size = start, count, batch_size
        self.class_names, self.file_paths = class_names, file_paths
        self._passes = 0

    def epoch(self, number: int) -> Iterator[Any]:
        """Return an iterator of the elements of that pass."""
        return iter(self._start(number))

    def __iter__(self) -> Iterator[Any]:
        self._passes += 1
        return self.epoch(self._passes - 1)

    def __len__(self) -> int:
        if self.count is None or self.count == math.inf:
            kind = "is not known" if self.count is None else "is infinite"
            raise TypeError(f"The number of elements of this data set {kind}.")
        return int(self.count)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        known = {None: "unknown", math.inf: "endless"}.get(self.count, self.count)
        return f"<Dataset: elements={known}, batch_size={self.batch_size}>"

    def _next(self, start: Callable[[int], Iterable[Any]], **changes: Any) -> "Dataset":
        about = {"count": self.count, "batch_size": self.batch_size, **changes}
        return Dataset(start, class_names=self.class_names, **about)

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
    ) -> "Dataset":
        """Return what a function makes of each element; the parts of a tuple apart.

        Args:
            map_func: called as `map_func(x, y)` where elements are pairs.
            num_parallel_calls, deterministic: for scripts' sake; calls are in order.
        """

        def call(element: Any) -> Any:
            parts = element if isinstance(element, tuple) else (element,)
            return map_func(*parts)

        return self._next(lambda number: map(call, self.epoch(number)))

    def filter(self, predicate: Callable[..., Any]) -> "Dataset":
        """Return the elements for which a function, called as by `map`, is true."""

        def keep(element: Any) -> bool:
            parts = element if isinstance(element, tuple) else (element,)
            return bool(predicate(*parts))

        return self._next(lambda number: filter(keep, self.epoch(number)), count=None)

    def cache(self, filename: str = "") -> "Dataset":
        """Keep the elements of the first whole pass in memory for all others."""
        if filename:
            raise ValueError(
                "`cache` keeps elements in memory and writes no file: leave out "
                f"`filename`, got {filename!r}."
            )
        kept: list[list[Any]] = []

        def start(number: int) -> Iterator[Any]:
            if not kept:
                made = []
                for element in self.epoch(number):
                    made.append(element)
                    yield element
                kept.append(made)
            else:
                yield from kept[0]

        return self._next(start)

    def prefetch(self, buffer_size: Any = None) -> "Dataset":
        """Return the data set itself: `fit` asks for batches ahead anyway."""
        return self

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,
    ) -> "Dataset":
        """Return the elements in another order, drawn from a buffer.

        Args:
            buffer_size: how many elements wait; all of them for a thorough shuffle.
            seed: of the order; default: drawn from NumPy's generator.
            reshuffle_each_iteration: whether each pass has an order of its own.
        """
        _at_least("buffer_size", buffer_size, 1)
        first = _seed(seed)

        def start(number: int) -> Iterator[Any]:
            draw = np.random.default_rng((first, number * reshuffle_each_iteration))
            waiting: list[Any] = []
            for element in self.epoch(number):
                if len(waiting) < buffer_size:
                    waiting.append(element)
                    continue
                place = int(draw.integers(buffer_size))
                waiting[place], element = element, waiting[place]
                yield element
            draw.shuffle(waiting)
            yield from waiting

        return self._next(start)

    def take(self, count: int) -> "Dataset":
        """Return the first elements, all for -1."""
        return self if count == -1 else self._part(0, _at_least("count", count, 0))

    def skip(self, count: int) -> "Dataset":
        """Return the elements after the first ones, none for -1."""
        if count == -1:
            return self.take(0)
        return self._part(_at_least("count", count, 0), None)

    def _part(self, begin: int, end: int | None) -> "Dataset":
        count = None if self.count is None else max(self.count - begin, 0)
        if end is not None and count is not None:
            count = min(count, end)
        return self._next(
            lambda number: itertools.islice(self.epoch(number), begin, end), count=count
        )

    def repeat(self, count: int | None = None) -> "Dataset":
        """Return the elements several times over; None or -1: without an end."""
        times = None if count in (None, -1) else _at_least("count", count, 0)

        def start(number: int) -> Iterator[Any]:
            if times is None:
                for again in itertools.count():
                    yield from self.epoch(again)
            for again in range(times or 0):
                yield from self.epoch(number * (times or 0) + again)

        one = self.count
        total = math.inf if times is None else None if one is None else one * times
        return self._next(start, count=total if self.count != 0 else 0)

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
    ) -> "Dataset":
        """Return batches of elements, stacked along a new first axis.

        Args:
            batch_size: elements of a batch.
            drop_remainder: leave out the last batch if it is smaller.
            num_parallel_calls, deterministic: for scripts' sake.
        """
        size = _at_least("batch_size", batch_size, 1)

        def start(number: int) -> Iterator[Any]:
            elements = self.epoch(number)
            while chunk := list(itertools.islice(elements, size)):
                if len(chunk) == size or not drop_remainder:
                    yield tree.map_structure(_stacked, *chunk)

        count = self.count
        if count is not None and count != math.inf:
            count = int(count) // size if drop_remainder else -(-int(count) // size)
        return self._next(start, count=count, batch_size=size)

    def unbatch(self) -> "Dataset":
        """Return the samples of each batch one by one."""

        def start(number: int) -> Iterator[Any]:
            for element in self.epoch(number):
                for row in range(len(tree.flatten(element)[0])):
                    yield tree.map_structure(lambda a, row=row: a[row], element)

        return self._next(start, count=None, batch_size=None)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator of the elements, whose leaves are NumPy arrays."""
        return (tree.map_structure(np.asarray, element) for element in self)


def _at_least(name: str, value: Any, least: int) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"`{name}` must be an integer of at least {least}, got {value!r}."
        )
    return int(value)


def _seed(seed: int | None) -> int:
    """Return the seed; the default comes from the generator that users seed."""
    return int(np.random.randint(10**6)) if seed is None else _at_least("seed", seed, 0)


def _stacked(*leaves: Any) -> np.ndarray:
    if isinstance(leaves[0], (str, bytes)):
        return np.array(leaves, object)
    return np.stack([np.asarray(leaf) for leaf in leaves])


class _Pass(PyDataset):
    """The batches of one pass: some rows after others, in an order."""

    def __init__(
        self, read: Callable[[Any], Any], order: Any, size: int, workers: int
    ) -> None:
        super().__init__(workers, max_queue_size=workers + 1)
        self.read, self.order, self.size = read, order, size

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> Any:
        return self.read(self.order[index * self.size : (index + 1) * self.size])


def from_rows(
    read: Callable[[np.ndarray], Any],
    rows: int,
    batch_size: int | None,
    shuffle: bool = False,
    seed: int | None = None,
    workers: int = 1,
    **about: Any,
) -> Dataset:
    """Return the data set whose batches a function makes of the numbers of rows.

    Args:
        read: `read(numbers)` returns the batch of those rows.
        rows: how many rows there are.
        batch_size: rows of a batch; None: the elements are single rows.
        shuffle: whether each pass takes the rows in an order of its own.
        seed: of the order; default: drawn from NumPy's generator.
        workers: threads that read; 1: the one that goes through the data set.
        about: attributes of the data set.

    Example:
        >>> from kerasish.data import from_rows
        >>> [x.tolist() for x in from_rows(lambda numbers: numbers * 10, 3, 2)]
        [[0, 10], [20]]
    """
    size = 1 if batch_size is None else _at_least("batch_size", batch_size, 1)
    first = _seed(seed) if shuffle else 0

    def start(number: int) -> Iterator[Any]:
        order = np.arange(rows)
        if shuffle:
            order = epoch_orders(first, number, 1, rows)[0]
        made = _Pass(read, order, size, workers)
        fetcher = Fetcher(made)
        try:
            for batch in fetcher.batches(range(len(made))):
                if batch_size is None:
                    batch = tree.map_structure(lambda a: a[0], batch)
                yield batch
        finally:
            fetcher.close()

    return Dataset(start, -(-rows // size), batch_size, **about)
