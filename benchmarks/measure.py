"""Stopwatch, memory and what a workload is. It loads nothing but the standard library.

A contender is a function of one argument, `quick`, that returns measures by name; a
measure is `{"times": [seconds, ...], "part": p}`. Where only the part p < 1 of the
work was done, the times are already scaled to the whole.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Measures = dict[str, dict[str, Any]]
Contender = Callable[[bool], Measures]


@dataclass(frozen=True)
class Workload:
    """What is measured, in words, and who does it."""

    title: str
    contenders: dict[str, Contender]


@dataclass
class Pauses:
    """Seconds to leave out of the time since the start: for making data."""

    seconds: float = 0.0


PAUSES = Pauses()


def timed(run: Callable[[], object], repeats: int = 1, part: float = 1.0) -> dict:
    """Measure a call several times."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) / part)
    return {"times": times, "part": part}


def value(number: float, part: float = 1.0) -> dict:
    """A measure from one number."""
    return {"times": [number], "part": part}


def off_the_clock(make: Callable[[], Any]) -> Any:
    """Call, and leave its time out of `since_start`."""
    start = time.perf_counter()
    made = make()
    PAUSES.seconds += time.perf_counter() - start
    return made


def since_start() -> dict:
    """Time since `run.py` started this process."""
    started = float(os.environ.get("BENCHMARK_START", time.time()))
    return value(time.time() - started - PAUSES.seconds)


def peak_mib() -> float:
    """Most memory that this process ever had."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def resident_mib() -> float:
    """Memory that this process has now; the peak where Linux's /proc is missing."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_mib()
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


@dataclass(frozen=True)
class Job:
    """A training: the same for all contenders.

    `small` is used by `--quick`; `parts` says what slow contenders do instead of the
    whole, `{contender: {"epochs": fewer}}`, and so for "rows" and "repeats".
    """

    data: Callable[[int], tuple[Any, Any]]
    rows: int
    batch: int
    epochs: int
    loss: str = "crossentropy"  # of logits; or "mse", "binary" (of probabilities)
    optimizer: str = "Adam"
    rate: float = 0.001
    accuracy: bool = False
    validation: float = 0.0
    dropout: bool = False  # does the net need random numbers while it trains?
    repeats: int = 3
    part: float = 1.0
    small: dict[str, int] = field(default_factory=dict)
    parts: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, contender: str, quick: bool) -> "Job":
        """What this contender has to do."""
        changes = self.small if quick else self.parts.get(contender, {})
        changed = {name: changes.get(name, getattr(self, name)) for name in CHANGEABLE}
        part = 1.0
        if not quick:
            part = changed["rows"] * changed["epochs"] / (self.rows * self.epochs)
        own = {**vars(self), **changed, "part": part}
        return Job(**own | ({"repeats": 1} if quick else {}))

    def arrays(self) -> tuple[Any, Any]:
        """Inputs and targets."""
        return off_the_clock(lambda: self.data(self.rows))

    def held_out(self) -> int:
        """Rows that only validate: the last ones."""
        return self.rows - int(self.rows * (1 - self.validation))

    def measure(self, fit: Callable[[int], float]) -> Measures:
        """Time `fit(epochs)`, which trains on and returns the last loss."""
        fit(1)
        found = {"first epoch": since_start()}
        if self.epochs > 1:
            fit(self.epochs)
        losses: list[float] = []
        again = timed(lambda: losses.append(fit(self.epochs)), self.repeats, self.part)
        return {**found, "fit": again, "loss": value(losses[0])}


CHANGEABLE = ("rows", "epochs", "repeats")


def often(run: Callable[[], object], count: int) -> dict:
    """Measure a short call: seconds for one, five times over `count` calls."""
    for _ in range(count):
        run()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            run()
        times.append((time.perf_counter() - start) / count)
    return {"times": times, "part": 1.0}
