"""Runs of steps as one compiled program.

A `Program` repeats a step (training or evaluation, ordinary mutable code) over batches
of arrays that stay on the device. How many steps and epochs one call runs is an
argument, so one compilation serves a single step for a callback, a piece of an epoch
for the progress bar, or thousands of epochs at once.
"""

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any

from .. import backend, tree
from ..variable import Variable, functional
from .sharing import compiled

__all__ = ["Program", "StepFunction"]

StepFunction = Callable[[Any], Any]

BLOCK = 32  # epochs of an inner loop
SMALL_STATE = 2**20  # bytes that may exist twice, before and after a run


class Program:
    """A step, repeated over batches, compiled.

    Args:
        step: `step(batch) -> logs`; reads and assigns variables.
        results: `results() -> logs` from the metrics' variables, at the end of a run.
        reset: sets the metrics' variables to their first values.
        changing: variables that may change.
        fixed: variables that are only read.
        metrics: those of `changing` that `reset` touches.
        make: what the step depends on besides its variables, see `sharing`.
        own_logs: whether the logs are those that `step` returns, not `results()`.
        rows: rows of the data; the last `rows % batch_size` are a shorter batch.
        batch_size: rows of a batch.
        most_epochs: how many epochs one call can run at most.
        by_step: whether a run is counted in steps, with logs of each, and not in
            epochs; it may then cross the ends of epochs. "Epochs" below are steps then.
        check: evaluates after each whole epoch, on data of its own; made of the same
            variables. Its logs join those of the epoch as `val_...`.
    """

    def __init__(
        self,
        step: StepFunction,
        results: Callable[[], Any],
        reset: Callable[[], None],
        changing: Sequence[Variable],
        fixed: Sequence[Variable],
        metrics: Sequence[Variable],
        make: Hashable | None,
        own_logs: bool,
        rows: int,
        batch_size: int,
        most_epochs: int = 1,
        by_step: bool = False,
        check: "Program | None" = None,
    ) -> None:
        # Other threads may hold the values of ambient variables: these come last and
        # are not overwritten.
        self.changing, self.fixed = (
            sorted(changing, key=attrgetter("ambient")),
            list(fixed),
        )
        self._own = sum(not v.ambient for v in self.changing)
        self.batch_size, self.rows = batch_size, rows
        self.full, self.rest = divmod(rows, batch_size)
        self.steps = self.full + bool(self.rest)
        self.most_epochs, self.own_logs, self.by_step = most_epochs, own_logs, by_step
        self.runs = 0
        known = [*self.changing, *self.fixed]
        places = {id(v): i for i, v in enumerate(self.changing)}
        self._metric_places = [places[id(v)] for v in metrics if id(v) in places]
        self._plain = step, results, reset
        self._step = functional(step, known)
        self._results = functional(results, known)
        self._reset = functional(reset, known)
        if make is not None:
            sizes = batch_size, rows, most_epochs, own_logs, by_step
            make = (make, *sizes, check and (check.batch_size, check.rows))
        self.check = check
        self.donates = sum(v.size for v in self.changing) * 4 > SMALL_STATE
        self._compiled = compiled(make, donate=(0,) if self.donates else ())

    def run(
        self,
        data: Any,
        orders: Any = None,
        epochs: int = 1,
        start: int = 0,
        stop: int | None = None,
        reset: bool = True,
        checked: Any = None,
        origin: int = 0,
    ) -> Any:
        """Run and write the variables back, without waiting for the result.

        Args:
            data: tree of arrays with `rows` rows.
            orders: permutations of the rows for each epoch, or None.
            epochs: how many epochs; more than 1 only for whole ones.
            start: first step of an epoch.
            stop: step to stop before; None for all.
            reset: whether the metrics begin anew.
            checked: the data of `check`; only whole epochs can be run then.
            origin: which of the orders is the first epoch's.

        Returns:
            Logs: a tree of arrays whose first axis counts epochs (most_epochs long).
        """
        stop = self.steps if stop is None else stop
        tail = int(self.rest > 0 and stop == self.steps)
        own = self.changing[: self._own]
        state = [v.private() if self.donates else v._value for v in own]
        others = [v._value for v in (*self.changing[self._own :], *self.fixed)]
        new, logs = self._compiled(
            self._run,
            *(state, others, data, orders, epochs, start, stop - tail, tail, reset),
            *(checked, origin),
        )
        for variable, value in zip(self.changing, new):
            variable.replace(value)
        self.runs += 1
        return logs

    def _run(
        self,
        state: list[Any],
        others: list[Any],
        data: Any,
        orders: Any,
        epochs: Any,
        start: Any,
        stop: Any,
        tail: Any,
        reset: Any,
        checked: Any,
        origin: Any,
    ) -> tuple[list[Any], Any]:
        count, own = len(self.changing), self._own
        state, fixed = [*state, *others[: count - own]], others[count - own :]

        def call(pure: Any, state: list[Any], *args: Any) -> tuple[Any, list[Any]]:
            result, new = pure([*state, *fixed], *args)
            return result, new[:count]

        def unit(u: Any, carry: Any) -> Any:
            state, logs = carry
            e, begins = u, backend.xp.logical_or(reset, u > 0)
            bounds = (start, stop, tail)
            if self.by_step:
                e, i = (start + u) // self.steps, (start + u) % self.steps
                full = backend.cast(i < self.full, "int32")
                begins, bounds = i == 0, (i, i + full, 1 - full)
            order = None if orders is None else orders[origin + e]
            own = {key: logs[key] for key in names}
            state, logs = self._part(call, (state, own), data, order, bounds, begins)
            if self.check is not None:
                state, found = self.check._once(call, state, checked)
                logs = {**logs, **_named_for_validation(found)}
            return state, logs

        logs = self._empty_logs(call, state, data, orders)
        names = [*logs]
        if self.most_epochs == 1:
            state, logs = unit(0, (state, logs))
            return state, tree.map_structure(lambda x: x[None], logs)
        if self.check is not None:
            found = self.check._empty_logs(call, state, checked, None)
            logs = {**logs, **_named_for_validation(found)}
        return _kept_loop(self.most_epochs, epochs, unit, (state, logs))

    def _once(self, call: Any, state: Any, data: Any) -> tuple[Any, Any]:
        """Run one whole epoch as a part of another program."""
        empty = self._empty_logs(call, state, data, None)
        bounds = 0, self.full, int(self.rest > 0)
        return self._part(call, (state, empty), data, None, bounds, True)

    def _part(
        self, call: Any, carry: Any, data: Any, order: Any, bounds: Any, begins: Any
    ) -> tuple[Any, Any]:
        """Run a part of an epoch; return the state and the logs up to there."""
        state = self._begin(call, carry[0], begins)
        state, logs = self._steps(call, (state, carry[1]), data, order, bounds)
        if not self.own_logs:
            logs, state = call(self._results, state)
            logs = _arrays(logs)
        return state, logs

    def _steps(self, call: Any, carry: Any, data: Any, order: Any, bounds: Any) -> Any:
        """Run the full batches from `start` to `stop`, and the short one if `tail`."""
        start, stop, tail = bounds

        def full(i: Any, carry: Any) -> Any:
            batch = rows_of(data, i * self.batch_size, self.batch_size, order)
            return self._advance(call, carry, batch)

        def short(_: Any, carry: Any) -> Any:
            batch = rows_of(data, self.full * self.batch_size, self.rest, order)
            return self._advance(call, carry, batch)

        if self.full == 1 and not self.rest:
            carry = full(0, carry)
        elif self.full:
            carry = backend.fori_loop(start, stop, full, carry)
        if self.rest:
            carry = backend.fori_loop(0, tail, short, carry)
        return carry

    def _advance(self, call: Any, carry: Any, batch: Any) -> Any:
        state, _ = carry
        logs, state = call(self._step, state, batch)
        return state, (_arrays(logs) if self.own_logs else carry[1])

    def _begin(self, call: Any, state: list[Any], reset: Any) -> list[Any]:
        """Metrics at their first values where `reset` holds."""
        _, fresh = call(self._reset, state)
        state = list(state)
        for i in self._metric_places:
            state[i] = backend.xp.where(reset, fresh[i], state[i])
        return state

    def _empty_logs(self, call: Any, state: Any, data: Any, orders: Any) -> Any:
        """Zeros in the shape of the logs, to be replaced."""
        if self.own_logs:
            size = self.batch_size if self.full else self.rest
            order = None if orders is None else orders[0]
            logs, _ = call(self._step, state, rows_of(data, 0, size, order))
        else:
            logs, _ = call(self._results, state)
        return tree.map_structure(backend.xp.zeros_like, _arrays(logs))


def _kept_loop(most: int, count: Any, body: Any, carry: Any) -> tuple[Any, Any]:
    """Run `body(i, (state, logs)) -> (state, logs)` `count` times; keep all the logs.

    The loop is nested: XLA:CPU compiles an inner loop that touches little memory as one
    function, 7 times faster for tiny models, and its logs must be few for that.
    """
    state, empty = carry

    def room(length: int) -> Any:
        return tree.map_structure(
            lambda x: backend.xp.zeros((length, *x.shape), x.dtype), empty
        )

    def put(kept: Any, i: Any, logs: Any) -> Any:
        return tree.map_structure(
            lambda all_, one: backend.index_update(all_, i, one), kept, logs
        )

    size = min(BLOCK, most)

    def block(b: Any, carry: Any) -> Any:
        def inner(i: Any, carry: Any) -> Any:
            state, logs, kept = carry
            state, logs = body(b * size + i, (state, logs))
            return state, logs, put(kept, i, logs)

        state, logs, kept = carry
        left = backend.xp.minimum(size, count - b * size)
        state, logs, some = backend.fori_loop(0, left, inner, (state, logs, room(size)))
        return state, logs, put(kept, b, some)

    blocks = -(-most // size)
    kept = tree.map_structure(
        lambda x: backend.xp.zeros((blocks, size, *x.shape), x.dtype), empty
    )
    state, _, kept = backend.fori_loop(
        0, (count + size - 1) // size, block, (state, empty, kept)
    )
    flat = tree.map_structure(lambda x: x.reshape(-1, *x.shape[2:]), kept)
    return state, flat


def rows_of(data: Any, first: Any, size: int, order: Any) -> Any:
    """Return `size` rows of each array, from `first` on, in the given order."""
    return tree.map_structure(
        lambda a: None if a is None else backend.take_rows(a, first, size, order), data
    )


def _arrays(logs: Any) -> Any:
    def array(x: Any) -> Any:
        return backend.asarray(x.value if isinstance(x, Variable) else x)

    return tree.map_structure(array, logs)


def _named_for_validation(logs: dict[str, Any]) -> dict[str, Any]:
    """Put `val_` before each name; of nested logs the innermost names count."""
    return {
        f"val_{key}": _named_for_validation(x) if isinstance(x, dict) else x
        for key, x in logs.items()
    }


class EagerProgram(Program):
    """The same, step by step in Python: for debugging, with `run_eagerly=True`."""

    def run(
        self,
        data: Any,
        orders: Any = None,
        epochs: int = 1,
        start: int = 0,
        stop: int | None = None,
        reset: bool = True,
        checked: Any = None,
        origin: int = 0,
    ) -> Any:
        """Run and write the variables back; there is no `check`."""
        stop = self.steps if stop is None else stop
        kept: list[Any] = []
        for epoch in range(epochs):
            if reset or epoch:
                self._plain[2]()
            order = None if orders is None else orders[origin + epoch]
            logs: Any = {}
            for i in range(start, stop):
                size = self.batch_size if i < self.full else self.rest
                logs = self._plain[0](rows_of(data, i * self.batch_size, size, order))
            kept.append(_arrays(logs if self.own_logs else self._plain[1]()))
        self.runs += 1
        return tree.map_structure(lambda *rows: backend.xp.stack(rows), *kept)
