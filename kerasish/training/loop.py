"""The loop around compiled programs: epochs, callbacks, pace, batches from streams."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import backend, tree
from ..callbacks import CallbackList
from ..callbacks.logs import LazyLogs
from ..data import ArrayData, BatchStream, epoch_orders
from ..data.streaming import is_large, own_copy
from .program import EagerProgram, Program
from .replay import Replay, by_epoch

__all__ = ["Pace", "Runner", "fetch", "resident", "to_device"]

# A dispatch should last this long: short enough for a live bar and a prompt Ctrl-C.
BUDGET = 0.1
# Orders and logs of several epochs are passed in one array of at most so many entries.
MOST_ENTRIES = 2**17
MOST_EPOCHS = 4096
# Batches of a stream that may wait for the device, if they wait longer than so: looking
# for each whether it is done would cost more than a small step.
IN_FLIGHT, PATIENCE = 2, 0.01
WORTH_COMPILING = 2000  # starts of a program cost as much as to compile another
MOST_STEPS = 4096  # that one dispatch may take ahead of callbacks for each


class Pace:
    """How many units of work fit into one dispatch, from the time of earlier ones."""

    def __init__(self) -> None:
        self.seconds: float | None = None  # per unit
        self._last = 1

    def units(self, left: int) -> int:
        """Return how many of the units that are left to run next."""
        if self.seconds is None:
            wanted = 1.0
        else:
            # Grow step by step: the first times are mostly overhead.
            wanted = min(BUDGET / max(self.seconds, 1e-9), self._last * 16.0)
        self._last = max(1, min(int(wanted), left))
        return self._last

    def ran(self, units: int, seconds: float) -> None:
        """Tell how long some units took."""
        self.seconds = seconds / units


def to_device(batch: Any) -> Any:
    """Return the arrays of a batch or data set on the device."""
    return tree.map_structure(
        lambda a: None if a is None else backend.asarray(a), batch
    )


def resident(data: Any) -> Any:
    """Return the arrays of `ArrayData` on the device; None for other and large data."""
    if not isinstance(data, ArrayData) or is_large(data.arrays):
        return None
    return to_device(data.arrays)


def fetch(logs: Any, epoch: int = 0) -> dict[str, Any]:
    """Return one epoch's logs as Python floats (arrays where a metric has several)."""
    return {key: _value(x, epoch) for key, x in logs.items()}


def _value(x: Any, epoch: int) -> Any:
    if isinstance(x, dict):
        return fetch(x, epoch)
    one = np.asarray(x)[epoch]
    return float(one) if one.ndim == 0 else one


class Runner:
    """Runs one kind of step (`"train"` or `"test"`) over data.

    Args:
        programs: `programs(rows, batch_size, most_epochs, by_step, check)` -> the
            compiled program.
        callbacks: told of batches and progress.
        kind: `"train"` or `"test"`.
        stopped: whether to stop, asked after each dispatch.
        paces: what is known of programs' speed already, by their identities.
    """

    def __init__(
        self,
        programs: Callable[..., Program],
        callbacks: CallbackList,
        kind: str,
        stopped: Callable[[], bool] = lambda: False,
        paces: dict[int, tuple[Pace, Pace]] | None = None,
    ) -> None:
        self.programs, self.callbacks, self.stopped = programs, callbacks, stopped
        self._begin_batch = getattr(callbacks, f"on_{kind}_batch_begin")
        self._end_batch = getattr(callbacks, f"on_{kind}_batch_end")
        self._each_batch = getattr(callbacks, f"needs_{kind}_batches")
        self._trains = kind == "train"
        self._paces = {} if paces is None else paces
        self._checked: Any = None
        # Orders of the rows on the device: of which epochs, and how many.
        self._ordered: tuple[range, int, Any] = range(0), 0, None
        self._planned: tuple[Program, Replay | None] | None = None
        self.first = 0  # step at which an epoch begins; another where it is resumed

    def most_epochs(self, rows: int) -> int:
        """Return how many epochs one dispatch may take.

        A function of the data alone, so that another `fit` meets the same program.
        """
        return max(1, min(MOST_EPOCHS, MOST_ENTRIES // rows))

    def check(self, data: ArrayData, arrays: Any) -> None:
        """Evaluate on these data as a part of each epoch that is run.

        Args:
            data: to validate on.
            arrays: theirs, on the device.
        """
        self._checked = arrays
        sizes = data.rows, min(data.batch_size, data.rows)
        self.programs = partial(self.programs, check=sizes)

    def epoch(
        self, data: Any, arrays: Any, number: int, most: int = 1, left: int = 1
    ) -> Any:
        """Run one epoch; return its logs, a function of nothing that fetches them.

        Args:
            data: `ArrayData` or a `BatchStream`.
            arrays: the former's arrays on the device; None if they are too large.
            number: which epoch, for the order of the rows.
            most: for how many epochs at once the program is made.
            left: epochs to come, with this one, if only callbacks run between them.
        """
        if isinstance(data, BatchStream):
            return self._stream_epoch(data.epoch(self.first))
        if arrays is None:
            return self._stream_epoch(data.batches(number, self.first))
        program, replay = self._plan(data, most, left)
        if replay is not None and (self._each_batch or not self.first):
            return self._replayed_epoch(replay, data, arrays, number, left)
        pace = self._pace(program)[0]
        ordered = self._orders(data, number, 1, most, left)
        step, logs = self.first, None
        while step < program.steps and not (logs is not None and self.stopped()):
            count = 1 if self._each_batch else pace.units(program.steps - step)
            count = program.steps - step if program.check else count
            if self._each_batch:
                self._begin_batch(step)
            logs = self._timed(
                program,
                pace,
                count,
                not self._each_batch,
                data=arrays,
                **ordered,
                start=step,
                stop=step + count,
                reset=step == 0,
                checked=self._checked,
            )
            step += count
            self._tell(step, LazyLogs(partial(fetch, logs)))
        return partial(fetch, logs)

    def _replayed_epoch(
        self, replay: Replay, data: ArrayData, arrays: Any, number: int, left: int
    ) -> Any:
        program, steps, most = replay.program, data.steps, replay.program.most_epochs

        def ahead(step: int, first: int, count: int) -> Any:
            if not program.by_step:
                epoch, begin = number + first, left - first
                ordered = self._orders(data, epoch, count, most, begin)
                return program.run(
                    arrays, **ordered, epochs=count, checked=self._checked
                )
            epoch, start = divmod(step + first, steps)
            epochs = -(-(start + count) // steps)
            room = 1 + -(-most // steps)  # the first and the last may not be whole
            ordered = self._orders(data, number + epoch, epochs, room, left - epoch)
            return program.run(arrays, **ordered, epochs=count, start=start)

        if not self._each_batch:
            logs = replay.next(left, partial(ahead, 0))
            self.callbacks.progress(steps, logs)
            return lambda: logs
        for step in range(self.first, steps):
            if step > self.first and self.stopped():
                break
            self._begin_batch(step)
            logs = replay.next(left * steps - step, partial(ahead, step))
            self._tell(step + 1, logs)
        return lambda: logs

    def _plan(
        self, data: ArrayData, most: int, left: int
    ) -> tuple[Program, Replay | None]:
        """Return the program for an epoch, and how to run ahead of the callbacks."""
        if self._planned is None:
            size = min(data.batch_size, data.rows)
            program, by_step = self.programs(data.rows, size, most), self._each_batch
            eager = isinstance(program, EagerProgram)
            able = self._trains and not program.donates and not eager
            units = left * program.steps / WORTH_COMPILING if by_step else left
            replay = None
            if able and units > 1 < most:
                many = min(MOST_STEPS, most * program.steps) if by_step else most
                used = self.programs(data.rows, size, many, by_step)
                replay = Replay(used)
            self._planned = program, replay
        return self._planned

    def close(self) -> None:
        """Give the variables the values of the last epoch that was told."""
        if self._planned and self._planned[1]:
            self._planned[1].settle()

    def epochs(
        self, data: ArrayData, arrays: Any, first: int, left: int, most: int
    ) -> Any:
        """Run as many whole epochs as one dispatch may take.

        Returns:
            `(how many, logs: lists with a float for each epoch)`.
        """
        size = min(data.batch_size, data.rows)
        program = self.programs(data.rows, size, most)
        steps, pace = self._pace(program)
        if pace.seconds is None and steps.seconds is not None:
            pace.seconds = steps.seconds * program.steps
        count = min(pace.units(left), most)
        how = self._orders(data, first, count, most, left)
        how |= {"epochs": count, "checked": self._checked}
        logs = self._timed(program, pace, count, True, data=arrays, **how)
        return count, by_epoch(logs, count)

    def _pace(self, program: Program) -> tuple[Pace, Pace]:
        return self._paces.setdefault(id(program), (Pace(), Pace()))

    def _timed(
        self, program: Program, pace: Pace, units: int, wait: bool, **how: Any
    ) -> Any:
        compiled = program.runs > 0
        begin = time.perf_counter()
        logs = program.run(**how)
        if wait:
            backend.block(logs)
            if compiled:
                pace.ran(units, time.perf_counter() - begin)
        return logs

    def _orders(
        self, data: ArrayData, first: int, count: int, room: int, left: int
    ) -> dict[str, Any]:
        """Give a program the orders of the rows in some epochs.

        Args:
            data: whose rows.
            first, count: which epochs.
            room: number of epochs in the array that is sent, the same for all calls.
            left: epochs to come: what fits of them is sent along.
        """
        if not data.shuffle or data.rows <= data.batch_size:
            return {"orders": None}  # one batch: the order within it does not matter
        known, length, orders = self._ordered
        if length != room or first not in known or first + count - 1 not in known:
            known = range(first, first + max(count, min(left, room)))
            some = np.zeros((room, data.rows), np.int32)
            some[: len(known)] = epoch_orders(data.seed, first, len(known), data.rows)
            orders = backend.asarray(some)
            self._ordered = known, room, orders
        return {"orders": orders, "origin": first - known.start}

    def _stream_epoch(self, source: Iterator[Any]) -> Any:
        waiting: list[Any] = []
        due, logs = 0.0, None
        for step, batch in enumerate(source, self.first):
            arrays = own_copy(batch)
            rows = len(tree.flatten(arrays[0])[0])
            program = self.programs(rows, rows, 1)
            if self._each_batch:
                self._begin_batch(step)
            logs = program.run(arrays, reset=step == 0)
            waiting.append(logs)
            if len(waiting) > IN_FLIGHT and time.perf_counter() > due:
                backend.block(waiting[-1 - IN_FLIGHT])
                waiting = waiting[-IN_FLIGHT:]
                due = time.perf_counter() + PATIENCE
            self._tell(step + 1, LazyLogs(partial(fetch, logs)))
            if self.stopped():
                break
        if logs is None:
            return dict
        return partial(fetch, logs)

    def _tell(self, step: int, logs: Any) -> None:
        if self._each_batch:
            self._end_batch(step - 1, logs)
        self.callbacks.progress(step, logs)
