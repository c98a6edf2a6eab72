"""What an HDF5 file declares, looked over before anything in it is used.

A file may come from anybody. Only hard links are followed, only plain numbers stored in
the file itself are read, and the objects, their names and their sizes may not be more
than the file's real size justifies.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import h5py

__all__ = ["check_dataset", "place", "plainly", "survey"]

# Filters built into HDF5 and h5py: deflate, shuffle, fletcher32, lzf. Any other would
# have HDF5 look for a plug-in library to load.
FILTERS = {1, 2, 3, 32000}
# Deflate packs at most 1:1032; values that were never written take no place.
BEST_RATIO = 1_100
MAX_CHUNK = 2**22
MAX_DEPTH = 64
MAX_OBJECTS = 1_000_000
# The least that an object, with its header and its name, takes of a file.
LEAST = 24


@contextmanager
def plainly(where: str) -> Iterator[None]:
    """Turn the many errors that HDF5 gives for damaged files into one of ours."""
    try:
        yield
    except Warning:
        raise
    except Exception as error:
        raise ValueError(
            f"The file is damaged: cannot read {where}. {str(error)[:500]}"
        ) from error


def place(thing: Any) -> str:
    """Return the name of a group or array, for messages."""
    return (thing.name or "").rstrip("/")[:200]


class Survey(NamedTuple):
    """What a file's arrays hold: how many numbers, in how many bytes on the disk.

    `places` are the beginnings and lengths of those that lie in one piece.
    """

    numbers: int
    stored: int
    places: list[tuple[int, int]]


def survey(file: h5py.File) -> Survey:
    """Look at every object of a file.

    Raises:
        ValueError: for links, for what is no array of numbers or holds other files'
            values, and for more than the file's size justifies.
    """
    size = file.id.get_filesize()
    seen, numbers, stored, count = {h5py.h5o.get_info(file.id).addr}, 0, 0, 0
    level, depth = [h5py.h5g.open(file.id, b"/")], 0
    places = []
    while level:
        inner = []
        for group in level:
            count += group.get_num_objs()
            if depth > MAX_DEPTH or count > min(MAX_OBJECTS, size // LEAST):
                raise ValueError(
                    f"The file is refused: it claims {count} objects, {depth} levels "
                    f"deep, within {size} bytes."
                )
            for name in group:
                thing = _object(group, name, seen)
                if isinstance(thing, h5py.h5g.GroupID):
                    inner.append(thing)
                    continue
                shape, held = thing.shape or (), thing.get_storage_size()
                if math.prod(shape) > BEST_RATIO * held:
                    check_dataset(h5py.Dataset(thing))
                numbers, stored = numbers + math.prod(shape), stored + held
                if (begin := thing.get_offset()) is not None:
                    places.append((begin, held))
        if stored > size:
            raise ValueError(
                f"The file is refused: its arrays claim {stored} bytes, it has {size}."
            )
        level, depth = inner, depth + 1
    return Survey(numbers, stored, places)


def _object(group: Any, name: bytes, seen: set[int]) -> Any:
    """Open what stands in a group, which nothing else in the file may lead to."""
    kind = group.links.get_info(name).type
    about = kind == h5py.h5l.TYPE_HARD and h5py.h5o.get_info(group, name)
    wrong = ""
    if not about:
        wrong = "a link, and links to other places or files are not followed"
    elif about.type not in (h5py.h5o.TYPE_GROUP, h5py.h5o.TYPE_DATASET):
        wrong = "neither a group nor an array"
    elif about.addr in seen:
        wrong = "in another place of it, too"
    if wrong:
        where = f"`{place(h5py.Group(group))}/{name[:200].decode(errors='replace')}`"
        raise ValueError(f"The file is refused: {where} is {wrong}.")
    seen.add(about.addr)
    return h5py.h5o.open(group, name)


def check_dataset(dataset: h5py.Dataset) -> None:
    """Refuse whatever is not plain numbers held in the file itself."""
    where = f"`{place(dataset)}`"
    with plainly(where):
        properties = dataset.id.get_create_plist()
        count = properties.get_nfilters()
        filters = [properties.get_filter(i)[0] for i in range(count)]
        elsewhere = properties.get_external_count() or dataset.is_virtual
        dtype, shape, chunks = dataset.dtype, dataset.shape, dataset.chunks
        stored = dataset.id.get_storage_size()
    if elsewhere:
        raise ValueError(
            f"The file is refused: {where} keeps its values in other files or datasets."
        )
    if set(filters) - FILTERS or len(set(filters)) < len(filters):
        raise ValueError(
            f"The file is refused: {where} needs HDF5 filters {sorted(filters)}, of "
            "which only deflate, shuffle, fletcher32 and lzf are used, each once."
        )
    plain = dtype.kind in "biuf" or (dtype.kind == "V" and dtype.itemsize <= 2)
    if not plain or dtype.fields or dtype.subdtype or shape is None:
        raise ValueError(
            f"The file is refused: {where} holds {str(dtype)[:99]}, not an array of "
            "numbers."
        )
    size = math.prod(shape) * dtype.itemsize
    chunk = math.prod(chunks or ()) * dtype.itemsize
    if size > BEST_RATIO * stored or chunk > max(MAX_CHUNK, 2 * size):
        raise ValueError(
            f"The file is refused: {where} declares the shape {shape} in pieces of "
            f"{chunks}, for which it holds too little: {stored} bytes."
        )
