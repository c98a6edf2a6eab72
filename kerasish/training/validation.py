"""Validation between the epochs of a training: as a part of its program, or apart."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..callbacks import CallbackList
from ..callbacks.logs import to_python
from ..data import ArrayData
from .loop import Runner, resident

__all__ = ["Validation"]

# Multiplications of a forward pass over all rows, at most, for an epoch with its
# validation to be one piece: nobody can stop it, and no bar moves meanwhile.
SMALL_WORK = 2**28

Logs = dict[str, Any]


class Validation:
    """Evaluates after the epochs that are due.

    Args:
        data: to evaluate on.
        freq: after each so many epochs, or after the listed ones (from 1).
        tester: evaluates in a program of its own, with the hooks of callbacks.
    """

    def __init__(
        self, data: Any, freq: int | Sequence[int], tester: Callable[[], Logs]
    ) -> None:
        self.data, self.freq = data, freq
        self.inside = False
        self._tester = tester

    def join(self, runner: Runner, data: ArrayData, model: Any) -> None:
        """Become a part of the program that trains, if little work makes it worth it.

        An epoch with its validation is one dispatch then, and many epochs can be.

        Args:
            runner: trains.
            data: to train on, held by the device.
            model: what is trained.
        """
        told = runner.callbacks
        apart = told.needs_train_batches or told.changes_tests or self.freq != 1
        if apart or not isinstance(self.data, ArrayData):
            return
        arrays = resident(self.data)
        if arrays is not None and _work(model, data, self.data) <= SMALL_WORK:
            runner.check(self.data, arrays)
            self.inside = True

    def __call__(self, epoch: int, logs: Logs, callbacks: CallbackList) -> None:
        """Add to an epoch's logs what validation finds, if it is due."""
        if self.inside:
            found = {k[4:]: x for k, x in logs.items() if k.startswith("val_")}
            callbacks.on_test_begin()
            callbacks.on_test_end(found)
        elif self._is_due(epoch):
            found = to_python(self._tester())
            logs.update({f"val_{key}": x for key, x in found.items()})

    def _is_due(self, epoch: int) -> bool:
        if isinstance(self.freq, int):
            return (epoch + 1) % self.freq == 0
        return epoch + 1 in self.freq


def _work(model: Any, *sets: ArrayData) -> int:
    """Estimate multiplications: each weight is used at each place of each row."""
    work = 0
    for data in sets:
        inputs = [a for a in tree.flatten(data.x) if a is not None]
        places = max((math.prod(a.shape[1:-1]) for a in inputs), default=1)
        weights = sum(v.size for v in model.trainable_variables)
        work += data.rows * places * weights
    return work
