"""What `load_weights` tells: where each weight came from, and what had no place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["LoadReport", "Row", "Weight", "table", "weight"]

MOST_ROWS = 60


class Weight(NamedTuple):
    """The name and the shape of a weight, in a file or in a model."""

    name: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.shape}"


class Row(NamedTuple):
    """One weight of the file, of the model, or of both, and what became of it."""

    file: Weight | None
    model: Weight | None
    what: str


@dataclass(repr=False)
class LoadReport:
    """What `load_weights` did, weight by weight.

    `loaded`, `missing`, `unexpected` and `reshaped` are lists of `Weight`s, which have
    a `name` and a `shape`. `str(report)` is a table of all of them.

    Args:
        rows: of each weight its name and shape in the file and in the model, and one of
            "loaded", "reshaped", "skipped" (the shapes differ), "missing" (from the
            file) and "unexpected" (not in the model).

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.save_weights("w.weights.h5")
        >>> report = model.load_weights("w.weights.h5")
        >>> [weight.shape for weight in report.loaded], report.missing
        ([(2, 1), (1,)], [])
    """

    rows: list[Row] = field(default_factory=list)

    @property
    def loaded(self) -> list[Weight]:
        """The model's weights that have the values of the file now."""
        return [r.model for r in self._those("loaded", "reshaped") if r.model]

    @property
    def missing(self) -> list[Weight]:
        """The model's weights that kept their values."""
        return [r.model for r in self._those("missing", "skipped") if r.model]

    @property
    def unexpected(self) -> list[Weight]:
        """The file's weights that went nowhere."""
        return [r.file for r in self._those("unexpected", "skipped") if r.file]

    @property
    def reshaped(self) -> list[Weight]:
        """Those of `loaded` that had axes of length one more, or less, in the file.

        Nothing else is ever reshaped.
        """
        return [r.model for r in self._those("reshaped") if r.model]

    def _those(self, *what: str) -> list[Row]:
        return [row for row in self.rows if row.what in what]

    def __repr__(self) -> str:
        parts = ("loaded", "missing", "unexpected", "reshaped")
        counts = ", ".join(f"{len(getattr(self, part))} {part}" for part in parts)
        rows = [row for row in self.rows if row.what != "loaded"]
        return f"<LoadReport: {counts}>" + ("\n" + _shown(rows) if rows else "")

    def __str__(self) -> str:
        return _shown(self.rows)


def _shown(rows: Sequence[Row]) -> str:
    file, model = ([str(r[i] or "") for r in rows] for i in (0, 1))
    return table(file, model, [row.what for row in rows])


def weight(name: str, thing: Any) -> Weight:
    """Describe a variable or a dataset under a name."""
    return Weight(name, tuple(thing.shape))


def table(file: Sequence[str], model: Sequence[str], *more: Iterable[str]) -> str:
    """Show what the file has beside what the model has.

    Args:
        file: the rows of the first column.
        model: those of the second; there may be more or fewer.
        more: a third column.
    """
    count = max(len(file), len(model))
    filled = [[*column, *[""] * (count - len(column))] for column in (file, model)]
    columns = [
        _column("file", filled[0]),
        _column("model", filled[1]),
        *(["", *column] for column in map(list, more)),
    ]
    rows = ["  " + " | ".join(cells).rstrip() for cells in zip(*columns)]
    if count > MOST_ROWS:
        rows[MOST_ROWS + 1 :] = [f"  ... and {count - MOST_ROWS} more"]
    return "\n".join(rows)


def _column(head: str, cells: list[str]) -> list[str]:
    width = max(map(len, [head, *cells[:MOST_ROWS]]))
    return [f"{cell:{width}}" for cell in (head, *cells)]
