"""What a callback is: a set of hooks that training, evaluating and predicting call."""

from collections.abc import Callable, Sequence
from typing import Any

from ..visualization.charts import plot_history
from ..visualization.picture import Picture

__all__ = ["Callback", "History", "LambdaCallback"]

Logs = dict[str, Any] | None


class Callback:
    """Base of all callbacks: override the hooks that you need.

    `logs` is a dictionary of floats: at the end of a batch the running loss and
    metrics, at the end of an epoch those of the epoch and of validation (`val_...`).

    Two further hooks are ours, and optional. They let compiled training run on for
    many steps or epochs: a class that defines `on_progress` beside its batch hooks, or
    `on_epochs_end` beside its epoch hooks, is served by these where no other callback
    asks for single batches or epochs.

    Attributes:
        model: the model, once `set_model` was called.
        params: dictionary with `verbose`, `epochs` and `steps`.

    Example:
        >>> class Stop(keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.model.stop_training = logs["loss"] < 0.1
    """

    model: Any = None
    params: dict[str, Any] | None = None
    # Names and starting values of the attributes that a resumed training needs.
    initial_state: dict[str, Any] = {}
    state_in_models = True  # whether a model that is saved keeps the state, too

    def __init__(self) -> None:
        self.params = None
        self.model = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `verbose`, `epochs` and `steps` of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self.model = model

    def get_state(self) -> dict[str, Any]:
        """Return what the callback must know to go on later: plain values and arrays.

        They may stand in lists and dictionaries; `BackupAndRestore` keeps them.
        """
        return {name: getattr(self, name) for name in self.initial_state}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take the state of an earlier run; call it after `on_train_begin`.

        Raises:
            ValueError: if `state` has a name that this callback does not know.
        """
        unknown = sorted(set(state) - set(self.initial_state))
        if unknown:
            raise ValueError(
                f"`{type(self).__name__}` has no state called {unknown}; it keeps "
                f"{sorted(self.initial_state)}. Is the state another callback's?"
            )
        for name, value in state.items():
            setattr(self, name, value)

    def uses(self, hook: str) -> bool:
        """Say whether the hook of that name does anything: whether it is overridden."""
        method = getattr(self, hook)
        plain = getattr(Callback, hook)
        return getattr(method, "__func__", method) is not plain

    def on_train_begin(self, logs: Logs = None) -> None:
        """Run at the start of training."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Run at the end of training; `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Run at the start of evaluation or validation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Run at the end of evaluation or validation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Run at the start of prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Run at the end of prediction."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Run at the start of an epoch; the first one is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Run at the end of an epoch, after its validation."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Run before a training batch: another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Run after a training batch: another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Run before a training batch; its number starts at 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Run after a training batch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Run before a batch of evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Run after a batch of evaluation or validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Run before a predicted batch."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Run after a predicted batch; `logs` holds its `outputs`."""

    def on_progress(self, step: int, logs: Logs = None) -> None:
        """Run from time to time within an epoch, after `step` of its batches."""

    def on_epochs_end(self, first_epoch: int, logs: dict[str, list[float]]) -> None:
        """Run after several epochs at once; `logs` holds one value for each."""


class History(Callback):
    """Keeps the losses and metrics of each epoch; `fit` returns it.

    Attributes:
        epoch: list of the epochs' numbers.
        history: dictionary of lists, one float for each epoch.

    Example:
        >>> history = keras.callbacks.History()
        >>> history.on_train_begin()
        >>> history.extend(0, {"loss": [0.5, 0.25]})
        >>> history.epoch, history.history
        ([0, 1], {'loss': [0.5, 0.25]})
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start to count the epochs anew."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Append the logs of an epoch."""
        self.extend(epoch, {key: [value] for key, value in (logs or {}).items()}, 1)

    def on_epochs_end(self, first_epoch: int, logs: dict[str, list[float]]) -> None:
        """Append the logs of several epochs."""
        self.extend(first_epoch, logs)

    def extend(
        self, first_epoch: int, logs: dict[str, list[float]], epochs: int | None = None
    ) -> None:
        """Append the logs of several epochs.

        Args:
            first_epoch: the number of the first of them.
            logs: dictionary of lists with one float for each epoch.
            epochs: how many they are; read from `logs` if None.
        """
        if epochs is None:
            epochs = max(map(len, logs.values()), default=0)
        self.epoch.extend(range(first_epoch, first_epoch + epochs))
        for key, values in logs.items():
            self.history.setdefault(key, []).extend(values)
        if self.model is not None:
            self.model.history = self

    def plot(self, names: Sequence[str] | None = None, log: bool = False) -> Picture:
        """Draw the losses and metrics: `visualization.plot_history` of this.

        Args:
            names: which, without `val_`; None: all.
            log: whether the upright scale is logarithmic.

        Raises:
            ValueError: before the first epoch, or if a name is not known.
        """
        return plot_history(self, names, log)


class LambdaCallback(Callback):
    """A callback made of functions, each with the arguments of its hook.

    Args:
        on_epoch_begin, on_epoch_end: called with `(epoch, logs)`.
        on_train_begin, on_train_end: called with `(logs)`.
        on_train_batch_begin, on_train_batch_end: called with `(batch, logs)`.
        **kwargs: any other hook by its name; other things are kept as attributes.

    Raises:
        TypeError: if what is given for a hook cannot be called.

    Example:
        >>> show = keras.callbacks.LambdaCallback(
        ...     on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> show.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        given = dict(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
            on_train_batch_begin=on_train_batch_begin,
            on_train_batch_end=on_train_batch_end,
            **kwargs,
        )
        for name, function in given.items():
            is_hook = name.startswith("on_")
            if is_hook and function is not None and not callable(function):
                raise TypeError(
                    f"`LambdaCallback` needs a function for `{name}`, not {function!r}."
                )
            if function is not None or not is_hook:
                setattr(self, name, function)
