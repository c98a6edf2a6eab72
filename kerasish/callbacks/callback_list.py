"""The list of callbacks of one run, and what they ask of the training loop."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from .. import random, tree
from .backup import BackupAndRestore
from .callback import Callback, History, Logs
from .logs import to_python
from .progress import ProgbarLogger

__all__ = ["CallbackList"]


def _of_run(name: str) -> Callable[..., None]:
    def hook(self: "CallbackList", logs: Logs = None) -> None:
        logs = to_python(logs)
        for callback in self.callbacks:
            getattr(callback, name)(logs)

    return _described(hook, name)


def _of_epoch(name: str) -> Callable[..., None]:
    def hook(self: "CallbackList", epoch: int, logs: Logs = None) -> None:
        logs = to_python(logs)
        begun = epoch + (name == "on_epoch_end")
        if self.place[0] != begun:
            self.place = begun, 0, None
        for callback in self.callbacks:
            getattr(callback, name)(epoch, logs)

    return _described(hook, name)


def _of_batch(name: str) -> Callable[..., None]:
    def hook(self: "CallbackList", batch: int, logs: Logs = None) -> None:
        logs = to_python(logs)
        if name == "on_train_batch_end":
            self.place = self.place[0], batch + 1, logs
        for callback in self.callbacks:
            getattr(callback, name)(batch, logs)

    return _described(hook, name)


def _described(hook: Callable[..., None], name: str) -> Callable[..., None]:
    hook.__name__ = name
    hook.__doc__ = f"Call `{name}` of each callback."
    return hook


def _depth(callback: Callback, name: str) -> int:
    """Return how far up the classes the method is defined; 0 on the object itself."""
    if name in vars(callback):
        return 0
    classes = enumerate(type(callback).__mro__, 1)
    return next(depth for depth, cls in classes if name in vars(cls))


class CallbackList(Callback):
    """Calls every hook of several callbacks in order.

    Args:
        callbacks: callbacks, one or (nested) lists of them.
        add_history: append a `History` unless there is one.
        add_progbar: append a `ProgbarLogger` unless there is one.
        model: handed to each callback, if given.
        **params: handed to each callback.

    Raises:
        TypeError: if something is not a callback.

    Example:
        >>> callbacks = keras.callbacks.CallbackList(add_history=True, epochs=1)
        >>> callbacks.on_train_begin()
        >>> callbacks.on_epoch_end(0, {"loss": 1.0})
        >>> callbacks.callbacks[0].history
        {'loss': [1.0]}
    """

    # The epoch of a training, how many of its batches are done, and the logs of those.
    place: tuple[int, int, Logs] = 0, 0, None
    resumed = False

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = [] if callbacks is None else tree.flatten(callbacks)
        for callback in self.callbacks:
            _check(callback)
        for wanted, kind in ((add_history, History), (add_progbar, ProgbarLogger)):
            if wanted and not any(isinstance(c, kind) for c in self.callbacks):
                self.callbacks.append(kind())
        # What the others did and know is a part of a backup: it comes after them.
        self.callbacks.sort(key=_makes_backups)
        for callback in filter(_makes_backups, self.callbacks):
            callback.together = self
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand `params` to each callback, unless they are empty."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand the model to each callback; its `history` is the one of the list."""
        super().set_model(model)
        for callback in self.callbacks:
            if isinstance(callback, History):
                model.history = callback
            callback.set_model(model)

    @property
    def needs_train_batches(self) -> bool:
        """Whether some callback must be called for each training batch."""
        hooks = ("on_train_batch_begin", "on_train_batch_end")
        return self._need(*hooks, "on_batch_begin", "on_batch_end", bulk="on_progress")

    @property
    def needs_test_batches(self) -> bool:
        """Whether some callback must be called for each batch of an evaluation."""
        hooks = ("on_test_batch_begin", "on_test_batch_end")
        return self._need(*hooks, bulk="on_progress")

    @property
    def needs_predict_batches(self) -> bool:
        """Whether some callback must be called for each predicted batch."""
        hooks = ("on_predict_batch_begin", "on_predict_batch_end")
        return self._need(*hooks, bulk="on_progress")

    @property
    def changes_tests(self) -> bool:
        """Whether some callback may change the model before an evaluation."""
        return self.needs_test_batches or self._need(
            "on_test_begin", bulk="on_epochs_end"
        )

    @property
    def needs_epochs(self) -> bool:
        """Whether some callback must be called for each epoch, or each validation."""
        hooks = ("on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end")
        batches = self.needs_train_batches or self.needs_test_batches
        return batches or self._need(*hooks, bulk="on_epochs_end")

    def _need(self, *hooks: str, bulk: str) -> bool:
        """Say whether a hook is in use that `bulk` of its class does not stand for."""
        return any(
            callback.uses(hook) and _depth(callback, hook) < _depth(callback, bulk)
            for callback in self.callbacks
            for hook in hooks
        )

    def progress(self, step: int, logs: Logs = None) -> None:
        """Tell how far the epoch is: `step` of its batches are done.

        Args:
            step: number of batches, counted from 1.
            logs: running loss and metrics; best as `LazyLogs`.
        """
        logs = to_python(logs)
        for callback in self.callbacks:
            callback.on_progress(step, logs)

    def extend(self, first_epoch: int, logs: dict[str, list[float]]) -> None:
        """Tell of several epochs at once, none of which anybody asked for singly.

        Args:
            first_epoch: number of the first, counted from 0.
            logs: dictionary of lists with one float for each epoch.
        """
        self.place = first_epoch + len(next(iter(logs.values()))), 0, None
        for callback in self.callbacks:
            callback.on_epochs_end(first_epoch, logs)

    def get_state(self) -> dict[str, Any]:
        """Return the states of the callbacks that have one, under their classes' names.

        The second of a class is called `Name_1`, and so on.
        """
        return {name: callback.get_state() for name, callback in self._stateful()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Give each callback its state back; call it after `on_train_begin`.

        A state whose callback is not in the list is left, with a warning.
        """
        known = dict(self._stateful())
        for name, value in state.items():
            if name in known:
                known[name].set_state(value)
            else:
                warnings.warn(
                    f"The saved training had a callback `{name}` which is not in "
                    f"`callbacks` now: its state is left out. Present: {list(known)}.",
                    stacklevel=2,
                )

    def begin(self, initial: int) -> Any:
        """Call `on_train_begin`; return epoch, step and logs where a run goes on."""
        last, self.model._running = vars(self.model).pop("_last_run", None), self
        self.place, self.resumed = (initial, 0, None), False
        self.on_train_begin()
        goes_on = last is not None and last["loaded"] and last["epoch"] == initial > 0
        if goes_on and not self.resumed:
            self._continue(last)
        return self.place if self.resumed else None

    def end(self) -> None:
        """Leave with the model where its training stands, for the file it is saved in.

        Nothing is left of one that ended by itself: who goes on after that begins anew.
        """
        vars(self.model).pop("_running", None)
        if not self.model.stop_training:
            self.model._last_run = {**self._run(), "loaded": False}

    def get_run(self) -> dict[str, Any]:
        """Return all that the training depends on beside the model."""
        return {**self._run(), "random": random.default_state()}

    def _run(self) -> dict[str, Any]:
        """Return the run without the default generator, whose state must be fetched."""
        epoch, step, logs = self.place
        metrics = self.model.metrics_variables if step else []
        return {
            "epoch": epoch,
            "step": step,
            "logs": dict(to_python(logs) or {}),
            "stop": self.model.stop_training,
            "metrics": [v.numpy() for v in metrics],
            "callbacks": self.get_state(),
        }

    def set_run(self, run: dict[str, Any]) -> None:
        """Go on from what `get_run` returned; call it after `on_train_begin`."""
        self.place, self.resumed = (run["epoch"], run["step"], run["logs"]), True
        self.model.stop_training = run["stop"]
        if run["random"] is not None:
            random.default_generator().state.assign(run["random"])
        for variable, value in zip(self.model.metrics_variables, run["metrics"]):
            variable.assign(value)
        self.set_state(run["callbacks"])

    def _continue(self, run: dict[str, Any]) -> None:
        """Go on from what a model file keeps of a run, with callbacks like its own."""
        states = {
            name: {k: v for k, v in found.items() if k in callback.initial_state}
            for name, callback in self._stateful()
            if callback.state_in_models and (found := run["callbacks"].get(name))
        }
        self.set_run({**run, "callbacks": states})

    def _stateful(self) -> Iterator[tuple[str, Callback]]:
        seen: Counter[str] = Counter()
        for callback in self.callbacks:
            name = type(callback).__name__
            if callback.initial_state:
                yield (f"{name}_{seen[name]}" if seen[name] else name), callback
                seen[name] += 1

    on_train_begin = _of_run("on_train_begin")
    on_train_end = _of_run("on_train_end")
    on_test_begin = _of_run("on_test_begin")
    on_test_end = _of_run("on_test_end")
    on_predict_begin = _of_run("on_predict_begin")
    on_predict_end = _of_run("on_predict_end")
    on_epoch_begin = _of_epoch("on_epoch_begin")
    on_epoch_end = _of_epoch("on_epoch_end")
    on_batch_begin = _of_batch("on_batch_begin")
    on_batch_end = _of_batch("on_batch_end")
    on_train_batch_begin = _of_batch("on_train_batch_begin")
    on_train_batch_end = _of_batch("on_train_batch_end")
    on_test_batch_begin = _of_batch("on_test_batch_begin")
    on_test_batch_end = _of_batch("on_test_batch_end")
    on_predict_batch_begin = _of_batch("on_predict_batch_begin")
    on_predict_batch_end = _of_batch("on_predict_batch_end")


def _makes_backups(callback: Callback) -> bool:
    return isinstance(callback, BackupAndRestore)


def _check(callback: Any) -> None:
    if isinstance(callback, type):
        raise TypeError(
            f"`callbacks` holds the class `{callback.__name__}` itself: write "
            f"`{callback.__name__}()`."
        )
    if not isinstance(callback, Callback):
        raise TypeError(
            "`callbacks` must hold `keras.callbacks.Callback` objects, but has "
            f"{callback!r} of type `{type(callback).__name__}`. For a plain function "
            "use `LambdaCallback(on_epoch_end=function)`."
        )
