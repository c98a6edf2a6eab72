"""Forward passes, compiled: what `predict` runs, and what calling a model runs."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import config, tree
from ..callbacks import CallbackList
from ..callbacks.logs import LazyLogs
from ..data import ArrayData
from ..data.feed import BATCH_SIZE
from ..layers.owner import Contents, unique
from ..masks import get_mask, set_mask
from ..random import default_generator
from ..variable import functional
from .loop import to_device
from .rows import holds_arrays, kind_of, padded, rows_are_apart
from .sharing import compiled, make_of
from .step_function import step_function

__all__ = ["Forwards"]

IN_FLIGHT = 4  # results that may wait on the device
PROBE = 32  # batches after which it is known how quick they are
# Rows that have nothing to do with each other may run as one batch for so long. Where
# batches are quick, calls cost more than arithmetic. It limits the memory, too.
SECONDS = 0.002
UNUSED = (  # attributes that no forward pass reads
    *("optimizer", "loss", "_compiled", "run_eagerly", "jit_compile"),
    *("steps_per_execution", "stop_predicting", "_forwards"),
)


class Forward:
    """A function of one argument and of variables, compiled.

    Args:
        fn: reads the variables, and may assign them.
        variables: these, and no others.
        run: `run(pure, values, x)` calls a pure function, compiled or not.
    """

    def __init__(self, fn: Callable[[Any], Any], variables: Any, run: Any) -> None:
        self.variables, self._run = variables, run
        self._pure = functional(fn, variables)

    def __call__(self, x: Any) -> Any:
        """Return the result on the device; write the variables back."""
        values = [v._value for v in self.variables]
        outputs, new = self._run(self._traced, values, x)
        for i, value in new.items():
            self.variables[i].replace(value)
        return outputs

    def _traced(self, values: list[Any], x: Any) -> tuple[Any, dict[int, Any]]:
        outputs, new = self._pure(values, x)
        pairs = enumerate(zip(values, new))
        return outputs, {
            i: after for i, (before, after) in pairs if after is not before
        }


class Forwards:
    """The compiled forward passes of a model, made anew when the model changes.

    Args:
        model: what to predict with.
        eager: run layer by layer without compiling.
    """

    def __init__(self, model: Any, eager: bool) -> None:
        self._model, self._eager = model, eager
        self._variables: list[Any] = []
        self._make: Any = None  # what the passes depend on; None: on foreign code
        self._settings: Any = None
        self._contents: Contents | None = None
        self._start()

    def _start(self) -> None:
        self._by_kind: dict[Any, Forward] = {}
        self._seconds: dict[int, float] = {}  # of a batch, by its rows
        self._called: set[Any] = set()  # kinds of inputs that the model was called on
        self._as_is: set[Any] = set()  # dtypes of arrays that need no preparing
        self._apart = self._callable = False

    def _refresh(self) -> None:
        """Look whether the model is what it was."""
        seed = default_generator().state  # it may have to be drawn anew
        settings = config.backend(), config.floatx(), config.epsilon()
        contents, model = self._contents, self._model
        if contents and settings == self._settings and contents.unchanged():
            return
        variables = unique([*model.variables, seed])
        same = [*map(id, variables)] == [*map(id, self._variables)]
        if same and self._make is None:
            return  # what foreign code computes is what it computed at first
        self._settings = settings
        make = None if self._eager else make_of(model, variables, UNUSED)
        if not (same and make == self._make):
            self._start()
            self._variables, self._make = variables, make
            self._apart = make is not None and rows_are_apart(model)
            self._callable = make is not None and not holds_arrays(model)
        self._contents = None if make is None else model._contents()

    def _forward(self, kind: Any, fn: Callable[[], Any]) -> Forward:
        """Return the compiled form of `fn()`, which stands for `kind`."""
        if kind not in self._by_kind:
            make = self._make and ("forward", kind, self._make)
            run = _plain if self._eager else compiled(make)
            self._by_kind[kind] = Forward(fn(), self._variables, run)
        return self._by_kind[kind]

    # --- calling the model --------------------------------------------------------

    def call(self, x: Any, options: dict[str, Any], plain: Callable[..., Any]) -> Any:
        """Return `plain(x, **options)`: compiled the second time it is called alike.

        What fails, and what leaves losses behind, is left to `plain`.
        """
        if self._make is not None or not self._variables:
            self._refresh()
        array = type(self._variables[-1]._value)
        kind = kind_of(x, array) if self._callable else None
        if kind is None:
            return plain(x, **options)
        training = options.get("training")
        if (training, kind) not in self._called:
            outputs = plain(x, **options)
            self._called.add((training, kind))
            return outputs
        try:
            forward = self._forward(training, lambda: self._with_masks(options))
            outputs, masks = forward(x)
        except Exception:  # the plain form says what is wrong
            self._callable = False
            return plain(x, **options)
        if masks:
            for output, mask in zip(tree.flatten(outputs), masks):
                set_mask(output, mask)
        return outputs

    def _with_masks(self, options: dict[str, Any]) -> Callable[[Any], Any]:
        model = self._model

        def run(x: Any) -> Any:
            outputs = model(x, **options)
            if any(layer._losses for layer in model._flatten_layers()):
                model._clear_losses()
                raise RuntimeError("Losses would be lost.")
            masks = [get_mask(output) for output in tree.flatten(outputs)]
            return outputs, masks if any(m is not None for m in masks) else ()

        return run

    # --- predicting ---------------------------------------------------------------

    def few(self, x: Any) -> Any:
        """Return the outputs for one batch like those predicted before, else None."""
        self._refresh()
        known = type(x) is np.ndarray and x.dtype in self._as_is and x.ndim > 0
        return self._now(x, BATCH_SIZE) if known and 0 < len(x) <= BATCH_SIZE else None

    def met(self, given: Any, made: Any) -> None:
        """Be told what inputs were made into before they were predicted."""
        if type(given) is np.ndarray and given is made:
            self._as_is.add(given.dtype)

    def batch(self, x: Any, most: int | None = None) -> Any:
        """Return the outputs for one batch as NumPy arrays; `most`: see `padded`."""
        self._refresh()
        return self._now(x, most)

    def _now(self, x: Any, most: int | None) -> Any:
        outputs, rows = self._run(x, 1, most)
        return tree.map_structure(lambda a: np.array(a)[:rows], outputs)

    def all(
        self, data: Any, callbacks: CallbackList | None, stopped: Callable[[], bool]
    ) -> Any:
        """Return the outputs for all batches as NumPy arrays."""
        if isinstance(data, ArrayData) and not callbacks and data.steps == 1:
            return self.batch(data.x, data.batch_size)
        self._refresh()
        each = callbacks is not None and callbacks.needs_predict_batches
        parts: list[Any] = []
        waiting: deque[Any] = deque()
        done = 0
        for x, unit, batches in self._pieces(data, each):
            if callbacks is not None and each:
                callbacks.on_predict_batch_begin(done)
            waiting.append(self._run(x, unit))
            if len(waiting) > IN_FLIGHT:
                parts.append(_to_host(*waiting.popleft()))
            done += batches
            if callbacks is not None:
                _tell(callbacks, each, done, waiting[-1])
            if stopped():
                break
        return joined([*parts, *(_to_host(*outputs) for outputs in waiting)])

    def _run(self, x: Any, unit: int, most: Any = None) -> tuple[Any, int | None]:
        """Return outputs on the device, and how many rows count if not all.

        Rows are added so that few sizes need compiling: see `padded`.
        """
        forward = self._forward("predict", self._step)
        if self._apart:
            more, rows = padded(x, unit, most)
            try:
                return forward(more), rows
            except ValueError:  # which names a shape with the rows that were added
                if rows is None:
                    raise
        return forward(x), None

    def _step(self) -> Callable[[Any], Any]:
        step = step_function(self._model, "predict")
        return lambda x: step((to_device(x), None, None))  # where it is traced

    def _pieces(self, data: Any, each: bool) -> Iterator[tuple[Any, int, int]]:
        """Yield inputs that run at once, the rows of a batch, the number of batches."""
        if not isinstance(data, ArrayData):
            yield from ((x, 1, 1) for x, _, _ in data.epoch())
            return
        size, start, runs = data.batch_size, 0, 0
        timed, begin = 0, 0.0  # batches since the first run, which may have compiled
        while start < data.rows:
            merged = 1 if each else self._mergeable(size)
            rows = slice(start, start + merged * size)
            start = min(rows.stop, data.rows)
            batches = -(-(start - rows.start) // size)
            yield data.take(rows)[0], size, batches
            now = time.perf_counter()
            runs += 1
            begin, timed = (now, 0) if runs == 1 else (begin, timed + batches)
            if runs == PROBE or (runs > 2 * IN_FLIGHT and start == data.rows):
                seconds = (now - begin) / timed
                self._seconds[size] = min(seconds, self._seconds.get(size, seconds))

    def _mergeable(self, size: int) -> int:
        """How many batches of a size may run as one: a power of 4, for few sizes."""
        if not self._apart or size not in self._seconds:
            return 1
        most = int(SECONDS / self._seconds[size])
        return 4 ** (max(most.bit_length() - 1, 0) // 2)


def _plain(fn: Callable[..., Any], *args: Any) -> Any:
    return fn(*args)


def _tell(callbacks: CallbackList, each: bool, done: int, last: Any) -> None:
    if each:
        lazy = LazyLogs(lambda: {"outputs": _to_host(*last)})
        callbacks.on_predict_batch_end(done - 1, lazy)
    callbacks.progress(done, {})


def _to_host(outputs: Any, rows: int | None) -> Any:
    return tree.map_structure(
        lambda a: np.asarray(a) if rows is None else np.asarray(a)[:rows], outputs
    )


def joined(parts: list[Any]) -> Any:
    """Concatenate the batches' outputs along the first axis."""

    def join(*arrays: Any) -> Any:
        if not arrays[0].ndim:
            return np.stack(arrays)
        return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0])

    return tree.map_structure(join, *parts)
