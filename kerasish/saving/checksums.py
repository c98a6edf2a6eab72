"""Checksums of arrays: what is read must be what was written.

Each array that we write has one beside it. Keras and files of other makers have none,
and do not mind.
"""

import zlib

import numpy as np

__all__ = ["NAME", "checksum", "finite", "verify"]

# Of the attribute of an HDF5 dataset, which Keras does not look at.
NAME = "kerasish_crc32"


def checksum(array: np.ndarray) -> int:
    """Return the CRC-32 of the kind of numbers, the shape and the bytes.

    Example:
        >>> from kerasish.saving.checksums import checksum
        >>> checksum(np.zeros(2, "float32")) == checksum(np.zeros((1, 2), "float32"))
        False
    """
    order = "big" if array.dtype.str.startswith(">") else "little"
    kind = f"{array.dtype.kind}{array.dtype.itemsize} {order} {array.shape}"
    content = np.ascontiguousarray(array).reshape(-1).view("uint8")
    return zlib.crc32(content.data, zlib.crc32(kind.encode()))


def verify(array: np.ndarray, expected: int, where: str) -> None:
    """Raise if an array is not the one of which the checksum is `expected`."""
    if checksum(array) != expected:
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
