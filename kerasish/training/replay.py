"""Running ahead of callbacks that want each epoch, or each batch.

An epoch of a tiny model takes less than starting a compiled program. So several units
(epochs or steps) are run at once, and then the hooks are called unit by unit, with the
logs of each. If a hook reads a variable, it gets the value of that moment: the units up
to there are run once more from the state before. If it assigns one, what was run beyond
is forgotten, and training goes on from there.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import backend
from .program import Program

__all__ = ["Replay", "by_epoch"]

SAVED = 1e-4  # seconds that it costs to start a program
LONGEST = 0.02  # seconds to run ahead, at most

Run = Callable[[int, int], Any]


class Replay:
    """Runs a program ahead, and shows its states one after the other.

    Args:
        program: its units are epochs, or steps; it leaves the state before a run alone.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._cells = [v.__dict__ for v in program.changing]
        self._draws = [partial(self._draw, i) for i in range(len(self._cells))]
        self._at = self._count = self._calm = 0  # of a run; units without disturbance
        self._seconds: float | None = None  # per unit
        self._base: tuple[int, list[Any]] = 0, []  # a unit, and the state before it
        self._last: list[Any] = []  # the state after all
        self._again: Run | None = None
        self._given: dict[int, Any] = {}  # place -> the value that we gave

    def next(self, left: int, run: Run) -> dict[str, Any]:
        """Let the variables be as after the next unit; return its logs.

        Args:
            left: how many units there are still, at least 1.
            run: runs some of them, called with the first (0: the next) and the number.
        """
        if self._is_disturbed():
            self.settle()
        if self._at == self._count:
            self._run(left, run)
        self._at += 1
        self._calm += 1
        if self._at == self._count:
            self._put(self._last)
        elif self._at == 1 or self._given:
            self._given = {}
            for variable, draw in zip(self.program.changing, self._draws):
                variable.defer(draw)
        return {key: values[self._at - 1] for key, values in self._logs.items()}

    def settle(self) -> None:
        """Forget what was run beyond the present unit."""
        if self._at < self._count:
            self._catch_up()
        self._at = self._count = self._calm = 0
        self._base, self._last, self._again = (0, []), [], None

    def _run(self, left: int, run: Run) -> None:
        count, warm = min(left, self._wanted()), self.program.runs > 0
        self._again = run
        self._base = 0, self._values()
        begin = time.perf_counter()
        self._logs = by_epoch(run(0, count), count)
        if warm:
            self._seconds = (time.perf_counter() - begin) / count
        self._last = self._values()
        self._at, self._count = 0, count

    def _wanted(self) -> int:
        """How many units to run; those in vain must not cost more than was saved."""
        if self._seconds is None:
            return 1
        calm = self._calm * min(1.0, SAVED / self._seconds)
        most = min(self.program.most_epochs, LONGEST / self._seconds)
        return max(1, int(min(1 + calm, most)))

    def _is_disturbed(self) -> bool:
        """Say whether a variable has another value than we gave it."""
        for place, cell in enumerate(self._cells):
            if "_value" in cell and cell["_value"] is not self._given.get(place):
                return True
        return False

    def _values(self) -> list[Any]:
        return [v._value for v in self.program.changing]

    def _put(self, values: list[Any]) -> None:
        for variable, value in zip(self.program.changing, values):
            variable.replace(value)
        self._given = dict(enumerate(values))

    def _draw(self, place: int) -> Any:
        with backend.eager():
            self._catch_up()
        return self._cells[place]["_value"]

    def _catch_up(self) -> None:
        """Give variables that have no value the one after the present unit."""
        known = {i: c["_value"] for i, c in enumerate(self._cells) if "_value" in c}
        unit, values = self._base
        self._put(values)
        assert self._again is not None
        self._again(unit, self._at - unit)
        self._base = self._at, self._values()
        self._put(self._base[1])
        self._calm = 0
        for place, value in known.items():  # assigned by a hook
            variable = self.program.changing[place]
            variable._value, variable.exposed = value, True


def by_epoch(logs: Any, count: int) -> dict[str, list[Any]]:
    """Several epochs' logs as lists of Python floats; nested dicts are opened."""
    found: dict[str, list[Any]] = {}
    for key, x in sorted(logs.items()):
        if isinstance(x, dict):
            found.update(by_epoch(x, count))
        else:
            rows = np.asarray(x)[:count]
            found[key] = rows.tolist() if rows.ndim == 1 else list(rows)
    return found
