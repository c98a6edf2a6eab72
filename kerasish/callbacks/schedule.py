"""The learning rate as callbacks see and set it."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .callback import Callback, Logs
from .progress import write

__all__ = ["LearningRateScheduler"]


def optimizers_of(model: Any) -> list[tuple[str, Any]]:
    """Return pairs of `_name` (empty for a single one) and optimizer of a model.

    Raises:
        ValueError: if the model has no optimizer.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError(
            "The callback changes the learning rate, but the model has no optimizer: "
            "call `compile(optimizer=...)` first."
        )
    several = getattr(optimizer, "optimizers", None)
    if several is None:
        return [("", optimizer)]
    return [(f"_{each.name}", each) for each in several]


def learning_rate(optimizer: Any) -> float:
    """Return the learning rate of an optimizer now."""
    return float(np.asarray(optimizer.learning_rate))


def _takes_rate(schedule: Callable[..., float]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    return True


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch by a function.

    Args:
        schedule: `schedule(epoch)` or `schedule(epoch, rate)`; epochs count from 0.
            Returns the new learning rate as a float.
        verbose: 1 prints a line in each epoch.

    Raises:
        ValueError: in training, if `schedule` does not return a float.

    Example:
        >>> halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> halve.schedule(0, 0.1)
        0.05
    """

    initial_state = {"scheduled": -1}  # the epoch whose rate was set last

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(
                "`LearningRateScheduler` needs a function `schedule(epoch, rate)`, not "
                f"{schedule!r}."
            )
        self.schedule = schedule
        self.verbose = verbose
        self.scheduled = -1

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier training left."""
        self.set_state(self.initial_state)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the rate of the epoch."""
        if epoch == self.scheduled:  # it is resumed in the middle
            return
        self.scheduled = epoch
        for suffix, optimizer in optimizers_of(self.model):
            rate = self._scheduled(epoch, learning_rate(optimizer))
            optimizer.learning_rate = rate
            if self.verbose > 0:
                name = f" {suffix[1:]}" if suffix else ""
                write(
                    f"Epoch {epoch + 1}: LearningRateScheduler setting{name} "
                    f"learning rate to {rate}."
                )

    def _scheduled(self, epoch: int, rate: float) -> float:
        if _takes_rate(self.schedule):
            new = self.schedule(epoch, rate)
        else:
            new = self.schedule(epoch)
        if not isinstance(new, (float, np.floating)):
            new_array = np.asarray(new)
            if new_array.ndim or not np.issubdtype(new_array.dtype, np.floating):
                raise ValueError(
                    "The `schedule` function of `LearningRateScheduler` should return "
                    f"a float. Got: {new!r} in epoch {epoch}."
                )
        return float(new)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Enter the rate in the logs."""
        if logs is not None:
            for suffix, optimizer in optimizers_of(self.model):
                logs[f"learning_rate{suffix}"] = learning_rate(optimizer)
