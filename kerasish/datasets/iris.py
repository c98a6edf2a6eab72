"""Iris: 150 flowers of three species."""

import csv
from pathlib import Path

import numpy as np

from .splitting import Split, split_rows

__all__ = ["get_label_names", "load_data"]

SPECIES = ("setosa", "versicolor", "virginica")


def load_data(test_split: float = 0.2, seed: int = 113) -> Split:
    """Return length and width of sepals and petals, and the species.

    The numbers are Fisher's own; some copies in use differ in the 35th and 38th flower.

    Args:
        test_split: fraction of the flowers for the test, below 1.
        seed: of the shuffling before the split.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `float32`, `(n, 4)` in centimetres, and
        `int32` species `(n,)`, 0 to 2, see `get_label_names`.

    Raises:
        ValueError: if `test_split` is no fraction.

    Reference:
        Fisher: The use of multiple measurements in taxonomic problems (1936).

    Example:
        >>> (x, y), (x_test, _) = keras.datasets.iris.load_data()
        >>> x.shape, x_test.shape, x[0].round(1).tolist() == x[0].tolist()
        ((120, 4), (30, 4), True)
    """
    with open(Path(__file__).with_name("iris.csv"), encoding="ascii") as file:
        rows = list(csv.reader(file))[1:]
    x = np.array([row[:4] for row in rows], "float32")
    y = np.array([SPECIES.index(row[4]) for row in rows], "int32")
    return split_rows(x, y, test_split, seed)


def get_label_names() -> tuple[str, ...]:
    """Return the species in the order of their labels.

    Example:
        >>> keras.datasets.iris.get_label_names()
        ('setosa', 'versicolor', 'virginica')
    """
    return SPECIES
