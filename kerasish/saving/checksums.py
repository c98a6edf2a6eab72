"""Checksums of arrays: what is read must be what was written.

Each array that we write has one beside it. Keras and files of other makers have none,
and do not mind.
"""

import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

__all__ = ["NAME", "LARGE", "checksum", "finite", "summing", "verify"]

# Of the attribute of an HDF5 dataset, which Keras does not look at.
NAME = "kerasish_crc32"
LARGE = 2**20  # bytes from which on another thread is worth its start


def checksum(array: np.ndarray) -> int:
    """Return the CRC-32 of the kind of numbers, the shape and the bytes.

    Example:
        >>> from kerasish.saving.checksums import checksum
        >>> checksum(np.zeros(2, "float32")) == checksum(np.zeros((1, 2), "float32"))
        False
    """
    content = np.ascontiguousarray(array).reshape(-1).view("uint8")
    return zlib.crc32(content.data, _begin(array))


def _begin(array: np.ndarray) -> int:
    order = "big" if array.dtype.str.startswith(">") else "little"
    kind = f"{array.dtype.kind}{array.dtype.itemsize} {order} {array.shape}"
    return zlib.crc32(kind.encode())


@contextmanager
def summing(
    array: np.ndarray,
) -> Iterator[tuple[Callable[[int, int], object], Callable[[], int]]]:
    """Sum up an array in another thread while its rows come in.

    Gives two functions: one is told of rows (from, to) in their order, the other
    returns the checksum of those.
    """
    total = _begin(array)

    def add(rows: np.ndarray) -> None:
        nonlocal total
        content = np.ascontiguousarray(rows).reshape(-1).view("uint8")
        total = zlib.crc32(content.data, total)

    with ThreadPoolExecutor(1) as thread:
        told = []

        def ready(begin: int, end: int) -> None:
            told.append(thread.submit(add, array[begin:end]))

        def result() -> int:
            for each in told:
                each.result()
            return total

        yield ready, result


def verify(found: int, expected: int, where: str) -> None:
    """Raise if an array's checksum is not the one that stands beside it."""
    if found != expected:
        raise ValueError(
            f"The file is damaged: the values of {where} are not those that were "
            "written; their checksum differs. Take a copy of the file."
        )


def finite(array: np.ndarray) -> bool:
    """Say whether there is no NaN and no infinity, by a quick look first."""
    if array.dtype.kind not in "fc":
        return True
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
