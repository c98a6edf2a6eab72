"""CIFAR's files: pickled batches of small coloured images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import config
from .cache import cached_folder, fetch
from .pickles import read_pickle

__all__ = ["batches", "folder"]

SIDE = 32


def folder(target: str, name: str) -> Path:
    """Return the folder `name` of the archive that is kept as `target`."""
    return cached_folder(name) or fetch(target, extract=True) / name


def batches(
    paths: Sequence[Path], labels: str, dtype: str = "uint8"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of files of batches, one after the other.

    Args:
        paths: the files.
        labels: the key of the labels.
        dtype: of the labels.

    Returns:
        `uint8` images, `(n, 32, 32, 3)` or in the order of
        `keras.config.image_data_format()`, and labels `(n, 1)`.

    Raises:
        ValueError: if a file holds anything else.
    """
    images, classes = [], []
    for path in paths:
        content = read_pickle(path)
        data: Any = content.get(b"data")
        found = content.get(labels.encode())
        rows = -1 if found is None else len(found)
        if np.shape(data) != (rows, 3 * SIDE * SIDE):
            raise ValueError(
                f"`{path}` is no batch of CIFAR: it should hold `data` of shape "
                f"(n, {3 * SIDE * SIDE}) and n `{labels}`, but has {list(content)}."
            )
        images.append(data.reshape(rows, 3, SIDE, SIDE))
        classes.append(np.array(found, dtype).reshape(rows, 1))
    x = np.concatenate(images)
    if config.image_data_format() == "channels_last":
        x = x.transpose(0, 2, 3, 1)
    return x, np.concatenate(classes)
