"""Weights in several files: an index `x.weights.json`, and `x_00000.weights.h5` ...

    {"metadata": {"total_size": bytes of all arrays, "kerasish_save": a mark},
     "weight_map": {"/layers/dense/vars": ["x_00000.weights.h5", ...], ...}}

The shards have the layout of `weights_h5`; a group may go on in the next one. All are
written beside and renamed at the end, the index last. Should that be cut short, the
mark tells which shards are not those of the index.
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
MARK = "kerasish_save"


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
    old = _old_names(path)
    with ExitStack() as renamed:
        shards = Shards(path, max_shard_size * GIB, renamed)
        with shards.first_open, shards.open:
            weights_h5.save_weights(shards.first, model, room=shards.room)
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
                os.unlink(os.path.join(os.path.dirname(path), name))


def _old_names(index: str) -> list[str]:
    """Return the shards that an index names which is about to be replaced."""
    stem = re.escape(os.path.basename(index).removesuffix(ENDING))
    try:
        names, _ = read_index(index)
    except (OSError, ValueError):  # there is none, or it is no index
        return []
    return [name for name in names if re.fullmatch(rf"{stem}_\d+\.weights\.h5", name)]


# --- reading -------------------------------------------------------------------------


def read_index(index: str) -> tuple[list[str], Any]:
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
    return list(dict.fromkeys(every)), mark


@contextmanager
def opened(index: str) -> Iterator[list[h5py.File]]:
    """Open all shards."""
    names, mark = read_index(index)
    with ExitStack() as stack:
        files = []
        for name in names:
            path = os.path.join(os.path.dirname(index), name)
            if not os.path.isfile(path):
                raise ValueError(
                    f"The file is damaged: shard {name!r} is missing, which the index "
                    f"{index!r} names."
                )
            file = stack.enter_context(hdf5.opened(path, name))
            if mark is not None and hdf5.text(file, MARK) != mark:
                raise ValueError(
                    f"The file is damaged: shard {name!r} was not saved together with "
                    f"the index {index!r}."
                )
            files.append(file)
        yield files
