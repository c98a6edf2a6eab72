"""Shuffling by NumPy's old generator, which Keras's published numbers are made with."""

from typing import Any

import numpy as np

__all__ = ["Split", "check_split", "shuffled", "split_rows"]

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def check_split(test_split: float) -> None:
    """Check a fraction.

    Raises:
        ValueError: unless 0 <= test_split < 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(
            f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 "
            "(exclusive of 1)."
        )


def shuffled(rng: np.random.RandomState, x: Any, y: Any) -> tuple[Any, Any]:
    """Return both in one new order."""
    order = np.arange(len(x))
    rng.shuffle(order)
    return x[order], y[order]


def split_rows(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Split:
    """Shuffle, and split off the last `test_split` of the rows."""
    check_split(test_split)
    x, y = shuffled(np.random.RandomState(seed), x, y)
    at = int(len(x) * (1 - test_split))
    return (x[:at], y[:at]), (x[at:], y[at:])
