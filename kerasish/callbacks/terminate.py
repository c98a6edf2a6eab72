"""Stopping when the loss is lost."""

import math

from .callback import Callback, Logs
from .progress import write

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stops training when the loss is NaN or infinite.

    It looks at the running loss, which stays NaN or infinite once a batch was, whenever
    the compiled loop comes to the surface; single batches are not asked for. So some
    milliseconds of further batches may have been computed when training stops.

    Args:
        raise_error: raise an error in place of stopping quietly.

    Raises:
        RuntimeError: in training, with `raise_error=True`.

    Example:
        >>> class Model:
        ...     stop_training = False
        >>> guard = keras.callbacks.TerminateOnNaN()
        >>> guard.set_model(Model())
        >>> guard.on_batch_end(2, {"loss": float("nan")})
        Batch 2: Invalid loss, terminating training
        >>> guard.model.stop_training
        True
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self._stopped = False
        self._batches = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Watch anew."""
        self._stopped = False
        self._batches = 0

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the running loss of an epoch."""
        self._batches = batch + 1
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss) or self._stopped:
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. "
                "Terminating training immediately. Look for NaN in the data, a "
                "learning rate too high, or a logarithm or division of zero."
            )
        write(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = self._stopped = True

    def on_progress(self, step: int, logs: Logs = None) -> None:
        """Look at the running loss after `step` batches."""
        self.on_batch_end(step - 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the loss of the epoch."""
        steps = (self.params or {}).get("steps") or self._batches
        self.on_batch_end(max(steps, 1) - 1, logs)
