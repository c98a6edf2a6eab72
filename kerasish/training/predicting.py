"""`predict`: batches through the compiled model, results on the host."""

from collections import deque
from typing import Any

import numpy as np

from .. import backend, tree
from ..callbacks import CallbackList
from ..callbacks.logs import LazyLogs
from ..data import ArrayData
from ..variable import functional
from .loop import to_device
from .step_function import step_function

__all__ = ["Predictor"]

IN_FLIGHT = 4  # batches whose results may wait on the device


class Predictor:
    """The compiled prediction step of a model.

    Args:
        model: what to predict with.
        variables: all that it may read or assign.
        eager: run step by step without compiling.
    """

    def __init__(self, model: Any, variables: list[Any], eager: bool) -> None:
        self.variables = variables
        self._step = functional(step_function(model, "predict"), self.variables)
        self._changed: list[int] = []
        self._run = self._traced if eager else backend.jit(self._traced)

    def _traced(self, values: list[Any], batch: Any) -> Any:
        outputs, new = self._step(values, batch)
        pairs = enumerate(zip(values, new))
        self._changed = [i for i, (before, after) in pairs if after is not before]
        return outputs, [new[i] for i in self._changed]

    def batch(self, batch: Any) -> Any:
        """Return the outputs for one batch `(x, None, None)`, on the device."""
        values = [v._value for v in self.variables]
        outputs, new = self._run(values, batch)
        for i, value in zip(self._changed, new):
            self.variables[i].replace(value)
        return outputs

    def all(self, data: Any, callbacks: CallbackList, stopped: Any) -> Any:
        """Return the outputs for all batches as NumPy arrays."""
        parts: list[Any] = []
        waiting: deque[Any] = deque()
        each = callbacks.needs_predict_batches
        batches = data.batches() if isinstance(data, ArrayData) else data.epoch()
        for number, (x, _, _) in enumerate(batches):
            if each:
                callbacks.on_predict_batch_begin(number)
            outputs = self.batch((to_device(x), None, None))
            waiting.append(outputs)
            if len(waiting) > IN_FLIGHT:
                parts.append(_to_host(waiting.popleft()))
            if each:
                lazy = LazyLogs(lambda out=outputs: {"outputs": _to_host(out)})  # type: ignore[misc]
                callbacks.on_predict_batch_end(number, lazy)
            callbacks.progress(number + 1, {})
            if stopped():
                break
        parts += [_to_host(outputs) for outputs in waiting]
        return joined(parts)


def _to_host(outputs: Any) -> Any:
    return tree.map_structure(np.asarray, outputs)


def joined(parts: list[Any]) -> Any:
    """Concatenate the batches' outputs along the first axis."""

    def join(*arrays: Any) -> Any:
        if not arrays[0].ndim:
            return np.stack(arrays)
        return np.concatenate(arrays) if len(arrays) > 1 else np.array(arrays[0])

    return tree.map_structure(join, *parts)
