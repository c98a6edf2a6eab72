"""Weights in several files: an index `x.weights.json`, and `x_00000.weights.h5` ...

    {"metadata": {"total_size": bytes of all arrays, "kerasish_save": a mark},
     "weight_map": {"/layers/dense/vars": ["x_00000.weights.h5", ...], ...}}

The shards have the layout of `weights_h5`; a group may go on in the next one. Keras
wants these names, so that new ones take the places of old ones: all are written beside
and renamed at the end, the index last. The mark tells which shards are not those of the
index; until the new index stands, the old ones have a second name, which ends in it.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import h5py

from . import hdf5, weights_h5
from .atomic import replacing

__all__ = ["ENDING", "opened", "save_weights"]

ENDING = ".weights.json"
GIB = 2**30
MARK, UNMARKED = "kerasish_save", "unmarked"


class Shards:
    """The files that are written, one after the other.

    Args:
        index: path of the index.
        limit: most bytes of arrays in one shard.
        renamed: takes the contexts that put finished files in their places.
    """

    def __init__(self, index: str, limit: float, renamed: ExitStack) -> None:
        self.index, self.limit, self.renamed = index, limit, renamed
        self.mark = secrets.token_hex(8)
        self.used = self.total = 0
        self.names: list[str] = []
        self.places: dict[str, list[str]] = {}
        # The names of the layers, and what Keras has no place for, are in the first.
        self.first_open, self.open = ExitStack(), ExitStack()
        self.first = self.file = self._next(self.first_open)

    def _next(self, stack: ExitStack) -> h5py.File:
        stem = self.index.removesuffix(ENDING)
        path = f"{stem}_{len(self.names):05d}.weights.h5"
        new = self.renamed.enter_context(replacing(path))
        file = stack.enter_context(hdf5.created(new))
        file.attrs[MARK] = self.mark
        self.names.append(os.path.basename(path))
        self.used = 0
        return file

    def room(self, size: int, place: str) -> h5py.File:
        """Return the file for an array of the group at `place`."""
        if size > self.limit:
            raise ValueError(
                f"A weight has {size:,} bytes, but `max_shard_size` allows only "
                f"{int(self.limit):,}. Give it in GiB, large enough for each weight."
            )
        if self.used and self.used + size > self.limit:
            self.open.close()
            self.file = self._next(self.open)
        self.used += size
        self.total += size
        shards = self.places.setdefault(place, [])
        if self.names[-1] not in shards:
            shards.append(self.names[-1])
        return self.file


def save_weights(path: str, model: Any, max_shard_size: float) -> None:
    """Write shards of at most `max_shard_size` GiB, and at last their index."""
    old, old_mark = _old_names(path)
    folder = os.path.dirname(path)
    _sweep(path, old_mark or UNMARKED)
    with ExitStack() as renamed:
        shards = Shards(path, max_shard_size * GIB, renamed)
        with shards.first_open, shards.open:
            weights_h5.save_weights(shards.first, model, room=shards.room)
        for name in old:
            with suppress(OSError):  # it is there already, or cannot be
                place = os.path.join(folder, name)
                os.link(place, _second_name(place, old_mark))
    size = float(shards.total)
    index = {
        "metadata": {"total_size": size, MARK: shards.mark},
        "weight_map": shards.places,
    }
    with replacing(path) as new, open(new, "w", encoding="utf-8") as file:
        json.dump(index, file, indent=4)
    for name in old:
        if name not in shards.names:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
    _sweep(path, "nothing")


def _sweep(index: str, needed: str) -> None:
    """Remove second names, but those that end in what is still needed."""
    folder = os.path.dirname(index) or "."
    second = re.compile(rf"{_pattern(index)}\.([0-9a-f]{{16}}|{UNMARKED})")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if (found := second.fullmatch(name)) and found[1] != needed:
            os.unlink(os.path.join(folder, name))


def _old_names(index: str) -> tuple[list[str], str | None]:
    """Return the shards of an index which is about to be replaced, and its mark."""
    try:
        names, mark = read_index(index)
    except (OSError, ValueError):  # there is none, or it is no index
        return [], None
    return [name for name in names if re.fullmatch(_pattern(index), name)], mark


def _pattern(index: str) -> str:
    stem = re.escape(os.path.basename(index).removesuffix(ENDING))
    return rf"{stem}_\d+\.weights\.h5"


def _second_name(path: str, mark: str | None) -> str:
    return f"{path}.{mark or UNMARKED}"


# --- reading -------------------------------------------------------------------------


def read_index(index: str) -> tuple[list[str], str | None]:
    """Return the names of the shards, which are files beside the index, and its mark.

    Raises:
        ValueError: if it is no index, or names files elsewhere.
    """
    size = os.path.getsize(index)
    if size > hdf5.MAX_DOCUMENT:
        raise ValueError(f"The file is refused: {index!r} is {size} bytes long.")
    with open(index, "rb") as file:
        found = hdf5.document(file.read(), "the index of shards")
    places = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(places, dict) or not places:
        raise ValueError(
            f"{index!r} is a JSON document, but not an index of weights: it has no "
            "`weight_map`."
        )
    every = [n for x in places.values() for n in (x if isinstance(x, list) else [x])]
    for name in every:
        if not isinstance(name, str) or not re.fullmatch(r"[^/\\:\0]+\.h5", name):
            raise ValueError(
                f"The file is refused: the index names {name!r}, and shards are `.h5` "
                "files in its own folder."
            )
    metadata = found.get("metadata")
    mark = metadata.get(MARK) if isinstance(metadata, dict) else None
    if mark is not None and not re.fullmatch("[0-9a-f]{16}", str(mark)):
        raise ValueError(f"The file is damaged: the mark of {index!r} is {mark!r:.99}.")
    return list(dict.fromkeys(every)), mark


@contextmanager
def opened(index: str) -> Iterator[list[h5py.File]]:
    """Open all shards."""
    while True:
        names, mark = read_index(index)
        with ExitStack() as stack:
            try:
                files = [stack.enter_context(_shard(index, mark, n)) for n in names]
            except ValueError:
                if read_index(index) == (names, mark):
                    raise
                continue  # somebody saved meanwhile
            yield files
            return


@contextmanager
def _shard(index: str, mark: str | None, name: str) -> Iterator[h5py.File]:
    path = os.path.join(os.path.dirname(index), name)
    if os.path.isfile(second := _second_name(path, mark)):
        path = second
    if not os.path.isfile(path):
        raise ValueError(
            f"The file is damaged: shard {name!r} is missing, which the index "
            f"{index!r} names."
        )
    with hdf5.opened(path, name) as file:
        if hdf5.text(file, MARK) != mark:
            raise ValueError(
                f"The file is damaged: shard {name!r} was not saved together with "
                f"the index {index!r}."
            )
        yield file
