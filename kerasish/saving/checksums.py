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
WORDS = 512
ROW = 8 * WORDS


class Sum:
    """A checksum in the making: of an array's kind of numbers, shape, and bytes.

    The bytes are words of 8, in rows of 512. The CRC-32 is that of the rows' sums (all
    modulo 2**64), the columns' sums and the bytes left over: a change of one place
    alters two sums, rows that change places alter the order of theirs. Four times as
    quick as the CRC-32 of all bytes.
    """

    def __init__(self, array: np.ndarray) -> None:
        order = "big" if array.dtype.str.startswith(">") else "little"
        kind = f"{array.dtype.kind}{array.dtype.itemsize} {order} {array.shape}"
        self.content = np.ascontiguousarray(array).reshape(-1).view("uint8")
        self.rows = zlib.crc32(kind.encode())
        self.columns = np.zeros(WORDS, "<u8")
        self.done = 0

    def add(self, count: int) -> None:
        """Add whole rows, as far as `count` bytes are there."""
        end = count - count % ROW
        if end > self.done:
            table = self.content[self.done : end].view("<u8").reshape(-1, WORDS)
            self.rows = zlib.crc32(np.add.reduce(table, axis=1).data, self.rows)
            self.columns += np.add.reduce(table, axis=0)
            self.done = end

    def result(self) -> int:
        """Return the checksum; all bytes are there."""
        self.add(len(self.content))
        total = zlib.crc32(self.columns.data, self.rows)
        return zlib.crc32(self.content[self.done :].data, total)


def checksum(array: np.ndarray) -> int:
    """Return the checksum of an array.

    Example:
        >>> from kerasish.saving.checksums import checksum
        >>> checksum(np.zeros(2, "float32")) == checksum(np.zeros((1, 2), "float32"))
        False
    """
    return Sum(array).result()


@contextmanager
def summing(
    array: np.ndarray,
) -> Iterator[tuple[Callable[[int], object], Callable[[], int]]]:
    """Sum up an array in another thread, while it is read or written.

    Gives two functions: one is told how many bytes are there, the other returns the
    checksum of all.
    """
    total = Sum(array)
    with ThreadPoolExecutor(1) as thread:
        yield (
            lambda count: thread.submit(total.add, count),
            lambda: thread.submit(total.result).result(),
        )


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
