"""`.keras`: a zip archive of `metadata.json`, `config.json` and `model.weights.h5`."""

import json
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from . import hdf5, weights_h5
from .legacy_h5 import KERAS_VERSION

__all__ = ["config", "opened", "save", "weights"]

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# Where Keras itself looks for the classes that its public modules do not name.
HOMES = {"Functional": "keras.src.models.functional"}


def save(path: str, model: Any, serialized: dict[str, Any]) -> None:
    """Write the archive. The weights go through a nameless file beside it."""
    made = {
        "keras_version": KERAS_VERSION,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with (
        zipfile.ZipFile(path, "w") as archive,
        tempfile.TemporaryFile(dir=Path(path).parent) as arrays,
    ):
        archive.writestr(METADATA, json.dumps(made))
        archive.writestr(CONFIG, json.dumps(_homed(serialized)))
        with hdf5.created(arrays) as file:
            weights_h5.save_weights(file, model, "compile_config" in serialized)
        arrays.seek(0)
        with archive.open(WEIGHTS, "w", force_zip64=True) as member:
            shutil.copyfileobj(arrays, member, 2**20)


def _homed(config: Any) -> Any:
    """Name the modules in which Keras finds its own classes."""
    if isinstance(config, (list, tuple)):
        return [_homed(item) for item in config]
    if not isinstance(config, dict):
        return config
    made = {key: _homed(value) for key, value in config.items()}
    if made.get("module") == "keras" and made.get("class_name") in HOMES:
        made["module"] = HOMES[made["class_name"]]
    return made


@contextmanager
def opened(path: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive for reading."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ValueError(
            f"{path!r} is not a whole zip archive: it is damaged or was cut short. "
            f"{error}"
        ) from error
    with archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise ValueError(f"{path!r} is refused: it has members of the same name.")
        yield archive


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"The archive is damaged: it has no {name!r}.") from None
    known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if info.flag_bits & 1 or not known:
        raise ValueError(
            f"The archive is refused: {name!r} is encrypted or packed in a way that "
            "model files are not."
        )
    # Members are stored as they are by Keras and us; deflate packs at most 1:1032.
    if info.file_size > 1_100 * max(info.compress_size, 1):
        raise ValueError(f"The archive is damaged: {name!r} has an impossible size.")
    return info


def config(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the model's config."""
    info = _member(archive, CONFIG)
    if info.file_size > hdf5.MAX_DOCUMENT:
        raise ValueError(f"The archive is refused: {CONFIG} is too large.")
    with _readable(CONFIG):
        content = archive.read(info)
    found = hdf5.document(content, CONFIG)
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str):
        raise ValueError(f"The archive is damaged: {CONFIG} describes no model.")
    return found


@contextmanager
def weights(archive: zipfile.ZipFile) -> Iterator[h5py.File]:
    """Open the weights in their place; nothing is extracted to the disk."""
    info = _member(archive, WEIGHTS)
    with (
        _readable(WEIGHTS),
        archive.open(info) as member,
        hdf5.opened(member, WEIGHTS) as file,
    ):
        yield file


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"The archive is damaged: {name!r}. {error}") from error
