"""Reading pickled numbers without running anything that a pickle asks for.

Old data sets are pickles: the batches of CIFAR, and lists of unlike lengths in `.npz`
files. A pickle may name any function to call. Here it may name four, and gets stand-ins
that only remember what they are given; arrays are made from that afterwards.
"""

import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

__all__ = ["read_npz", "read_pickle"]


class _Dtype:
    """What a pickle says of a dtype."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: Any) -> None:
        """Byte order and fields, which numbers of one byte and objects have not."""


class _Array:
    """What a pickle says of an array."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep shape, dtype, order and content."""
        self.state = state

    def array(self) -> np.ndarray:
        """Make the array: of bytes, or of integers and lists of integers."""
        _, shape, dtype, fortran, content = self.state
        order: Any = "F" if fortran else "C"
        if dtype.code == "u1" and isinstance(content, bytes):
            return np.frombuffer(content, np.uint8).reshape(shape, order=order)
        if dtype.code not in ("O8", "O4", "O") or not isinstance(content, list):
            raise ValueError(f"an array of dtype {dtype.code!r}")
        for entry in content:
            kinds = {type(e) for e in entry} if type(entry) is list else {type(entry)}
            if kinds - {int}:
                raise ValueError(f"an array that holds {sorted(map(str, kinds))}")
        made = np.empty(len(content), object)
        made[:] = content
        return made.reshape(shape, order=order)


_NDARRAY = object()  # only ever named
_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of what the pickle names."""
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names `{module}.{name}`")
        return _KNOWN[module, name]


def _load(content: bytes, name: str) -> Any:
    try:
        value = _Reader(io.BytesIO(content), encoding="bytes").load()
        if isinstance(value, dict):
            return {
                k: v.array() if isinstance(v, _Array) else v for k, v in value.items()
            }
        return value.array()
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ValueError(
            f"`{name}` is refused: {error}. A data set's pickle may hold numbers, "
            "lists and arrays of them, nothing else."
        ) from error


def read_pickle(path: str | Path) -> dict[Any, Any]:
    """Return the dictionary of a pickle, with keys as bytes.

    Raises:
        ValueError: if it holds anything but numbers, texts, lists and arrays.
    """
    value = _load(Path(path).read_bytes(), str(path))
    if not isinstance(value, dict):
        raise ValueError(f"`{path}` holds no dictionary.")
    return value


def read_npz(path: str | Path, names: Sequence[str]) -> list[np.ndarray]:
    """Return arrays of an `.npz` file; those of objects may hold lists of integers.

    Raises:
        ValueError: if one is missing, or holds anything else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            missing = {f"{name}.npy" for name in names} - set(archive.namelist())
            if missing:
                raise ValueError(f"`{path}` lacks {sorted(missing)}.")
            contents = [archive.read(f"{name}.npy") for name in names]
    except zipfile.BadZipFile as error:
        raise ValueError(f"`{path}` is no `.npz` file: {error}.") from error
    return [_read_npy(c, f"{path}: {name}") for c, name in zip(contents, names)]


def _read_npy(content: bytes, name: str) -> np.ndarray:
    file = io.BytesIO(content)
    if npy.read_magic(file)[0] == 1:
        _, _, dtype = npy.read_array_header_1_0(file)
    else:
        _, _, dtype = npy.read_array_header_2_0(file)
    if dtype.hasobject:
        return _load(content[file.tell() :], name)
    return np.load(io.BytesIO(content), allow_pickle=False)
