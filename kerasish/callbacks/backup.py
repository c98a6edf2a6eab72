"""Going on after an interruption."""

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..saving import backup
from .callback import Callback, Logs

__all__ = ["BackupAndRestore"]

LATEST, PREVIOUS = "latest.weights.h5", "latest.weights.h5.bkp"


class BackupAndRestore(Callback):
    """Lets an interrupted `fit` go on where it was: run the same program again.

    A backup holds all that the training depends on: the weights, the optimizer's state,
    the counts of steps and epochs, random generators, the order of the rows, what other
    callbacks know (best values, patience, lines written), and within an epoch the
    metrics and the place in the data. So the outcome is, number for number, that of
    a training without interruption.

    It comes last in each hook, wherever it stands in the list: what the other
    callbacks did is part of the backup. A generator begins anew, since nobody can tell
    where it was; arrays and data sets go on at their place.

    Args:
        backup_dir: folder of its own for the backup; made if need be.
        save_freq: `"epoch"`, a number of batches, or False: save nothing, only restore.
        double_checkpoint: keep the backup before the last one, too, which serves if the
            last cannot be read.
        delete_checkpoint: remove the backup when training has come to its end.

    Raises:
        ValueError: for an empty `backup_dir` or a wrong `save_freq`; in training, if
            the backup is damaged or another model's.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> backup = keras.callbacks.BackupAndRestore("run", delete_checkpoint=False)
        >>> fit = lambda epochs: model.fit(np.ones((4, 1)), np.ones(4), epochs=epochs,
        ...                                callbacks=[backup], verbose=0)
        >>> fit(2).epoch, fit(5).epoch
        ([0, 1], [2, 3, 4])
    """

    together: Any = None  # the list of which this is one

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._batches = 0  # since a backup
        if not self.backup_dir:
            raise ValueError(
                "Empty `backup_dir` argument passed: `BackupAndRestore` needs a folder."
            )
        countable = isinstance(save_freq, int) and save_freq is not True
        if save_freq != "epoch" and not (countable and int(save_freq) >= 0):
            raise ValueError(
                '`save_freq` of `BackupAndRestore` must be "epoch", a positive '
                f"number of batches, or False. Received: save_freq={save_freq!r}"
            )

    def uses(self, hook: str) -> bool:
        """Say whether the hook does anything: batches count only for a number."""
        if hook == "on_train_batch_end":
            return self.save_freq != "epoch"
        return super().uses(hook)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Bring the model and the callbacks where the backup was made."""
        self._batches = 0
        run = self._found()
        if run is None:
            return
        self.together.set_run(run)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save if enough batches are done; an epoch's last waits for its end."""
        self._batches += 1
        if self._is_due() and batch + 1 != (self.params or {}).get("steps"):
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save the epoch, or the batches that it completed."""
        if self.save_freq == "epoch" or self._is_due():
            self._save()

    def on_train_end(self, logs: Logs = None) -> None:
        """Remove the backup: the training is done."""
        if self.delete_checkpoint:
            for name in (PREVIOUS, LATEST):  # never the older one alone
                Path(self._path(name)).unlink(missing_ok=True)
            with suppress(OSError):  # somebody keeps other files there
                os.rmdir(self.backup_dir)

    def _is_due(self) -> bool:
        return self.save_freq != "epoch" and 0 < int(self.save_freq) <= self._batches

    def _save(self) -> None:
        latest = self._path(LATEST)
        if self.double_checkpoint and os.path.exists(latest):
            os.replace(latest, self._path(PREVIOUS))
        backup.save(latest, self.model, self.together.get_run())
        self._batches = 0

    def _found(self) -> dict[str, Any] | None:
        """Restore the model from the last backup that is whole; return the run."""
        there = [p for p in map(self._path, (LATEST, PREVIOUS)) if os.path.exists(p)]
        for path in there:
            try:
                return backup.load(path, self.model)
            except ValueError as error:
                if path is there[-1]:
                    raise
                warnings.warn(
                    f"{path!r} cannot be read; training goes on from the backup "
                    f"before it. {error}",
                    stacklevel=2,
                )
        return None

    def _path(self, name: str) -> str:
        return os.path.join(self.backup_dir, name)
