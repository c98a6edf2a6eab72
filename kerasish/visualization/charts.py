"""Charts of numbers: the course of a training, and what was taken for what."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .axes import Axes, hex_of, legend, mixed, spread
from .picture import INK, PALETTE, Circle, Line, Picture, Rect, Text, text_width

__all__ = ["plot_confusion_matrix", "plot_history"]

PANEL, HEIGHT, COLUMNS = 420, 230, 3


def plot_history(
    history: Any, names: Sequence[str] | None = None, log: bool = False
) -> Picture:
    """Draws the course of a training: a panel with all losses, one for each metric.

    What was measured in validation is dashed.

    Args:
        history: what `fit` returned, or its dictionary of lists.
        names: which losses and metrics, without `val_`; None: all.
        log: whether the upright scale is logarithmic.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if there is nothing to draw, or a name is not known.

    Example:
        >>> logs = {"loss": [0.9, 0.4, 0.3], "val_loss": [0.8, 0.5, 0.5]}
        >>> picture = keras.visualization.plot_history(logs)
        >>> print(picture)
        loss
        loss  val_loss
        0.8
        0.6
        0.4
        1  2  3
        epoch
    """
    logs = {k: v for k, v in getattr(history, "history", history).items() if len(v)}
    known = list(dict.fromkeys(name.removeprefix("val_") for name in logs))
    chosen = known if names is None else list(names)
    if not known or not chosen or set(chosen) - set(known):
        raise ValueError(
            f"`names`: the history has {known or 'no epochs yet: call `fit` first'}, "
            f"got {names!r}."
        )
    groups: dict[str, list[str]] = {}
    for name in sorted(chosen, key=lambda name: not name.endswith("loss")):
        groups.setdefault("loss" if name.endswith("loss") else name, []).append(name)
    shapes: list[Any] = []
    bottoms = [0.0]
    for number, (title, group) in enumerate(groups.items()):
        if number % COLUMNS == 0:
            top = max(bottoms)
        place = (PANEL * (number % COLUMNS), top)
        drawn, bottom = _panel(title, group, logs, place, log)
        shapes += drawn
        bottoms.append(bottom)
    width = PANEL * min(COLUMNS, len(groups))
    return Picture(width, max(bottoms), shapes, "The course of a training")


def _panel(
    title: str,
    names: list[str],
    logs: dict[str, Any],
    place: tuple[float, float],
    log: bool,
) -> tuple[list[Any], float]:
    """The shapes of a panel, and the y below it."""
    x, y = place
    curves: list[tuple[str, str, bool]] = []
    for number, name in enumerate(names):
        for full in (name, f"val_{name}"):
            colour = PALETTE[(number if len(names) > 1 else len(curves)) % len(PALETTE)]
            if full in logs:
                curves.append((full, colour, full != name))

    def sample(colour: str, dashed: bool) -> Any:
        return lambda a, b: [Line([(a, b), (a + 24, b)], colour, 2, dashed)]

    entries = [(name, sample(colour, dashed)) for name, colour, dashed in curves]
    shapes, top = legend(entries, x + 62, y + 42, PANEL - 82)
    shapes.append(Text(x + 62, y + 22, title, 14, bold=True))
    values = [np.asarray(logs[name], "float64") for name, _, _ in curves]
    epochs = max(map(len, values))
    ends = (1.0, float(epochs)) if epochs > 1 else (0.5, 1.5)
    up = spread(np.concatenate([v.ravel() for v in values]), log)
    axes = Axes(x + 62, top - 4, PANEL - 82, HEIGHT, ends, up, log)
    shapes += axes.frame("epoch", whole=True)
    for (name, colour, dashed), numbers in zip(curves, values):
        every = epochs // len(numbers)  # validation may be rarer
        for column in numbers.reshape(len(numbers), -1).T:
            where = np.arange(1, len(column) + 1) * every
            shapes += _curve(axes, where, column, (name, colour, dashed))
    return shapes, top + HEIGHT + 48


def _curve(
    axes: Axes, epochs: np.ndarray, values: np.ndarray, look: tuple[str, str, bool]
) -> list[Any]:
    """A line, broken where there is no number; a dot for one alone."""
    name, colour, dashed = look
    good = np.isfinite(values) & ((values > 0) | (not axes.log))
    pieces: list[list[tuple[float, float]]] = [[]]
    for epoch, value, fine in zip(epochs, values, good):
        if fine:
            pieces[-1].append(axes.point(float(epoch), float(value)))
        elif pieces[-1]:
            pieces.append([])
    return [
        Line(piece, colour, 2, dashed, title=name)
        if len(piece) > 1
        else Circle(*piece[0], 3.5, colour, title=name)
        for piece in pieces
        if piece
    ]


def plot_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[str] | None = None,
    normalize: bool = False,
) -> Picture:
    """Draws how often each class was taken for which: a row for each true class.

    Args:
        y_true: labels, whole numbers from 0 or strings; or one-hot rows.
        y_pred: labels, or what a model predicts: a row of class scores for each
            sample, or one probability each (at least 0.5: class 1).
        class_names: names of the classes 0, 1, ...; default: the labels themselves.
        normalize: whether the numbers are parts of their row instead of counts.

    Returns:
        A `Picture`: a notebook shows it, `save(path)` writes it.

    Raises:
        ValueError: if there are not as many predictions as labels, or a label belongs
            to no class.

    Example:
        >>> picture = keras.visualization.plot_confusion_matrix(
        ...     [0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["cat", "dog"])
        >>> print(picture)
        2 of 3 right (66.7 %)
        cat  1  0
        true
        dog  1  1
        cat  dog
        predicted
    """
    truth, guess = labels_of(y_true), labels_of(y_pred)
    if len(truth) != len(guess):
        raise ValueError(
            f"`y_true` has {len(truth)} labels and `y_pred` {len(guess)} predictions."
        )
    names, (rows, columns) = number_labels([truth, guess], class_names)
    counts = np.zeros((len(names), len(names)), "int64")
    np.add.at(counts, (rows, columns), 1)
    return _matrix(counts, names, normalize)


def labels_of(y: Any) -> np.ndarray:
    """Return one label for each sample of labels, one-hot rows or scores."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        return np.argmax(y, axis=1)
    y = y.reshape(len(y)) if y.ndim else y.reshape(1)
    if y.dtype.kind == "f" and (y != np.rint(y)).any():
        return (y >= 0.5).astype("int64")
    return y.astype("int64") if y.dtype.kind in "fbui" else y.astype(str)


def number_labels(
    parts: list[np.ndarray], class_names: Sequence[str] | None
) -> tuple[list[str], list[np.ndarray]]:
    """Return the names of the classes, and each array of labels as their numbers."""
    mixture = np.concatenate([p.astype(object) for p in parts])
    texts = any(isinstance(x, str) for x in mixture)
    if texts:
        names = [str(n) for n in class_names or sorted(set(map(str, mixture)))]
        given = {name: i for i, name in enumerate(names)}
        # beside texts a number is the place of a class, as models predict it
        found = [[given.get(x, x) for x in part.tolist()] for part in parts]
    else:
        count = int(max(mixture, default=0)) + 1
        names = [str(n) for n in class_names or range(count)]
        found = [part.tolist() for part in parts]
    for part in found:
        for x in part:
            if not isinstance(x, int) or not 0 <= x < len(names):
                raise ValueError(
                    f"The label {x!r} belongs to none of the {len(names)} classes "
                    f"{names[:8]}; pass `class_names` for all of them."
                )
    return names, [np.asarray(part, "int64") for part in found]


def _matrix(counts: np.ndarray, names: list[str], normalize: bool) -> Picture:
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    texts = [[f"{p:.2f}" if normalize else f"{c}" for p, c in zip(*r)]
             for r in zip(parts, counts)]  # fmt: skip
    wide = max(text_width(text, 12) for row in texts for text in row)
    cell = max(26.0, wide + 10) if len(names) <= 30 else 12.0
    longest = max(text_width(name, 12) for name in names)
    upright = longest > cell - 4
    left, top, side = 34 + longest + 8, 40.0, cell * len(names)
    shapes: list[Any] = []
    for i, name in enumerate(names):
        middle = cell * (i + 0.5)
        shapes.append(Text(left - 8, top + middle + 4, name, 12, "end"))
        below = (left + middle, top + side + 18, name)
        shapes.append(
            Text(left + middle + 4, top + side + 8, name, 12, "end", turn=-90)
            if upright
            else Text(*below, 12, "middle")
        )
        for j in range(len(names)):
            place = (left + cell * j, top + cell * i)
            shapes += _cell(place, cell, parts[i, j], texts[i][j], len(names) <= 30)
    shapes.append(Rect(left, top, side, side, "none", INK))
    low = top + side + (longest + 30 if upright else 42)
    shapes.append(Text(left + side / 2, low, "predicted", 12, "middle", bold=True))
    middle = top + side / 2
    shapes.append(Text(22, middle, "true", 12, "middle", bold=True, turn=-90))
    right = int(np.trace(counts))
    share = 100 * right / max(1, counts.sum())
    title = f"{right} of {counts.sum()} right ({share:.1f} %)"
    shapes.append(Text(left, 24, title, 13))
    width = max(left + side, left + text_width(title, 13)) + 20
    return Picture(width, low + 16, shapes, "Confusion matrix: " + title)


def _cell(
    place: tuple[float, float], size: float, part: float, text: str, told: bool
) -> list[Any]:
    x, y = place
    shapes: list[Any] = [
        Rect(x, y, size, size, hex_of(mixed("#0072B2", part)), "#dddddd", 0.5)
    ]
    if told:
        ink = "#ffffff" if part > 0.6 else INK if text.strip("0.") else "#999999"
        shapes.append(Text(x + size / 2, y + size / 2 + 4, text, 12, "middle", ink))
    return shapes
