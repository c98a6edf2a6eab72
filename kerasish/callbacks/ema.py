"""Moving averages of the weights where a model is tested."""

from typing import Any

import numpy as np

from .callback import Callback, Logs
from .schedule import optimizers_of

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the moving averages of the weights.

    The optimizer, made with `use_ema=True`, keeps the averages. They take the place of
    the parameters during validation, `evaluate` and `predict`, and leave it afterwards.

    Args:
        swap_on_epoch: let them also stand from the end of an epoch to the start of the
            next, so that callbacks that come later in the list see (and save) them. A
            file that is saved then has the averages as its weights, nothing else; a
            `BackupAndRestore` keeps the parameters too.

    Raises:
        ValueError: if the optimizer keeps no averages.

    Reference: Polyak and Juditsky 1992, SIAM J. Control Optim. 30 (4).

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
        >>> swap = keras.callbacks.SwapEMAWeights()
        >>> x = np.ones((4, 1))
        >>> history = model.fit(x, x, validation_data=(x, x), verbose=0,
        ...                     callbacks=[swap])
        >>> history.history["val_loss"] == [model.evaluate(x, x, verbose=0)]
        True
    """

    # The parameters while their averages stand in their place.
    initial_state = {"parameters": None}
    state_in_models = False

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self.parameters: list[np.ndarray] | None = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return pairs of a parameter and its average; none before the first update."""
        pairs: list[tuple[Any, Any]] = []
        for _, optimizer in optimizers_of(self.model):
            optimizer = getattr(optimizer, "inner_optimizer", optimizer)
            if not optimizer.use_ema:
                raise ValueError(
                    "`SwapEMAWeights` needs averages: compile with an optimizer made "
                    f"with `use_ema=True`. `{optimizer.name}` has use_ema=False."
                )
            if optimizer.built and int(np.asarray(optimizer.iterations)):
                pairs += zip(optimizer._trainable_variables, optimizer._averages)
        return [pair for pair in pairs if pair[1] is not None]

    def _swap_in(self) -> None:
        pairs = self._pairs()
        if self.parameters is None and pairs:
            self.parameters = [parameter.numpy() for parameter, _ in pairs]
            for parameter, average in pairs:
                parameter.assign(average)

    def _swap_out(self) -> None:
        if self.parameters is not None:
            for (parameter, _), value in zip(self._pairs(), self.parameters):
                parameter.assign(value)
            self.parameters = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an interrupted training left."""
        self.parameters = None

    def on_train_end(self, logs: Logs = None) -> None:
        """Let the averages stay: training ends with them in any case."""
        self.parameters = None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Let the parameters come back."""
        self._swap_out()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Put the averages in, if that is wanted."""
        if self.swap_on_epoch:
            self._swap_in()

    def on_test_begin(self, logs: Logs = None) -> None:
        """Put the averages in."""
        self._swap_in()

    def on_test_end(self, logs: Logs = None) -> None:
        """Let the parameters come back."""
        self._swap_out()

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Put the averages in."""
        self._swap_in()

    def on_predict_end(self, logs: Logs = None) -> None:
        """Let the parameters come back."""
        self._swap_out()
