"""Findings about the data alone, from a sample of their rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import tree
from ..data import named_leaves, nonfinite
from .findings import Finding, finding

__all__ = ["look_at_inputs", "look_at_split", "look_at_targets", "sample", "whole"]

MOST_ROWS = 1000
MOST_NUMBERS = 2**22  # of a sample: large images are looked at by fewer rows
FEWEST_ROWS = 32
TABLE = 50  # columns; in wider ones (pixels, words) constant columns are usual
LARGE = 100.0
UNLIKE = 100.0  # ratio of the columns' spans
IMBALANCE, RARE = 20, 0.02
FAR = 0.5  # distance of two distributions of labels
SCALING = ("Normalization", "Rescaling", "BatchNormalization", "LayerNormalization")


def sample(data: Any, rows: int, most: int = MOST_ROWS) -> Any:
    """Return evenly spaced rows of a structure of arrays, as NumPy arrays.

    Args:
        data: arrays with a common first axis; None stays.
        rows: how many rows they have.
        most: upper limit; less for arrays with many numbers in a row.
    """
    leaves = [a for a in tree.flatten(data) if a is not None]
    numbers = max((int(np.prod(a.shape[1:])) for a in leaves), default=1)
    count = min(most, rows, max(FEWEST_ROWS, MOST_NUMBERS // max(numbers, 1)))
    if count == rows:
        picked: Any = slice(None)
    else:
        picked = np.arange(count) * rows // count
    return tree.map_structure(
        lambda a: None if a is None else np.asarray(a)[picked], data, none_is_leaf=True
    )


def look_at_inputs(x: Any, model: Any) -> Iterator[Finding]:
    """Find NaN, columns that say nothing, and scales that do not go together."""
    layers = model._flatten_layers(include_self=False)
    scaled = any(type(layer).__name__ in SCALING for layer in layers[:4])
    # Functions in the graph may scale; whole numbers may be looked up.
    scaled = scaled or not all(hasattr(o, "variables") for o in model.operations[:3])
    looked_up = any("Embedding" in type(layer).__name__ for layer in layers)
    for name, leaf in named_leaves(x, "x"):
        bad = nonfinite(leaf)
        if bad:
            yield finding("not_finite", name=name, **bad)
        elif leaf.dtype.kind == "f" or (leaf.dtype.kind in "iu" and not looked_up):
            values = leaf.astype("float64")
            if leaf.ndim == 2:
                yield from _look_at_columns(values, name, scaled)
            low, high = float(values.min()), float(values.max())
            if max(-low, high) > LARGE and not scaled:
                most = 255.0 if leaf.dtype == np.uint8 else max(-low, high)
                limits = {"low": low, "high": high, "most": most}
                yield finding("large_inputs", name=name, **limits)


def _look_at_columns(x: np.ndarray, name: str, scaled: bool) -> Iterator[Finding]:
    if len(x) < 2 or x.shape[1] > TABLE:
        return
    spans = np.ptp(x, axis=0)
    constant = np.flatnonzero(spans == 0)
    if len(constant):
        column = int(constant[0])
        counts = {"count": len(constant), "columns": x.shape[1], "rows": len(x)}
        value = float(x[0, column])
        yield finding(
            "constant_columns", name=name, column=column, value=value, **counts
        )
    spans = np.where(spans == 0, np.nan, spans)
    if scaled or len(constant) == len(spans):
        return
    narrow, wide = int(np.nanargmin(spans)), int(np.nanargmax(spans))
    least, most = float(spans[narrow]), float(spans[wide])
    if most > UNLIKE * least:
        evidence = {"ratio": most / least, "least": least, "most": most}
        yield finding(
            "unscaled_inputs", name=name, narrow=narrow, wide=wide, **evidence
        )


def whole(y: np.ndarray) -> bool:
    """Say whether all values are whole numbers."""
    return y.dtype.kind in "iub" or bool(np.all(y == np.floor(y)))


def classes_of(y: np.ndarray) -> np.ndarray | None:
    """Return class numbers, from integers or one-hot rows; None if there are none."""
    if y.ndim == 2 and y.shape[1] > 1:
        one_hot = np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1)
        return y.argmax(axis=1) if one_hot else None
    y = y.reshape(len(y), -1)
    if y.shape[1] != 1 or not whole(y):
        return None
    return y[:, 0].astype("int64")


def look_at_targets(y: np.ndarray, squared: bool) -> Iterator[Finding]:
    """Find NaN, rare classes, and targets far from the numbers networks start with.

    Args:
        y: targets of one output.
        squared: whether the loss squares differences.
    """
    bad = nonfinite(y)
    if bad:
        yield finding("not_finite", name="y", **bad)
        return
    labels = None if squared else classes_of(y)
    if labels is not None:
        names, counts = np.unique(labels, return_counts=True)
        rare, often = int(counts.argmin()), int(counts.argmax())
        few, many = int(counts[rare]), int(counts[often])
        if len(names) <= TABLE and many > IMBALANCE * few and few < RARE * len(y):
            who = {"rare": int(names[rare]), "frequent": int(names[often])}
            yield finding("class_imbalance", fewest=few, most=many, rows=len(y), **who)
    elif squared:
        mean, deviation = float(y.mean()), float(y.std())
        if max(abs(mean), deviation) > LARGE:
            yield finding("unscaled_targets", mean=mean, deviation=deviation)


def look_at_split(head: Any, tail: Any) -> Iterator[Finding]:
    """Find labels sorted before a split: the tail's differ from the head's.

    Args:
        head: targets to train on, tail: to validate on; structures of arrays.
    """
    rows = [len(tree.flatten(part)[0]) for part in (head, tail)]
    for first, last in zip(tree.flatten(head), tree.flatten(tail)):
        if first is None or last is None:
            continue
        parts: list[Any] = [classes_of(sample(y, len(y))) for y in (first, last)]
        if parts[0] is None or parts[1] is None:
            continue
        names, places = np.unique(np.concatenate(parts), return_inverse=True)
        if len(parts[1]) < max(10, 2 * len(names)):
            continue  # so few rows differ by chance
        cut, kinds = len(parts[0]), len(names)
        shares = [
            np.bincount(p, minlength=kinds) / len(p)
            for p in (places[:cut], places[cut:])
        ]
        distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
        if distance > FAR:
            counts = {"head": rows[0], "tail": rows[1]}
            fraction = rows[1] / sum(rows)
            yield finding(
                "sorted_labels", distance=distance, fraction=fraction, **counts
            )
