"""Files that layers keep beside their weights, such as vocabularies.

In a `.keras` archive they lie below `assets`, at the place of the layer in the tree of
attributes, as its weights do. A layer that has such files defines `save_assets(folder)`
and `load_assets(folder)`, which write and read them there.
"""

import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

from . import weights_h5

__all__ = ["load", "refuse", "save"]

FOLDER = "assets"
MAX_ASSET = 2**28
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


def _owners(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the place and the layer of each that has files."""
    for piece in weights_h5.pieces(model):
        if hasattr(piece.owner, "save_assets") and hasattr(piece.owner, "load_assets"):
            yield f"{FOLDER}{piece.path}/", piece.owner


def save(archive: zipfile.ZipFile, model: Any) -> None:
    """Write the files of a model's layers into an open archive."""
    for place, owner in _owners(model):
        with tempfile.TemporaryDirectory(prefix="kerasish-") as folder:
            owner.save_assets(folder)
            for name in sorted(os.listdir(folder)):
                archive.write(os.path.join(folder, name), place + name)


def load(archive: zipfile.ZipFile, model: Any) -> None:
    """Hand the files in an archive to the layers at their places.

    Raises:
        ValueError: for a file that is too large, or has a strange name.
    """
    for place, owner in _owners(model):
        found = [i for i in archive.infolist() if i.filename.startswith(place)]
        own = [(i, i.filename.removeprefix(place)) for i in found]
        own = [(info, name) for info, name in own if name and "/" not in name]
        with tempfile.TemporaryDirectory(prefix="kerasish-") as folder:
            for info, name in own:
                if not NAME.fullmatch(name) or info.file_size > MAX_ASSET:
                    raise ValueError(
                        f"The archive is refused: its member {info.filename[:200]!r} "
                        f"of {info.file_size} bytes is too large, or has a strange "
                        "name."
                    )
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(archive.read(info))
            owner.load_assets(folder)


def refuse(model: Any) -> None:
    """Refuse to save in a format that has no place for such files.

    Raises:
        ValueError: if a layer has some.
    """
    for _, owner in _owners(model):
        with tempfile.TemporaryDirectory(prefix="kerasish-") as folder:
            owner.save_assets(folder)
            if os.listdir(folder):
                raise ValueError(
                    f"Layer `{owner.name}` has files of its own (its vocabulary, for "
                    "instance), which `.h5` cannot hold. Save the model as `.keras`."
                )
