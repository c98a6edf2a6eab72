"""Two kinds of data for the training loop: arrays, or an iterator of batches."""

import itertools
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import tree
from .arrays import check_rows, to_arrays
from .batches import Dataset
from .dataset import Fetcher, PyDataset
from .shuffle import epoch_orders
from .split import unpack_x_y_sample_weight
from .texts import HostData
from .weights import weigh_classes

__all__ = ["ArrayData", "Batch", "BatchStream", "adapt", "is_source"]

BATCH_SIZE = 32
NO_SOURCES = (list, tuple, Mapping, str, bytes, np.ndarray, range, Set)
Batch = tuple[Any, Any, Any]  # x, y, sample_weight: structures of arrays or None


@dataclass(frozen=True, eq=False)
class ArrayData:
    """Data held in arrays whose first axis counts the samples.

    Attributes:
        x, y, sample_weight: structures of arrays; None for what is not there.
        rows: number of samples.
        batch_size: samples of a batch; the last of an epoch may be smaller.
        shuffle: whether each epoch takes the rows in an order of its own.
        seed: with the epoch it makes the order, see `epoch_orders`.
    """

    x: Any
    y: Any
    sample_weight: Any
    rows: int
    batch_size: int
    shuffle: bool
    seed: int

    @property
    def steps(self) -> int:
        """Number of batches of an epoch."""
        return -(-self.rows // self.batch_size)

    @property
    def arrays(self) -> Batch:
        """The tuple of inputs, targets and weights, of all samples."""
        return self.x, self.y, self.sample_weight

    def take(self, rows: Any) -> Batch:
        """Return the batch of some rows, given as a slice or an array of numbers."""
        return tree.map_structure(
            lambda a: None if a is None else a[rows], self.arrays, none_is_leaf=True
        )

    def order(self, epoch: int) -> np.ndarray:
        """Return in which order an epoch takes the rows, int32 of shape `(rows,)`."""
        if self.shuffle:
            return epoch_orders(self.seed, epoch, 1, self.rows)[0]
        return np.arange(self.rows, dtype=np.int32)

    def at(self, seed: int, epoch: int, step: int, resumed: bool) -> "ArrayData":
        """Return the data with another seed; epochs are asked for by their numbers."""
        return replace(self, seed=seed)

    def batches(self, epoch: int = 0, step: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from a step on."""
        order = self.order(epoch)
        for start in range(step * self.batch_size, self.rows, self.batch_size):
            if self.shuffle:
                yield self.take(order[start : start + self.batch_size])
            else:
                yield self.take(slice(start, start + self.batch_size))


class BatchStream:
    """Data that come in batches, from a generator, a data set or a loader.

    Args:
        start: called with 0, 1, ... for each pass over the data, and with the seed;
            returns an iterator of batches.
        num_batches: batches of a pass, None if not known.
        steps: batches of an epoch that the user asked for, None for one whole pass.
        one_shot: whether there is only one pass.
        on_epoch_begin, on_epoch_end: called around each epoch.
        on_close: called by `close`.
        seed: of the order of each pass; None if `start` does not shuffle.
    """

    def __init__(
        self,
        start: Callable[[int, int | None], Iterator[Batch]],
        num_batches: int | None = None,
        steps: int | None = None,
        one_shot: bool = False,
        on_epoch_begin: Callable[[], None] | None = None,
        on_epoch_end: Callable[[], None] | None = None,
        on_close: Callable[[], None] | None = None,
        seed: int | None = None,
    ) -> None:
        self._start, self._seed = start, seed
        self.num_batches = num_batches
        self.one_shot = one_shot
        self._wanted = steps
        self._hooks = on_epoch_begin, on_epoch_end, on_close
        self._current: Iterator[Batch] | None = None
        self._passes = self._taken = 0  # passes begun, batches taken of the last
        self._peeked: list[Batch] = []
        self._begun = False  # `on_epoch_begin` was called for the coming epoch
        self.exhausted = False

    @property
    def steps(self) -> int | None:
        """Batches of an epoch, None if not known before its end."""
        return self.num_batches if self._wanted is None else self._wanted

    def peek(self) -> Batch:
        """Return the first batch; the next epoch begins with it all the same."""
        if not self._peeked:
            self._begin()
            batch = self._next()
            if batch is None:
                raise ValueError(
                    "The data are used up: the generator yields no further batch. A "
                    "generator serves once; give a new one."
                )
            self._peeked.append(batch)
        return self._peeked[0]

    def ready(self) -> bool:
        """Say whether another epoch can begin; warn if the data ran out."""
        if not self.one_shot or self._peeked:
            return True
        batch = self._next()
        if batch is None:
            self._warn(0)
            return False
        self._peeked.append(batch)
        return True

    def at(self, seed: int, epoch: int, step: int, resumed: bool) -> "BatchStream":
        """Go where the next batch is the one at a step of an epoch.

        The user's own order begins anew, unless a training is resumed; then it goes on
        where it was. Of a generator nobody knows where it is: it serves what comes.
        """
        shuffled = self._seed is not None
        if self.one_shot or not (shuffled or resumed):
            return self
        number, ended, steps = epoch, 0, self.steps
        if steps is not None:  # a pass may be several epochs; each ends with it
            many = sys.maxsize if self.num_batches is None else self.num_batches
            number, ended = divmod(epoch, -(-many // steps))
            if not resumed and ended:  # another `fit` begins another pass
                number, ended = number + 1, 0
        known, self._seed = self._seed, seed if shuffled else None
        if (self._seed, number, ended, step) != (known, 0, 0, 0):
            self._stop()
            self._peeked.clear()
            self._passes = number
            for served in [steps or 0] * ended + [step]:
                for count in range(served):
                    self._next(count == 0)
        return self

    def epoch(self, step: int = 0) -> Iterator[Batch]:
        """Yield the batches of the next epoch, of which `step` were served already.

        With `steps` an epoch goes on where the one before stopped. If the data end
        too early there is a warning; after that, if they cannot start again,
        `exhausted` is true.
        """
        self._begin()
        count = step
        try:
            while self.steps is None or count < self.steps:
                fresh = count == 0
                batch = self._peeked.pop() if self._peeked else self._next(fresh)
                if batch is None:
                    break
                yield batch
                count += 1
        finally:  # also if the loop stops before the end
            self._begun = False
            if self._hooks[1] is not None:
                self._hooks[1]()
        if count < (self.steps or 0) or (count == 0 and self.exhausted):
            self._warn(count)

    def _warn(self, count: int) -> None:
        asked = "" if self.steps is None else f" of {self.steps}"
        warnings.warn(
            f"Your input ran out of data after {count}{asked} batches; interrupting "
            "training. Make sure that your dataset or generator can generate at least "
            "`steps_per_epoch * epochs` batches.",
            stacklevel=4,
        )

    def close(self) -> None:
        """End the pass, and the workers if there are any."""
        self._stop()
        self._peeked.clear()
        if self._hooks[2] is not None:
            self._hooks[2]()

    def _begin(self) -> None:
        if not self._begun and self._hooks[0] is not None:
            self._hooks[0]()
        self._begun = True

    def _stop(self) -> None:
        close = getattr(self._current, "close", None)
        self._current = None
        if close is not None:
            close()

    def _next(self, restart: bool = True) -> Batch | None:
        """Return the next batch, None at the end of the data."""
        if self._current is None:
            if self.exhausted or not restart:
                return None
            self._current = self._start(self._passes, self._seed)
            self._passes += 1
            self._taken = 0
        batch = next(self._current, None)
        if batch is None:
            self._stop()
            if self._taken == 0 and self._passes == 1:
                raise ValueError(
                    "The data are empty: the generator or data set must yield at "
                    "least one batch, but yields none."
                )
            self.exhausted = self.one_shot
            # The end was not known before: an epoch's first batch is the next pass's.
            retry = restart and self._taken > 0 and not self.one_shot
            return self._next() if retry else None
        self._taken += 1
        if self._taken == self.num_batches and not self.one_shot:
            self._stop()
        return batch


def adapt(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = False,
    class_weight: Any = None,
    seed: int = 0,
) -> ArrayData | BatchStream:
    """Turn what a user gives as data into `ArrayData` or a `BatchStream`.

    Args:
        x: arrays (NumPy, JAX, torch, data frames, lists of numbers, `__array__`) or
            lists and dictionaries of them; or a source of batches: generator,
            iterable, `PyDataset`, torch or Grain `DataLoader`, `tf.data.Dataset`.
        y: targets like `x`; None with a source of batches.
        sample_weight: weights like `y`; None with a source of batches.
        batch_size: samples of a batch, 32 by default; arrays only.
        steps: batches of an epoch; None: all.
        shuffle: whether arrays and the batches of a `PyDataset` are shuffled in each
            epoch; generators and loaders keep their own order.
        class_weight: see `weigh_classes`; multiplied with `sample_weight`.
        seed: of the shuffling.

    Raises:
        ValueError, TypeError: with the name of the argument that is wrong.

    Example:
        >>> from kerasish.data import adapt
        >>> data = adapt([[0, 0], [0, 1]], [0, 1], batch_size=1)
        >>> data.rows, data.steps
        (2, 2)
    """
    _check_count("steps", steps)
    if not isinstance(shuffle, (bool, np.bool_)):
        raise ValueError(f"`shuffle` must be True or False, not {shuffle!r}.")
    if is_source(x) or isinstance(x, HostData):
        given = {"y": y, "sample_weight": sample_weight, "batch_size": batch_size}
        return _stream(x, given, steps, bool(shuffle), class_weight, seed)
    _check_count("batch_size", batch_size)
    x, y = to_arrays(x, "x"), to_arrays(y, "y")
    sample_weight = _weights(sample_weight)
    rows = check_rows(x, y, sample_weight)
    if class_weight is not None:
        sample_weight = weigh_classes(y, class_weight, sample_weight)
    data = ArrayData(
        x, y, sample_weight, rows, batch_size or BATCH_SIZE, bool(shuffle), seed
    )
    if steps is None or steps == data.steps:
        return data

    def start(number: int, seed: Any) -> Iterator[Batch]:
        return (data if seed is None else replace(data, seed=seed)).batches(number)

    seeds = seed if data.shuffle else None
    return BatchStream(start, data.steps, steps, seed=seeds)


def _check_count(name: str, value: Any) -> None:
    """Check a number that must be a positive integer or None."""
    if value is None:
        return
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"`{name}` must be an integer, not {value!r}.")
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1, not {value}.")


def _weights(sample_weight: Any) -> Any:
    """Return sample weights as arrays; a data frame's column loses its second axis."""
    column = hasattr(sample_weight, "to_numpy") and not hasattr(
        sample_weight, "columns"
    )
    weights = to_arrays(sample_weight, "sample_weight")
    return weights[:, 0] if column else weights


def is_source(x: Any) -> bool:
    """Say whether `x` gives batches one after the other."""
    if isinstance(x, (PyDataset, Iterator)):
        return True
    if isinstance(x, NO_SOURCES):
        return False
    array_like = any(hasattr(x, n) for n in ("shape", "__array__", "to_numpy"))
    return isinstance(x, Iterable) and not array_like


def _stream(
    source: Any,
    given: dict[str, Any],
    steps: int | None,
    shuffle: bool,
    class_weight: Any,
    seed: int,
) -> BatchStream:
    made = to_arrays
    if isinstance(source, HostData):
        source, made = source.source, source.made
    kind = "PyDataset" if isinstance(source, PyDataset) else "generator or iterable"
    for name in ("y", "sample_weight"):
        if given[name] is not None:
            raise ValueError(
                f"When providing `x` as a {kind}, `{name}` should not be passed. "
                "Instead, it should be part of each batch: `(x, y, sample_weight)`."
            )
    if given["batch_size"] is not None:
        warnings.warn(
            f"`batch_size={given['batch_size']}` is ignored: `x` is a {kind}, which "
            "makes its own batches.",
            stacklevel=4,
        )

    def batches(raw: Iterable[Any]) -> Iterator[Batch]:
        from_generator = isinstance(source, Iterator)
        for number, batch in enumerate(raw):
            yield _standard_batch(batch, number, from_generator, class_weight, made)

    if isinstance(source, Dataset):
        return _dataset(source, batches, steps, seed)
    if not isinstance(source, PyDataset):
        count = _length(source)
        once = isinstance(source, Iterator)
        return BatchStream(lambda *_: batches(source), count, steps, once)
    fetcher, count = Fetcher(source), source.num_batches

    def start(number: int, seed: int | None) -> Iterator[Batch]:
        indices: Iterable[int] = itertools.count() if count is None else range(count)
        if seed is not None and count is not None:
            indices = epoch_orders(seed, number, 1, count)[0].tolist()
        return batches(fetcher.batches(indices))

    hooks = source.on_epoch_begin, source.on_epoch_end, fetcher.close
    seeds = seed if shuffle else None
    return BatchStream(start, count, steps, False, *hooks, seed=seeds)


def _dataset(
    source: Dataset, batches: Callable[[Any], Any], steps: int | None, seed: int
) -> BatchStream:
    if source.count == math.inf and steps is None:
        raise ValueError(
            "The data set has no end (`repeat`), so say how many batches make an "
            "epoch: `steps_per_epoch`, `validation_steps` or `steps`."
        )
    count = None if source.count in (None, math.inf) else len(source)
    # With a seed the passes are those of the model's epochs, also when it goes on.
    return BatchStream(lambda n, _: batches(source.epoch(n)), count, steps, seed=seed)


def _length(source: Any) -> int | None:
    """Return how many batches there are; None if nobody knows, or they never end."""
    try:
        return len(source)
    except TypeError:  # also where loaders have a length only for some data
        return None


def _standard_batch(
    batch: Any,
    number: int,
    from_generator: bool,
    class_weight: Any,
    made: Callable[[Any, str], Any],
) -> Batch:
    """Return a batch as three structures of arrays, checked; `made` makes `x`."""
    if from_generator and isinstance(batch, list):
        raise ValueError(
            "A generator must yield a tuple, either (inputs,) or (inputs, targets) or "
            f"(inputs, targets, sample_weights), but batch {number} is a list of "
            f"{len(batch)}: `yield x, y` makes a tuple."
        )
    try:
        x, y, weights = unpack_x_y_sample_weight(batch)
        x, y, weights = made(x, "x"), to_arrays(y, "y"), _weights(weights)
        check_rows(x, y, weights)
        if class_weight is not None:
            weights = weigh_classes(y, class_weight, weights, whole=False)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"In batch {number} of the data: {error}") from None
    return x, y, weights
