"""The only door to HDF5 files: what is read is checked first.

A file may come from anybody. Only hard links are followed, only plain numbers stored in
the file itself are read, and no array is allocated before its shape was compared with
what the model expects.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import h5py
import numpy as np

from ..documents import MAX_TEXT as MAX_DOCUMENT
from ..documents import document
from . import checksums
from .survey import Survey, check_dataset, place, plainly, survey
from .texts import Texts

__all__ = [
    "MAX_DOCUMENT",
    "attribute_names",
    "checksum",
    "child",
    "created",
    "document",
    "entries",
    "has_attribute",
    "holds",
    "opened",
    "read",
    "read_summed",
    "surveyed",
    "text",
    "write",
    "write_names",
]

# HDF5 keeps attributes in an object header of 64 KiB; longer lists are cut in pieces.
HEADER_LIMIT = 64_512
MAX_NAME = 4_096
MAX_NAMES, MAX_NAMES_SIZE = 1_000_000, 2**27
ALIGNMENT = 64
PIECE = 2**22  # bytes that are read at once
_surveys: WeakKeyDictionary[h5py.File, Survey] = WeakKeyDictionary()
_texts: WeakKeyDictionary[h5py.File, Texts] = WeakKeyDictionary()


@contextmanager
def opened(source: Any, name: str) -> Iterator[h5py.File]:
    """Open an HDF5 file (a path or a binary file object) for reading."""
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise ValueError(
            f"{name!r} is not a whole HDF5 file: it is damaged or was cut short. "
            f"{error}"
        ) from error
    with file:
        try:
            found = _surveys[file] = survey(file)
            is_path = isinstance(source, (str, os.PathLike))
            with open(source, "rb") if is_path else nullcontext(source) as content:
                _texts[file] = Texts(content, found.places)
                yield file
        except (ValueError, Warning):
            raise
        except Exception as error:
            raise ValueError(
                f"{name!r} could not be loaded: it is damaged, or does not fit. "
                f"{type(error).__name__}: {str(error)[:500]}"
            ) from error


def surveyed(file: h5py.File) -> Survey:
    """Return what was found when the file was opened."""
    return _surveys[file]


@contextmanager
def created(target: Any) -> Iterator[h5py.File]:
    """Make an HDF5 file; the lock is `atomic.replacing`'s, not HDF5's."""
    with h5py.File(target, "w", locking=False) as file:
        yield file


def child(parent: h5py.Group, path: str, kind: type = h5py.Group) -> Any:
    """Return the group or dataset at `path`, following hard links only.

    Raises:
        ValueError: if there is none, it is of another kind, or a link leads to it.
    """
    found: Any = parent
    for part in path.split("/"):
        where = f"`{place(found)}/{part}`"
        if not isinstance(found, h5py.Group) or part in ("", ".", ".."):
            raise ValueError(f"The file is damaged: {where} is no place in it.")
        with plainly(where):
            link = found.get(part, getlink=True)
        if link is None:
            raise ValueError(f"The file is damaged: {where} is missing.")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(
                f"The file is refused: {where} is a {type(link).__name__}, and links "
                "to other places or files are not followed."
            )
        with plainly(where):
            found = found[part]
    if not isinstance(found, kind):
        raise ValueError(
            f"The file is damaged: `{place(found)}` should be a "
            f"{kind.__name__.lower()}, it is a {type(found).__name__.lower()}."
        )
    return found


def entries(group: h5py.Group) -> list[str]:
    """Return the names in a group; `child` checks what is behind them."""
    where = f"`{place(group) or '/'}`"
    with plainly(where):
        names = list(group.keys())
    if not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"The file is damaged: names in {where} are not text: {names}."
        )
    return names


def holds(group: h5py.Group, name: str) -> bool:
    """Say whether there is something of a name in a group; `child` checks what."""
    with plainly(f"`{place(group) or '/'}`"):
        return bool(group.id.links.exists(name.encode("utf-8")))


# --- arrays --------------------------------------------------------------------------


def read(dataset: h5py.Dataset, shape: Sequence[int]) -> np.ndarray:
    """Read an array that must have `shape`, and its checksum if it has one."""
    return read_summed(dataset, shape)[0]


def read_summed(dataset: h5py.Dataset, shape: Sequence[int]) -> tuple[np.ndarray, bool]:
    """Read an array as `read` does; say, too, whether it has a checksum."""
    check_dataset(dataset)
    where = f"`{place(dataset)}`"
    if dataset.shape != tuple(shape):
        raise ValueError(
            f"{where} has shape {dataset.shape} in the file where the model expects "
            f"{tuple(shape)}."
        )
    expected, found = checksum(dataset), None
    with plainly(where):
        if not dataset.size or not dataset.shape:
            array = np.asarray(dataset[()])
        else:
            array = _room(dataset.shape, dataset.dtype)
            large = array.nbytes > checksums.LARGE and dataset.chunks is None
            if expected is not None and large:
                found = _summed(dataset, array)
            else:
                dataset.read_direct(array)
    if expected is not None:
        found = checksums.checksum(array) if found is None else found
        checksums.verify(found, expected, where)
    return array, expected is not None


def _summed(dataset: h5py.Dataset, array: np.ndarray) -> int:
    """Read an array while another thread sums up what is there of it."""
    rows = max(1, PIECE * len(array) // array.nbytes)
    with checksums.summing(array) as (ready, result):
        for begin in range(0, len(array), rows):
            part = np.s_[begin : begin + rows]
            dataset.read_direct(array, part, part)
            ready(min(begin + rows, len(array)) * (array.nbytes // len(array)))
        return result()


def checksum(dataset: h5py.Dataset) -> int | None:
    """Return the checksum that stands beside an array, None if there is none."""
    where = f"the checksum of `{place(dataset)}`"
    with plainly(where):
        if checksums.NAME not in dataset.attrs:
            return None
        kept = dataset.attrs.get_id(checksums.NAME)
        if kept.shape != () or kept.dtype.kind != "u":
            raise ValueError(f"The file is damaged: {where} is not a number.")
        return int(dataset.attrs[checksums.NAME])


def _room(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return memory that begins where JAX wants it, so that it need not copy it."""
    size = math.prod(shape) * dtype.itemsize
    room = np.empty(size + ALIGNMENT, "uint8")
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def stored_shape(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Return the declared shape, if what the file really holds justifies it."""
    check_dataset(dataset)
    return dataset.shape


def write(group: h5py.Group, name: str, value: np.ndarray) -> None:
    """Write an array; types that HDF5 does not know are marked, as Keras does."""
    if value.nbytes > checksums.LARGE:
        with checksums.summing(value) as (ready, result):
            ready(value.nbytes)
            dataset = group.create_dataset(name, data=value)
            total = result()
    else:
        dataset = group.create_dataset(name, data=value)
        total = checksums.checksum(value)
    dataset.attrs[checksums.NAME] = np.uint32(total)
    if dataset.dtype.kind == "V":
        dataset.attrs["dtype"] = value.dtype.name


# --- attributes ----------------------------------------------------------------------


def _attribute(thing: Any, name: str) -> Any:
    """Return an attribute that is a text or a list of such, None if there is none."""
    where = f"attribute `{name}` of `{place(thing) or '/'}`"
    with plainly(where):
        if name not in thing.attrs:
            return None
        identity = thing.attrs.get_id(name)
        shape, dtype = identity.shape, identity.dtype
    size = math.prod(shape or ())
    if size == 0:
        return []
    kind = h5py.check_string_dtype(dtype)
    if kind is None or shape is None or len(shape) > 1:
        raise ValueError(f"The file is damaged: {where} is not text.")
    if size > MAX_NAMES or size * (kind.length or 1) > MAX_NAMES_SIZE:
        raise ValueError(
            f"The file is refused: {where} declares {size} texts, each of "
            f"{kind.length or 'some'} bytes, more than the names of any model."
        )
    with plainly(where):
        if kind.length is None:
            _texts[thing.file].check(thing, name, size)
        value = thing.attrs[name]
        return _decoded(value) if shape == () else [_decoded(v) for v in value]


def _decoded(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def has_attribute(thing: Any, name: str) -> bool:
    """Say whether there is an attribute, or its first piece."""
    with plainly(f"attributes of `{place(thing) or '/'}`"):
        return name in thing.attrs or f"{name}0" in thing.attrs


def text(thing: Any, name: str) -> str | None:
    """Return an attribute that is one text, None if there is none."""
    value = _attribute(thing, name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"The file is damaged: attribute `{name}` is not one text.")
    if value and len(value) > MAX_NAME and not name.endswith("_config"):
        raise ValueError(
            f"The file is refused: attribute `{name}` has {len(value)} characters."
        )
    return value


def attribute_names(group: h5py.Group, name: str) -> list[str]:
    """Return a list of names kept in an attribute, or in pieces `name0`, `name1` ..."""
    value = _attribute(group, name)
    if value is None:
        value, count = [], 0
        while (piece := _attribute(group, f"{name}{count}")) is not None:
            value, count = [*value, *piece], count + 1
            if len(set(value)) < len(value):  # more of the same would follow
                break
        if not count:
            raise ValueError(
                f"The file is damaged: `{place(group)}` lacks the attribute `{name}`."
            )
    if isinstance(value, str):
        raise ValueError(f"The file is damaged: attribute `{name}` is not a list.")
    if len(set(value)) < len(value):
        raise ValueError(f"The file is refused: `{name}` lists a name twice.")
    return value


def write_names(group: h5py.Group, name: str, values: Iterable[str]) -> None:
    """Write a list of names, in pieces where it is too long for one attribute."""
    encoded = [value.encode("utf-8") for value in values]
    if any(len(value) > HEADER_LIMIT for value in encoded):
        raise ValueError(f"A name is longer than {HEADER_LIMIT} bytes.")
    array = np.asarray(encoded, "S" if encoded else "S1")
    count = 1
    while any(p.nbytes > HEADER_LIMIT for p in np.array_split(array, count)):
        count += 1
    if count == 1:
        group.attrs[name] = array
        return
    for number, piece in enumerate(np.array_split(array, count)):
        group.attrs[f"{name}{number}"] = piece
