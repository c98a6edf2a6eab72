"""Batches on their way to the device: which data need it, and what happens before.

Compiled steps run while Python goes on, so the next batch is made and copied while the
device computes. That takes no thread: a generator runs in the thread that called `fit`,
as databases, plots and models within generators want it, and is never asked for a
batch that is not trained on.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, tree

__all__ = ["is_large", "own_copy"]

SHARE = 0.5  # of the free memory that data may take to be held on the device
ALIGNMENT = 64  # of arrays that XLA takes as they are, without a copy


def own_copy(batch: Any) -> Any:
    """Return the batch with copies of its NumPy arrays.

    A generator may use its arrays again at once, and a compiled step reads them later.
    """
    return tree.map_structure(
        lambda a: _aligned_copy(a) if isinstance(a, np.ndarray) else a, batch
    )


def _aligned_copy(array: np.ndarray) -> np.ndarray:
    room = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def is_large(arrays: Any) -> bool:
    """Say whether arrays would take too much of the device's memory.

    Their batches are then gathered by the host and sent one after the other.
    """
    leaves = [a for a in tree.flatten(arrays) if isinstance(a, np.ndarray)]
    size = sum(a.nbytes for a in leaves)
    if size < 2**24:  # so little always fits; asking takes time
        return False
    free = backend.free_memory()
    free = _free_host_memory() if free is None else free
    return free is not None and size > SHARE * free


def _free_host_memory() -> int | None:
    """Bytes that this process can still get, None where nothing tells."""
    limits = []
    for path, name, unit in (
        ("/proc/meminfo", "MemAvailable:", 1024),
        ("/sys/fs/cgroup/memory.max", "", 1),
    ):
        if os.path.exists(path):
            text = Path(path).read_text()
            words = text[text.find(name) + len(name) :].split()
            limits += [int(words[0]) * unit] if words[0].isdigit() else []
    return min(limits, default=None)
