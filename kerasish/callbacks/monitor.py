"""Callbacks that watch one metric: early stopping, learning rate on a plateau."""

import inspect
import re
import warnings
from typing import Any

import numpy as np

from ..registry import did_you_mean
from .callback import Callback, Logs
from .progress import write
from .schedule import learning_rate, optimizers_of

__all__ = ["EarlyStopping", "Monitor", "ReduceLROnPlateau"]

# Names whose direction is plain where the metric object does not tell.
BETTER_UP = re.compile(
    r"(^|_)(acc|accuracy|auc|precision|recall|f1|fbeta|iou|r2|score)(_|$)"
)
BETTER_DOWN = re.compile(r"(^|_)(loss|error|mse|mae|mape|msle|rmse|perplexity)(_|$)")


class Monitor(Callback):
    """Base of callbacks that compare a metric with its best value so far.

    Args:
        monitor: name of the metric in the logs.
        mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        baseline: the value to beat at first.
        min_delta: the least change that counts; its sign is ignored.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"`{type(self).__name__}` does not know mode={mode!r} and takes "
                '"auto"; known are "auto", "min" and "max".',
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._warned = False

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier training left."""
        self._warned = False

    def get_monitor_value(self, logs: Logs) -> float | None:
        """Return the metric's value; None, with one warning a training, if missing.

        Raises:
            ValueError: if it is missing and its name says nothing of a direction.
        """
        value = (logs or {}).get(self.monitor)
        if value is None:
            if self._direction() is None:
                raise ValueError(self._missing(logs))
            if not self._warned:
                warnings.warn(self._missing(logs), stacklevel=3)
                self._warned = True
        return value

    def _missing(self, logs: Logs) -> str:
        names = list(logs or {})
        hint = did_you_mean(self.monitor, names)
        if self.monitor.startswith("val_") and not any(
            name.startswith("val_") for name in names
        ):
            possible = [f"val_{name}" for name in names]
            hint = (
                "" if self.monitor in possible else did_you_mean(self.monitor, possible)
            )
            hint += (
                " Names with `val_` need `validation_data` or `validation_split`, and "
                "come only in the epochs that `validation_freq` chooses."
            )
        listed = ", ".join(f"`{name}`" for name in names)
        return (
            f"`{type(self).__name__}` watches the metric `{self.monitor}`, which is "
            f"not available. Available metrics are: {listed}.{hint}"
        )

    def improved(self, value: float, reference: float | None) -> bool:
        """Say whether `value` is better than `reference` by more than `min_delta`.

        Raises:
            ValueError: if the direction of the metric cannot be told.
        """
        if reference is None:
            self._sign()
            return True
        return self._sign() * (value - reference) > self.min_delta

    def _sign(self) -> int:
        direction = self._direction()
        if direction is None:
            raise ValueError(
                f"`{type(self).__name__}` cannot tell whether the metric "
                f"`{self.monitor}` is better high or low: pass `mode='max'` or "
                "`mode='min'`."
            )
        return 1 if direction == "up" else -1

    def _direction(self) -> str | None:
        if self.mode != "auto":
            return "up" if self.mode == "max" else "down"
        name = self.monitor.removeprefix("val_")
        for metric in _metrics_of(self.model):
            if getattr(metric, "name", None) == name:
                direction = getattr(metric, "_direction", None)
                if direction in ("up", "down"):
                    return direction
        if BETTER_DOWN.search(name):
            return "down"
        return "up" if BETTER_UP.search(name) else None


def _metrics_of(model: Any) -> list[Any]:
    """Return the model's metrics, those inside containers of metrics too."""
    found, queue = [], list(getattr(model, "metrics", None) or ())
    while queue:
        metric = queue.pop()
        found.append(metric)
        queue.extend(getattr(metric, "metrics", None) or ())
    return found


class EarlyStopping(Monitor):
    """Stops training when a metric no longer improves.

    Training stops at the end of an epoch if none of the last `patience` epochs
    brought an improvement of more than `min_delta`.

    Args:
        monitor: name of the metric, by default `"val_loss"`.
        min_delta: the least change that counts as an improvement.
        patience: number of epochs without improvement to wait for.
        verbose: 1 prints a line when the callback acts.
        mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        baseline: value that must be beaten within `patience` epochs.
        restore_best_weights: give the model the weights of the best epoch at the end.
        start_from_epoch: number of epochs before watching begins.

    Raises:
        ValueError: in training, if there is no such metric or its direction is unclear.

    Example:
        >>> stop = keras.callbacks.EarlyStopping("loss", patience=2)
        >>> stop.on_train_begin()
        >>> stop.on_epoch_end(0, {"loss": 0.5})
        >>> stop.best, stop.wait
        (0.5, 0)
    """

    initial_state = {
        "wait": 0,
        "stopped_epoch": 0,
        "best": None,
        "best_epoch": 0,
        "best_weights": None,
    }

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.best_weights: Any = None
        self.wait = self.stopped_epoch = self.best_epoch = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier training left."""
        super().on_train_begin(logs)
        self.set_state(self.initial_state)

    def set_state(self, state: dict[str, Any]) -> None:
        """Take an earlier run's state; model files do not have the best weights."""
        super().set_state(state)
        if self.restore_best_weights and "best_weights" not in state:
            warnings.warn(
                "The model file that this training goes on from has the best value of "
                "`EarlyStopping`, not the weights of that epoch, which may be restored "
                "only if they come later. `BackupAndRestore` keeps them.",
                stacklevel=2,
            )

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, and stop the training if patience is at its end."""
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        better = self.improved(value, self.best)
        if self.restore_best_weights and (better or self.best_weights is None):
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        if better:
            self.best, self.best_epoch = value, epoch
            if self.baseline is None or self.improved(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Give the model its best weights back, if asked for."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            write(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                write(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a metric no longer improves.

    After `patience` epochs without improvement: `rate = max(rate * factor, min_lr)`.
    The rate of each epoch is in the history as `learning_rate`.

    Args:
        monitor: name of the metric, by default `"val_loss"`.
        factor: what the learning rate is multiplied with, below 1.
        patience: number of epochs without improvement to wait for.
        verbose: 1 prints a line at each change.
        mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        min_delta: the least change that counts as an improvement.
        cooldown: number of epochs after a change in which nothing is counted.
        min_lr: the learning rate never goes below.

    Raises:
        ValueError: if `factor` is 1 or more; in training, if there is no such metric.

    Example:
        >>> plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3)
        >>> plateau.in_cooldown()
        False
    """

    initial_state = {"best": None, "wait": 0, "cooldown_counter": 0}

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            names = inspect.signature(type(self)).parameters
            hint = did_you_mean(next(iter(kwargs)), names)
            raise TypeError(
                f"`ReduceLROnPlateau` has no arguments {sorted(kwargs)}.{hint}"
            )
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(
                "`ReduceLROnPlateau` lowers the rate and does not support a factor >= "
                f"1.0. Received factor={factor}"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier training left."""
        super().on_train_begin(logs)
        self.set_state(self.initial_state)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, and lower the rate if patience is at its end."""
        logs = {} if logs is None else logs
        for suffix, optimizer in optimizers_of(self.model):
            logs[f"learning_rate{suffix}"] = learning_rate(optimizer)
        value = self.get_monitor_value(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improved(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def in_cooldown(self) -> bool:
        """Say whether the epochs after a change are still running."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> bool:
        """Lower the rates; say whether there was one to lower."""
        reduced = False
        for suffix, optimizer in optimizers_of(self.model):
            old = learning_rate(optimizer)
            if np.float32(old) <= np.float32(self.min_lr):  # rates are float32
                continue
            new = max(old * self.factor, self.min_lr)
            optimizer.learning_rate = new
            reduced = True
            if self.verbose > 0:
                name = f" {suffix[1:]}" if suffix else ""
                write(
                    f"Epoch {epoch + 1}: ReduceLROnPlateau reducing{name} learning "
                    f"rate to {new}."
                )
        return reduced
