"""Where the files of data sets are: our cache, Keras's cache, or the network."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from .. import config
from ..utils import get_file

__all__ = ["FILES", "cached_folder", "fetch", "word_index"]

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_FASHION = "datasets/fashion-mnist"


class Source(NamedTuple):
    """Where a file is from, how large it is, and what it must be."""

    origin: str
    size: str
    hash: str | None
    subdir: str = "datasets"


# The names are those that Keras gives the files in its cache.
FILES = {
    "boston_housing.npz": Source(
        _KERAS + "boston_housing.npz",
        "57 kB",
        "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    ),
    "california_housing.npz": Source(
        _KERAS + "california_housing.npz",
        "0.7 MB",
        "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    ),
    "cifar-10-batches-py-target": Source(
        _CIFAR + "cifar-10-python.tar.gz",
        "171 MB",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "cifar-100-python-target": Source(
        _CIFAR + "cifar-100-python.tar.gz",
        "169 MB",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    "imdb.npz": Source(
        _KERAS + "imdb.npz",
        "17 MB",
        "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    ),
    "imdb_word_index.json": Source(
        _KERAS + "imdb_word_index.json", "1.6 MB", "bfafd718b763782e994055a2d397834f"
    ),
    "mnist.npz": Source(
        _KERAS + "mnist.npz",
        "11 MB",
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
    "reuters.npz": Source(
        _KERAS + "reuters.npz",
        "2.1 MB",
        "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    ),
    "reuters_word_index.json": Source(
        _KERAS + "reuters_word_index.json", "0.6 MB", "4d44cc38712099c9e383dc6e5f11a921"
    ),
    **{
        name: Source(_KERAS + name, size, None, _FASHION)
        for name, size in (
            ("train-images-idx3-ubyte.gz", "26 MB"),
            ("train-labels-idx1-ubyte.gz", "30 kB"),
            ("t10k-images-idx3-ubyte.gz", "4.4 MB"),
            ("t10k-labels-idx1-ubyte.gz", "5 kB"),
        )
    },
}


def _homes() -> tuple[Path, Path]:
    """Our folder of caches, and Keras's."""
    theirs = os.environ.get("KERAS_HOME", "~/.keras")
    return config.home(), Path(theirs).expanduser()


def fetch(name: str, path: str | None = None, extract: bool = False) -> Path:
    """Return where a file of `FILES` is; fetch it if no cache has it.

    Args:
        name: its key in `FILES`.
        path: another name for it in the cache, or the absolute path of a file of the
            user's own, which is taken as it is.
        extract: return the folder that the archive was unpacked to.

    Raises:
        OSError: if it is nowhere and cannot be fetched: where it should be put.
    """
    if path is not None and os.path.isabs(path):
        return Path(path)
    path, source = path or name, FILES[name]
    kept = f"{path}_archive" if extract else path
    homes = _homes()
    home = next((h for h in homes if (h / source.subdir / kept).exists()), homes[0])
    try:
        found = get_file(
            path,
            source.origin,
            file_hash=source.hash,
            cache_subdir=source.subdir,
            extract=extract,
            cache_dir=home,
        )
    except OSError as error:
        places = " or ".join(f"`{h / source.subdir / kept}`" for h in homes)
        known = "" if source.hash is None else f", hash {source.hash}"
        raise OSError(
            f"The data set's file `{kept}` is not in the cache (or is damaged there), "
            f"and could not be fetched ({error}). Without a network: fetch "
            f"{source.origin} ({source.size}{known}) elsewhere, and put it at {places}."
        ) from error
    return Path(found)


def cached_folder(name: str) -> Path | None:
    """Return an unpacked folder of that name where Keras 2 left it, or None."""
    for home in _homes():
        if (home / "datasets" / name).is_dir():
            return home / "datasets" / name
    return None


def word_index(name: str, path: str) -> dict[str, int]:
    """Return the table of a JSON file: each word's rank by frequency, from 1 on."""
    table = json.loads(fetch(name, path).read_text(encoding="utf-8"))
    if not isinstance(table, dict) or {type(v) for v in table.values()} - {int}:
        raise ValueError(f"`{path}` is no index of words: it must map words to ranks.")
    return table
