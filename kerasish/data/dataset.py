"""Data sets that make their batches on demand, by workers if wanted."""

import itertools
import pickle
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

__all__ = ["Fetcher", "PyDataset"]


class PyDataset:
    """Base of data sets that make one batch at a time.

    Define `__getitem__(index)`, which returns the batch `(x,)`, `(x, y)` or
    `(x, y, sample_weight)`, and `__len__`, the number of batches, or `num_batches`
    as None for an endless one.

    Args:
        workers: how many threads or processes make batches; up to 1 thread means that
            the training thread itself does.
        use_multiprocessing: take processes. They are started anew (`spawn`), so the
            data set must be picklable and a script needs `if __name__ == "__main__":`.
        max_queue_size: how many batches may be made in advance.

    Example:
        >>> class Squares(keras.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         return np.array([[index]]), np.array([[index ** 2]])
        >>> [int(y[0, 0]) for x, y in Squares()]
        [0, 1, 4]
    """

    # For classes that do not call `super().__init__()`.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(
        self,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ) -> None:
        for name, value, least in (
            ("workers", workers, 0),
            ("max_queue_size", max_queue_size, 1),
        ):
            if not isinstance(value, int) or value < least:
                raise ValueError(
                    f"`{name}` of `{type(self).__name__}` must be an integer of at "
                    f"least {least}, not {value!r}."
                )
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return the batch of that number."""
        raise NotImplementedError(
            f"`{type(self).__name__}` must define `__getitem__(self, index)`, which "
            "returns a batch `(x, y)`."
        )

    @property
    def num_batches(self) -> int | None:
        """The number of batches, None if there is no end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"`{type(self).__name__}` must define `__len__` (the number of batches) or "
            "`num_batches` (None for an endless data set)."
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Run at the start of each epoch."""

    def on_epoch_end(self) -> None:
        """Run at the end of each epoch."""


_held: dict[str, PyDataset] = {}  # in a worker process: the data set's last state


def _fetch(path: str, index: int) -> Any:
    """Return a batch, in a worker process."""
    if path not in _held:
        _held.clear()
        _held[path] = pickle.loads(Path(path).read_bytes())
    return _held[path][index]


class Fetcher:
    """Takes the batches of a data set in a given order, in advance by its workers.

    An exception in a worker comes out where its batch is due, with its own trace.

    Args:
        dataset: the data set, which says how many workers there are.
    """

    def __init__(self, dataset: PyDataset) -> None:
        self.dataset = dataset
        self._pool: Executor | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._shared = 0  # states written for the processes

    def batches(self, indices: Iterable[int]) -> Iterator[Any]:
        """Yield the batches of those numbers, in that order."""
        workers = self.dataset.workers
        if workers == 0 or (workers == 1 and not self.dataset.use_multiprocessing):
            for index in indices:
                yield self.dataset[index]
            return
        submit = self._ready()
        waiting: deque[Any] = deque()
        try:
            for index in indices:
                waiting.append(submit(index))
                if len(waiting) >= max(self.dataset.max_queue_size, 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                f"A worker process of `{type(self.dataset).__name__}` died. A script "
                "that uses `use_multiprocessing=True` must start its work below `if "
                '__name__ == "__main__":`; `use_multiprocessing=False` takes threads.'
            ) from error
        finally:
            for future in waiting:
                future.cancel()

    def _ready(self) -> Any:
        """Start the workers if need be; return the function that gives them work."""
        dataset = self.dataset
        if not dataset.use_multiprocessing:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(dataset.workers)
            pool = self._pool
            return lambda index: pool.submit(dataset.__getitem__, index)
        if self._pool is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kerasish-")
            # Never a fork: JAX has threads, and a forked copy of them hangs.
            self._pool = ProcessPoolExecutor(dataset.workers, get_context("spawn"))
        path, pool = self._share(), self._pool
        return lambda index: pool.submit(_fetch, path, index)

    def _share(self) -> str:
        """Write the data set where the processes find it; again if epochs change it."""
        assert self._folder is not None
        kind = type(self.dataset)
        changes = (kind.on_epoch_begin, kind.on_epoch_end) != (
            PyDataset.on_epoch_begin,
            PyDataset.on_epoch_end,
        )
        if self._shared == 0 or changes:
            self._shared += 1
            try:
                content = pickle.dumps(self.dataset, pickle.HIGHEST_PROTOCOL)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                raise TypeError(
                    f"`{kind.__name__}` cannot be sent to worker processes: {error}. "
                    "Define its class in a module and keep open files and lambdas out "
                    "of it, or take threads (`use_multiprocessing=False`)."
                ) from error
            (Path(self._folder.name) / f"{self._shared}").write_bytes(content)
        return str(Path(self._folder.name) / f"{self._shared}")

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder, self._shared = None, 0
