"""`.keras`: a zip archive of `metadata.json`, `config.json` and `model.weights.h5`.

Files of layers lie beside them, in `assets`.
"""

import io
import json
import os
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from . import assets, hdf5, weights_h5
from .legacy_h5 import KERAS_VERSION

__all__ = ["config", "load_assets", "metadata", "opened", "save", "weights"]

HEADER = 30  # bytes of a member's own header, without its name
MAX_DIRECTORY = 2**20
# Keras and we store members as they are. What somebody packed again may be small, or
# may have become as much smaller as a config or weights do.
SMALL, BEST_RATIO = 2**24, 20
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# Where Keras itself looks for the classes that its public modules do not name.
HOMES = {"Functional": "keras.src.models.functional"}


def save(path: str, model: Any, serialized: dict[str, Any]) -> None:
    """Write the archive, the weights in their place within it."""
    made = {
        "keras_version": KERAS_VERSION,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with (
        open(path, "wb") as raw,
        zipfile.ZipFile(raw, "w") as archive,
        open(path, "r+b", buffering=0) as same,
    ):
        archive.writestr(METADATA, json.dumps(made))
        archive.writestr(CONFIG, json.dumps(_homed(serialized)))
        with archive.open(WEIGHTS, "w", force_zip64=True) as member:
            raw.flush()
            place = Place(same, raw.tell())
            with hdf5.created(place) as file:
                weights_h5.save_weights(file, model, "compile_config" in serialized)
            # HDF5 writes here and there, and zip wants a checksum of the whole: each
            # piece is handed over once more, to be written where it stands already.
            place.seek(0)
            while piece := place.read(2**20):
                member.write(piece)
        assets.save(archive, model)


class Place(io.RawIOBase):
    """A part of a file, from an offset on, as a file of its own.

    Args:
        file: the whole file, of which nobody else uses the position meanwhile.
        start: where the part begins.
        size: of the part; None: it goes to the end of the file, and can grow.
    """

    def __init__(self, file: Any, start: int, size: int | None = None) -> None:
        self.file, self.start, self.size, self.at = file, start, size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place counted from the part's start, from here or from its end."""
        end = self.size
        if end is None:
            end = self.file.seek(0, os.SEEK_END) - self.start
        self.at = offset + (0, self.at, end)[whence]
        return self.at

    def tell(self) -> int:
        """Return the place counted from the part's start."""
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the part goes."""
        view = memoryview(buffer).cast("B")
        if self.size is not None:
            view = view[: max(self.size - self.at, 0)]
        self.file.seek(self.start + self.at)
        done = 0
        while done < len(view) and (count := self.file.readinto(view[done:])):
            done += count
        if self.size is not None and done < len(view):
            raise EOFError("It was cut short.")
        self.at += done
        return done

    def write(self, data: Any) -> int:
        """Write everything."""
        view = memoryview(data).cast("B")
        self.file.seek(self.start + self.at)
        done = 0
        while done < len(view):
            done += self.file.write(view[done:])
        self.at += done
        return done

    def truncate(self, size: int | None = None) -> int:
        """Cut the file, or make it longer."""
        size = self.at if size is None else size
        return self.file.truncate(self.start + size) - self.start


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


class Bounded(io.FileIO):
    """A file whose directory of members is only read if it is of reasonable size."""

    bounded = True

    def read(self, size: int | None = -1) -> bytes:
        """Read as others do; while the directory is read, not too much."""
        whole = size is None or size < 0
        count = os.fstat(self.fileno()).st_size - self.tell() if whole else size
        if self.bounded and count is not None and count > MAX_DIRECTORY:
            raise ValueError(f"Its directory of members has {count} bytes.")
        return super().read(-1 if size is None else size)


@contextmanager
def opened(path: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive for reading."""
    with Bounded(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # of many kinds, if the directory is damaged
            raise ValueError(
                f"{path!r} is not a whole zip archive: it is damaged or was cut short. "
                f"{str(error)[:500]}"
            ) from error
        file.bounded = False
        with archive:
            _check_members(archive, os.fstat(file.fileno()).st_size)
            yield archive


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse what no archive of a model has, in any of its members."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if len({info.filename for info in infos}) < len(infos):
        raise ValueError("The archive is refused: it has members of the same name.")
    ends = [info.header_offset for info in infos[1:]] + [size]
    for info, end in zip(infos, ends):
        parts = info.filename.replace("\\", "/").split("/")
        packed = info.compress_type == zipfile.ZIP_DEFLATED
        known = packed or info.compress_type == zipfile.ZIP_STORED
        wrong = ""
        if ".." in parts or not parts[0] or ":" in parts[0]:
            wrong = "has a name that leads out of it"
        elif stat.S_ISLNK(info.external_attr >> 16):
            wrong = "is a link"
        elif info.flag_bits & 1 or not known:
            wrong = "is encrypted or packed in a way that model files are not"
        elif not 0 <= info.header_offset <= end - HEADER - info.compress_size:
            wrong = "overlaps another one, or the end of the file"
        elif not packed and info.file_size != info.compress_size:
            wrong = "has two sizes"
        elif info.file_size > max(SMALL, BEST_RATIO * info.compress_size):
            wrong = f"is too large: {info.file_size} from {info.compress_size} bytes"
        if wrong:
            raise ValueError(
                f"The archive is refused: its member {info.filename[:200]!r} {wrong}."
            )


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise ValueError(f"The archive is damaged: it has no {name!r}.") from None


def config(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the model's config."""
    found = _document(archive, CONFIG)
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str):
        raise ValueError(f"The archive is damaged: {CONFIG} describes no model.")
    return found


def metadata(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return what the archive says of its making; nothing if it says nothing."""
    found = _document(archive, METADATA) if METADATA in archive.namelist() else {}
    texts = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in texts if isinstance(value, str)}


def _document(archive: zipfile.ZipFile, name: str) -> Any:
    info = _member(archive, name)
    if info.file_size > hdf5.MAX_DOCUMENT:
        raise ValueError(f"The archive is refused: {name} is too large.")
    with _readable(name):
        content = archive.read(info)
    return hdf5.document(content, name)


@contextmanager
def weights(archive: zipfile.ZipFile) -> Iterator[h5py.File]:
    """Open the weights in their place; nothing is extracted to the disk."""
    info = _member(archive, WEIGHTS)
    with _readable(WEIGHTS), archive.open(info) as member:
        if info.compress_type == zipfile.ZIP_STORED:  # large pieces at once
            start = _start(archive.fp, info)
            source: Any = Place(archive.fp, start, info.file_size)
        else:  # unpacked once, since going back would mean to unpack all again
            source = io.BytesIO(member.read())
        with hdf5.opened(source, WEIGHTS) as file:
            yield file


def _start(file: Any, info: zipfile.ZipInfo) -> int:
    """Where the content of a member begins: behind its header, name and extras."""
    file.seek(info.header_offset)
    name, extra = struct.unpack("<26xHH", file.read(HEADER))
    return info.header_offset + HEADER + name + extra


def load_assets(archive: zipfile.ZipFile, model: Any) -> None:
    """Hand the files in the archive to the model's layers."""
    with _readable(assets.FOLDER):
        assets.load(archive, model)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise ValueError(f"The archive is damaged: {name!r}. {error}") from error
