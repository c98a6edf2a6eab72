"""Saving the model while it trains."""

import os
from typing import Any

from ..registry import did_you_mean
from .callback import Logs
from .monitor import Monitor
from .progress import write

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, every epoch or every so many batches.

    The best value so far is kept from one training to the next, so that a second `fit`
    with the same object does not overwrite a better file.

    Args:
        filepath: where to save; may contain `{epoch}` (from 1), `{batch}` (from 1, with
            a number in `save_freq`) and names of the logs: `"{epoch:02d}-{loss:.2f}"`.
            Ends in `.keras` or `.h5`, for weights only in `.weights.h5`.
        monitor: name of the metric for `save_best_only`.
        verbose: 1 prints a line at each saving.
        save_best_only: save only if the metric is better than ever before.
        save_weights_only: save by `save_weights`, not by `save`.
        mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        save_freq: `"epoch"` or a number of batches.
        initial_value_threshold: the value to beat at first.

    Raises:
        ValueError: for a wrong file ending or `save_freq`.
        KeyError: in training, if `filepath` names something that the logs lack.

    Example:
        >>> saver = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
        >>> saver.monitor, saver.save_freq
        ('val_loss', 'epoch')
    """

    initial_state = {
        "best": None,
        "batches_since_saving": 0,
        "batches": 0,
        "_last_batch": -1,
    }

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.batches_since_saving = 0
        self.batches = 0  # seen by this object
        self._last_batch = -1
        self._epoch = 0
        self._check()

    def _check_freq(self) -> None:
        freq = self.save_freq
        countable = isinstance(freq, int) and not isinstance(freq, bool) and freq > 0
        if freq != "epoch" and not countable:
            raise ValueError(
                f"Unrecognized save_freq: {freq!r}. `save_freq` of "
                f'`{type(self).__name__}` must be "epoch" or a positive number of '
                "batches."
            )

    def _check(self) -> None:
        self._check_freq()
        if self.save_weights_only and not self.filepath.endswith(".weights.h5"):
            raise ValueError(
                "With `save_weights_only=True` the `filepath` of `ModelCheckpoint` "
                "must end in `.weights.h5` (weights format). Received: "
                f"filepath={self.filepath}"
            )
        if not self.filepath.endswith((".keras", ".h5")):
            raise ValueError(
                "The `filepath` of `ModelCheckpoint` must end in `.keras` (Keras model "
                f"format) or `.h5`. Received: filepath={self.filepath}"
            )

    def uses(self, hook: str) -> bool:
        """Say whether the hook does anything: batches count only for a number."""
        own = type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
        if hook == "on_train_batch_end" and own:
            return self.save_freq != "epoch"
        return super().uses(hook)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Take note of the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save if the number of batches is reached."""
        if self.save_freq == "epoch":
            return
        # The loop may report several batches at once; a smaller number is a new epoch.
        last = -1 if batch <= self._last_batch else self._last_batch
        self.batches_since_saving += batch - last
        self.batches += batch - last
        self._last_batch = batch
        if self.batches_since_saving >= self.save_freq:  # type: ignore[operator]
            self.batches_since_saving = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save the epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        announced = self._wanted(epoch, logs)
        if announced is None:
            return
        path = self._path(epoch, batch, dict(logs or {}))
        self._say(epoch, f"{announced} model to {path}")
        if os.path.isdir(path):
            raise OSError(
                "Please specify a non-directory filepath for ModelCheckpoint. Filepath "
                f"used is an existing directory: {path}"
            )
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _wanted(self, epoch: int, logs: Logs) -> str | None:
        """Return how to announce the saving, None if there is nothing to save."""
        if not self.save_best_only:
            return "saving"
        value = self.get_monitor_value(logs)
        if value is None:  # warned of: better a file too many than none at all
            return "saving"
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self.improved(value, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return None
        self.best = value
        return f"{self.monitor} improved from {best} to {value:.5f}, saving"

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            write(f"Epoch {epoch + 1}: {text}")

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        values = {**logs, "epoch": epoch + 1}
        if batch is not None:
            values["batch"] = batch + 1
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            name = str(error.args[0])
            raise KeyError(
                f'Failed to format this callback filepath: "{self.filepath}": there is '
                f"no `{name}`. Available are {', '.join(map(repr, values))}."
                f"{did_you_mean(name, values)}"
            ) from None
