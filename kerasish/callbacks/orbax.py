"""Checkpoints in the format of Orbax."""

import os
from typing import Any

from .callback import Logs
from .checkpoint import ModelCheckpoint

__all__ = ["OrbaxCheckpoint"]


def _package() -> Any:
    try:
        import orbax.checkpoint
    except ImportError as error:
        raise ImportError(
            "`OrbaxCheckpoint` needs the package `orbax-checkpoint`: "
            '`pip install "kerasish[orbax]"`.'
        ) from error
    return orbax.checkpoint


class OrbaxCheckpoint(ModelCheckpoint):
    """Saves the state of the training as checkpoints of the package Orbax.

    A checkpoint is a folder, named after the epoch (from 0) or, with a number in
    `save_freq`, after the batches done. In it, `pytree` holds the arrays as
    `model.get_state_tree` returns them, `model_config` the config of the model. Those
    of a later step than the one that is saved go: they are of a training given up.

    Args:
        directory: folder of the checkpoints.
        monitor: name of the metric for `save_best_only`.
        verbose: 1 prints a line at each saving.
        save_best_only: save only if the metric is better than ever before.
        mode: `"min"`, `"max"`, or `"auto"`: read off the metric.
        save_freq: `"epoch"` or a number of batches.
        initial_value_threshold: the value to beat at first.
        max_to_keep: keep only so many, the latest; None: all.
        save_on_background: write while training goes on.
        save_weights_only: save the model's variables alone, without its config, the
            optimizer and the metrics.

    Raises:
        ValueError: for a wrong `save_freq` or `max_to_keep`.
        ImportError: in training, without the extra `orbax`.

    Example:
        >>> saver = keras.callbacks.OrbaxCheckpoint("checkpoints", max_to_keep=3)
        >>> saver.monitor, saver.save_freq
        ('val_loss', 'epoch')
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ) -> None:
        self.directory = os.path.abspath(os.fspath(directory))
        self.max_to_keep = max_to_keep
        self.save_on_background = save_on_background
        self._opened: Any = None
        super().__init__(
            self.directory,
            monitor=monitor,
            verbose=verbose,
            save_best_only=save_best_only,
            save_weights_only=save_weights_only,
            mode=mode,
            save_freq=save_freq,
            initial_value_threshold=initial_value_threshold,
        )

    def _check(self) -> None:
        self._check_freq()
        if self.max_to_keep is not None and self.max_to_keep < 1:
            raise ValueError(
                "`max_to_keep` of `OrbaxCheckpoint` must be None or at least 1. "
                f"Received: max_to_keep={self.max_to_keep!r}"
            )

    def _manager(self) -> Any:
        if self._opened is None:
            package = _package()
            options = package.CheckpointManagerOptions(
                max_to_keep=self.max_to_keep,
                enable_async_checkpointing=self.save_on_background,
            )
            self._opened = package.CheckpointManager(self.directory, options=options)
        return self._opened

    def on_train_begin(self, logs: Logs = None) -> None:
        """Open the folder."""
        super().on_train_begin(logs)
        self._manager()

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        announced = self._wanted(epoch, logs)
        if announced is None:
            return
        step = epoch if batch is None else self.batches
        self._say(epoch, f"{announced} checkpoint {step} to {self.directory}")
        manager, args = self._manager(), _package().args
        for later in manager.all_steps():
            if later >= step:
                manager.delete(later)
        state, items = self.model.get_state_tree("numpy_array"), {}
        if self.save_weights_only:
            state = {
                k: v for k, v in state.items() if k.endswith("trainable_variables")
            }
        else:
            items["model_config"] = args.PyTreeSave({"config": self.model.to_json()})
        items["pytree"] = args.PyTreeSave({k: v for k, v in state.items() if v})
        manager.save(step, args=args.Composite(**items), force=True)

    def restore(self, model: Any, step: int | None = None) -> int:
        """Give a model the state of a checkpoint.

        Args:
            model: one like that which was saved; compiled, if the optimizer's state is
                to come back.
            step: name of the checkpoint; default: the latest.

        Returns:
            The name of the checkpoint.

        Raises:
            FileNotFoundError: if there is no such checkpoint.
            ValueError: if it is another model's.
        """
        self.wait_until_finished()
        steps = self._manager().all_steps()
        if not steps or (step is not None and step not in steps):
            raise FileNotFoundError(
                f"`OrbaxCheckpoint` finds no checkpoint {'' if step is None else step} "
                f"in {self.directory}: there are {sorted(steps)}."
            )
        step = max(steps) if step is None else step
        args = _package().args
        found = self._manager().restore(
            step, args=args.Composite(pytree=args.PyTreeRestore())
        )
        model.set_state_tree(found["pytree"])
        return step

    def wait_until_finished(self) -> None:
        """Wait until what is being saved is on the disk."""
        if self._opened is not None:
            self._opened.wait_until_finished()

    def on_train_end(self, logs: Logs = None) -> None:
        """Wait until all is on the disk."""
        self.wait_until_finished()
        self._opened.close()
        self._opened = None

    def is_multihost_enabled(self) -> bool:
        """Return False: a training is one process."""
        return False

    def is_primary_host(self) -> bool:
        """Return True: a training is one process."""
        return True
