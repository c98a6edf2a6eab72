"""Progress on standard output: a live bar for people, plain lines for log files."""

import logging
import math
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any

from .. import config
from .callback import Callback, Logs
from .logs import EACH

__all__ = ["Progbar", "ProgbarLogger", "write"]

REFRESH = 0.1  # seconds between two drawings of a live bar
MANY_EPOCHS = 100  # beyond this, not every epoch leaves a line behind
LINE_EVERY = 1.0  # seconds between two such lines


def write(text: str) -> None:
    """Print a line without disturbing a live bar.

    With `config.disable_interactive_logging()` it goes to the logger `kerasish`.
    """
    if not config.is_interactive_logging_enabled():
        logging.getLogger("kerasish").info(text)
    elif "tqdm" in sys.modules:  # somebody's bar may be open: it steps aside
        sys.modules["tqdm"].tqdm.write(text)
    else:
        print(text)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _is_live() -> bool:
    """Say whether a line on standard output can be drawn again and again."""
    if not config.is_interactive_logging_enabled():
        return False
    isatty = getattr(sys.stdout, "isatty", None)
    return bool(isatty and isatty()) or _in_notebook()


def _format(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.4e}"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _pace(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/{unit}"
    return f"{seconds * 1e6:.0f}us/{unit}"


class Line:
    """One line of progress, drawn over itself while live and left at the end."""

    def __init__(
        self, title: str, total: int | None, live: bool, unit: str, width: int = 20
    ) -> None:
        self.live, self.unit, self.width = live, unit, width
        self._bar: Any = None
        self.restart(title, total)

    def restart(self, title: str, total: int | None) -> None:
        """Begin to count anew in the same line."""
        self.title, self.total = title, total
        self.start = time.monotonic()
        self.seconds: float | None = None  # None: take the clock

    def draw(
        self, step: int, items: Iterable[tuple[str, Any]], done: bool = False
    ) -> None:
        """Show the state of a live line."""
        if self._bar is None:
            self._bar = self._open()
        elapsed = self._elapsed()
        pace = elapsed / step if step else 0.0
        left = pace * (self.total - step) if self.total and not done else elapsed
        tail = [f"{_duration(left)} {_pace(pace, self.unit)}", *_metrics(items)]
        parts = [f"{self.title} {self._count(step)}".strip(), " - ".join(tail)]
        parts = [part.replace("{", "{{").replace("}", "}}") for part in parts]
        columns = shutil.get_terminal_size().columns or 80  # some terminals say 0
        self.fits = len(" ".join(parts)) + self.width < columns
        if self.total:
            parts.insert(1, "{bar}" if _in_notebook() else f"{{bar:{self.width}}}")
        self._bar.bar_format = " ".join(parts)
        self._bar.total, self._bar.n = self.total, step
        if not _in_notebook():
            self._bar.ncols = columns
        self._bar.refresh()

    def finish(self, step: int, items: list[tuple[str, Any]]) -> None:
        """Leave the line with its final content, all of it."""
        if not self.live:
            write(self.text(step, items))
            return
        self.draw(step, items, done=True)
        self._bar.leave = self.fits or _in_notebook()
        self._bar.close()
        if not self._bar.leave:
            write(self.text(step, items))
        self._bar = None

    def text(self, step: int, items: Iterable[tuple[str, Any]]) -> str:
        """Return the line as plain text."""
        parts = [self.title, self._count(step), f"{self._elapsed():.1f}s"]
        return " - ".join([part for part in parts if part] + _metrics(items))

    def _elapsed(self) -> float:
        if self.seconds is not None:
            return self.seconds
        return time.monotonic() - self.start

    def _count(self, step: int) -> str:
        if self.total:
            return f"{step:>{len(str(self.total))}}/{self.total}"
        return f"{step}/Unknown" if step else ""

    def _open(self) -> Any:
        how: dict[str, Any] = {"file": sys.stdout, "bar_format": "{desc}"}
        if _in_notebook():
            from tqdm.auto import tqdm

            return tqdm(total=self.total, dynamic_ncols=True, **how)
        from tqdm import tqdm

        # Some terminals say that they have 0 rows: tqdm would draw nothing there.
        return tqdm(total=self.total, ncols=80, nrows=24, **how)


def _metrics(items: Iterable[tuple[str, Any]]) -> list[str]:
    return [f"{name}: {_format(value)}" for name, value in items]


def _ordered(logs: Logs) -> list[tuple[str, Any]]:
    """Return the metrics with the loss first, those of validation behind.

    Of replicas only the means are shown.
    """

    def rank(item: tuple[str, Any]) -> tuple[bool, bool]:
        name = item[0]
        return name.startswith("val_"), name.removeprefix("val_") != "loss"

    shown = [item for item in (logs or {}).items() if not item[0].endswith(EACH)]
    return sorted(shown, key=rank)


class Progbar:
    """A progress bar for loops of one's own.

    In a terminal or notebook it is a live bar; elsewhere one plain line at the end.

    Args:
        target: number of steps, None if it is not known.
        width: width of the bar in characters.
        verbose: 0 silent, 1 bar, 2 one line at the end.
        interval: least number of seconds between two drawings.
        stateful_metrics: names of values shown as they come; others are averaged.
        stateless_metrics: names of values to average; others are shown as they come.
        unit_name: what a step is called.

    Raises:
        ValueError: if both lists of names are given.

    Example:
        >>> bar = keras.utils.Progbar(3, verbose=2)
        >>> for step in range(3):
        ...     bar.add(1, values=[("loss", 0.5)])
        3/3 - 0.0s - loss: 0.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "`Progbar` takes `stateful_metrics` (the others are averaged) or "
                "`stateless_metrics` (the others are not), but not both."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = None
        self.stateless_metrics = None
        if stateless_metrics is not None:
            self.stateless_metrics = set(stateless_metrics)
        else:
            self.stateful_metrics = set(stateful_metrics or ())
        self._seen_so_far = 0
        self._sums: dict[str, tuple[Any, float]] = {}
        self._line = Line("", target, _is_live() and verbose == 1, unit_name, width)
        self._drawn = -math.inf

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that `current` steps are done.

        Args:
            current: number of steps done so far.
            values: pairs of name and value for the steps since the last call.
            finalize: whether this is the last call; None: when `target` is reached.
                The values of the last call are shown as they are.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._seen_so_far, 1)
        for name, value in values or ():
            self._collect(name, value, steps, finalize)
        self._seen_so_far = current
        if self.verbose == 0:
            return
        items = [(name, total / count) for name, (total, count) in self._sums.items()]
        now = time.monotonic()
        if finalize:
            self._line.finish(current, items)
        elif self._line.live and now - self._drawn >= self.interval:
            self._line.draw(current, items)
            self._drawn = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen_so_far + n, values)

    def _collect(self, name: str, value: Any, steps: int, finalize: bool) -> None:
        if self.stateful_metrics is not None:
            averaged = name not in self.stateful_metrics
        else:
            averaged = name in (self.stateless_metrics or ())
        if averaged and not finalize:
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value * steps, count + steps
        else:
            self._sums[name] = value, 1


class ProgbarLogger(Callback):
    """Shows the progress of training, evaluating and predicting; `fit` adds it.

    In a terminal or notebook each epoch has a live bar, elsewhere one plain line.
    With more than 100 epochs lines that come within a second are dropped (the history
    has them all), but never the last. It is refreshed by time, never for each batch.

    Example:
        >>> logger = keras.callbacks.ProgbarLogger()
        >>> logger.set_params({"verbose": 2, "epochs": 1, "steps": 4})
        >>> logger.on_train_begin()
        >>> logger.on_epochs_end(0, {"loss": [0.25]})
        Epoch 1/1 - 4/4 - 0.0s - loss: 0.2500
    """

    def __init__(self) -> None:
        super().__init__()
        self._reset()

    def _reset(self) -> None:
        self._line: Line | None = None
        self._training = self._validating = False
        self._step = 0  # batches done of this epoch
        self._drawn = self._left = -math.inf  # when last drawn, when last left a line
        self._pending: tuple[int, list[tuple[str, Any]]] | None = None
        self._bulk_start = time.monotonic()

    def _param(self, name: str, default: Any) -> Any:
        value = (self.params or {}).get(name)
        return default if value is None else value

    def _begin(self, title: str) -> None:
        """Start a line, or use the one that is open once more."""
        total = self._param("steps", None)
        if self._line is None:
            verbose = self._param("verbose", 1)
            live = verbose in (1, True, "auto") and _is_live()
            self._line = Line(title, total, live, "step")
        else:
            self._line.restart(title, total)
        self._step = 0

    def _end(self, logs: Logs, leave: bool) -> None:
        """Leave the line with the final logs, or let the next one take its place."""
        if self._line is None or not self._param("verbose", 1):
            return
        line, items = self._line, _ordered(logs)
        step = line.total or self._step
        line.total = step or None
        if leave:
            line.finish(step, items)
            self._line, self._pending = None, None
            self._left = time.monotonic()
            return
        if line.seconds is None:
            line.seconds = time.monotonic() - line.start
        self._pending = step, items
        if line.live and time.monotonic() - self._drawn >= REFRESH:
            line.draw(step, items, done=True)
            self._drawn = time.monotonic()

    def _leaves_line(self, epoch: int) -> bool:
        epochs = self._param("epochs", 1)
        due = time.monotonic() - self._left >= LINE_EVERY
        return epochs <= MANY_EPOCHS or due or epoch + 1 == epochs

    def _title(self, epoch: int) -> str:
        return f"Epoch {epoch + 1}/{self._param('epochs', 'Unknown')}"

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start anew."""
        self._reset()
        self._training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Show the last epoch if its line was dropped."""
        if self._line is not None and self._pending is not None:
            self._line.finish(*self._pending)
        self._reset()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Start the line of an epoch."""
        self._begin(self._title(epoch))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Finish the line of an epoch."""
        self._end(logs, leave=self._leaves_line(epoch))
        self._bulk_start = time.monotonic()

    def on_epochs_end(self, first_epoch: int, logs: dict[str, list[float]]) -> None:
        """Show epochs that were trained at once: each, or of very many the last."""
        count = max(map(len, logs.values()), default=0)
        seconds = (time.monotonic() - self._bulk_start) / max(count, 1)
        many = self._param("epochs", 1) > MANY_EPOCHS
        for index in range(count - 1 if many else 0, count):
            self._begin(self._title(first_epoch + index))
            assert self._line is not None
            self._line.seconds = seconds
            values = {k: v[index] for k, v in logs.items() if index < len(v)}
            self._end(values, leave=self._leaves_line(first_epoch + index))
        self._bulk_start = time.monotonic()

    def on_progress(self, step: int, logs: Logs = None) -> None:
        """Draw the live bar again, unless that was a moment ago."""
        if self._validating or self._line is None:
            return
        self._step = step
        now = time.monotonic()
        if self._line.live and now - self._drawn >= REFRESH:
            self._line.draw(step, _ordered(logs))
            self._drawn = now

    def progress(self, step: int, logs: Logs = None) -> None:
        """Do what `on_progress` does."""
        self.on_progress(step, logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Start the line of an evaluation; validation within training has none."""
        self._validating = self._training
        if not self._training:
            self._begin("")

    def on_test_end(self, logs: Logs = None) -> None:
        """Finish the line of an evaluation."""
        if not self._training:
            self._end(logs, leave=True)
        self._validating = False

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Start the line of a prediction."""
        self._begin("")

    def on_predict_end(self, logs: Logs = None) -> None:
        """Finish the line of a prediction."""
        self._end(None, leave=True)
