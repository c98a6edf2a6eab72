"""A frame with scales, ticks and names, into which curves and maps are drawn."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .picture import PALE, Line, Rect, Text, shorten, text_width

__all__ = ["Axes", "diverging", "mixed", "ticks"]


class Axes(NamedTuple):
    """A rectangle of a picture that shows a range of numbers each way.

    Attributes:
        x, y, width, height: the rectangle, in pixels.
        across, up: (least, greatest) number shown.
        log: whether the upright scale is logarithmic.
    """

    x: float
    y: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]
    log: bool = False

    def point(self, a: float, b: float) -> tuple[float, float]:
        """Return where the numbers (a, b) are."""
        low, high = self.up
        if self.log:
            low, high, b = math.log10(low), math.log10(high), math.log10(b)
        left, right = self.across
        return (
            self.x + (a - left) / (right - left) * self.width,
            self.y + self.height - (b - low) / (high - low) * self.height,
        )

    def frame(
        self, name_across: str = "", name_up: str = "", whole: bool = False
    ) -> list[Any]:
        """Return lines and texts: ticks, a grid, names. `whole`: no 1.5 across."""
        shapes: list[Any] = []
        for number in ticks(*self.up, log=self.log):
            y = self.point(self.across[0], number)[1]
            ends = [(self.x, y), (self.x + self.width, y)]
            shapes.append(Line(ends, "#dddddd", 0.8))
            label = Text(self.x - 6, y + 4, _label(number), 11, "end", "#444444")
            shapes.append(label)
        bottom = self.y + self.height
        for number in ticks(*self.across, whole=whole):
            x = self.point(number, self.up[0])[0]
            shapes.append(Line([(x, bottom), (x, bottom + 4)], PALE, 1))
            shapes.append(Text(x, bottom + 17, _label(number), 11, "middle", "#444444"))
        shapes.append(Rect(self.x, self.y, self.width, self.height, "none", PALE))
        middle = (self.x + self.width / 2, bottom + 35)
        shapes.append(Text(*middle, shorten(name_across, 12, self.width), 12, "middle"))
        if name_up:
            name, y = shorten(name_up, 12, self.height), self.y + self.height / 2
            shapes.append(Text(self.x - 44, y, name, 12, "middle", turn=-90))
        return shapes


def ticks(
    low: float, high: float, log: bool = False, whole: bool = False
) -> list[float]:
    """Return some five round numbers within a range."""
    if log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = max(1, len(powers) // 6)
        parts = (1, 2, 5) if len(powers) <= 3 else (1,)
        numbers = [part * 10.0**p for p in powers[::every] for part in parts]
    else:
        rough = (high - low) / 5
        size = 10.0 ** math.floor(math.log10(rough))
        step = size * next(s for s in (1, 2, 2.5, 5, 10) if s * size >= rough * 0.999)
        step = max(1.0, math.ceil(step)) if whole else step
        first = math.ceil(low / step - 1e-9)
        numbers = [step * i for i in range(first, math.floor(high / step + 1e-9) + 1)]
    slack = 1e-9 * (high - low)
    return [n for n in numbers if low - slack <= n <= high + slack]


def _label(number: float) -> str:
    text = f"{number:.6g}"
    return text.replace("-", "−") if text != "-0" else "0"


def spread(numbers: Any, log: bool = False) -> tuple[float, float]:
    """Return the range of numbers with a little air around."""
    good = np.asarray(numbers, "float64")
    good = good[np.isfinite(good) & ((good > 0) | (not log))]
    if not good.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(good.min()), float(good.max())
    if log:
        return (low / 1.2, high * 1.2)
    air = 0.05 * (high - low) or 0.5 * abs(high) or 0.5
    return low - air, high + air


def mixed(colour: str, part: Any) -> np.ndarray:
    """Return white mixed with `part` (0 to 1, of any shape) of a colour, as bytes."""
    full = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], "float64")
    part = np.clip(np.nan_to_num(np.asarray(part, "float64")), 0, 1)[..., None]
    return np.rint(255 + (full - 255) * part).astype("uint8")


def diverging(value: Any) -> np.ndarray:
    """Return colours, as bytes: vermilion for −1, white for 0, blue for 1."""
    value = np.asarray(value, "float64")
    cold, warm = mixed("#0072B2", value), mixed("#D55E00", -value)
    return np.where((value > 0)[..., None], cold, warm)


def legend(
    entries: Sequence[tuple[str, Any]], x: float, y: float, room: float
) -> tuple[list[Any], float]:
    """Return names with their marks in rows of `room` pixels, and the y below them.

    The entries are (name, function of a place that returns the shapes of the mark).
    """
    shapes: list[Any] = []
    left = x
    for name, mark in entries:
        name = shorten(name, 11, room - 34)
        wide = 34 + text_width(name, 11) + 10
        if left > x and left + wide - 10 > x + room:
            left, y = x, y + 17
        shapes += [*mark(left, y - 4), Text(left + 30, y, name, 11)]
        left += wide
    return shapes, y + 17


def hex_of(colour: Any) -> str:
    """Return three bytes as `#rrggbb`."""
    return "#" + "".join(f"{int(c):02x}" for c in colour)
