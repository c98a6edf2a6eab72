"""Files from the network: fetched once, verified, and extracted within one folder."""

import hashlib
import http.client
import os
import shutil
import stat
import tarfile
import tempfile
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from .. import config

__all__ = ["get_file"]

# What an archive may unpack to: members, bytes, and bytes for each that it has.
MAX_MEMBERS, MAX_BYTES, MAX_RATIO = 1_000_000, 2**40, 1_100
PIECE = 2**20
TIMEOUT = 60
ALGORITHMS = ("sha256", "md5")


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Fetch a file unless it is there already; return its path.

    Args:
        fname: name of the file; default: the last part of `origin`.
        origin: an address, `https://...` or `file://...`. Plain `http://` can be read
            and changed on its way, so it needs a `file_hash`.
        untar: older spelling of `extract=True, archive_format="tar"`.
        md5_hash: older spelling of `file_hash`.
        file_hash: what the file's hash must be, in hexadecimal digits.
        cache_subdir: folder within `cache_dir`, or an absolute path.
        hash_algorithm: `"sha256"`, `"md5"` or `"auto"`: the number of digits tells.
        extract: unpack the file, a tar or zip archive, beside it.
        archive_format: `"auto"`, `"tar"`, `"zip"`, or a list of such.
        cache_dir: default: `~/.kerasish`, moved by `KERASISH_HOME`.
        force_download: fetch it though it is there.

    Returns:
        The path of the file, or of the folder that it was extracted to.

    Raises:
        ValueError: if the hash is another one, the address is not allowed, or the
            archive holds something that would land outside of its folder.
        OSError: if it cannot be fetched.

    Example:
        >>> import pathlib
        >>> here = pathlib.Path("numbers.txt").absolute()
        >>> _ = here.write_text("1 2 3")
        >>> path = keras.utils.get_file(origin=here.as_uri(), cache_dir="cache")
        >>> pathlib.Path(path).read_text()
        '1 2 3'
    """
    if origin is None:
        raise ValueError("`origin`, the address of the file to fetch, is missing.")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = _file_name(fname, origin)
    folder = Path(cache_dir or config.home()).expanduser() / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    target = None
    if untar or extract:
        name, target = _split_name(name, fname is None, folder)
    path = folder / name
    kept = not force_download and path.is_file() and not path.is_symlink()
    if kept and file_hash is not None:
        kept = _fits(path, file_hash, hash_algorithm)
    if not kept:
        _fetch(origin, path, file_hash, hash_algorithm)
    if target is None:
        return str(path)
    if not kept or not target.is_dir():
        _extract(path, target, "tar" if untar and not extract else archive_format)
    return str(target)


def _file_name(fname: str | None, origin: str) -> str:
    name = fname or PurePosixPath(urllib.parse.urlsplit(origin).path).name
    if fname is None and urllib.parse.urlsplit(origin).path.endswith("/"):
        name = ""
    if not name:
        raise ValueError(
            f"`origin` {origin!r} names no file; say with `fname` how to call it."
        )
    if name in (".", "..") or set(name) & {"/", "\\", "\0", os.sep}:
        raise ValueError(
            f"`fname` is the name of a file without a folder, got {name!r}. Give the "
            "folder as `cache_dir`."
        )
    return name


def _split_name(name: str, automatic: bool, folder: Path) -> tuple[str, Path]:
    """Return how archive and folder are called, which is Keras's way."""
    if automatic or "." not in name:
        return f"{name}_archive", folder / name
    return name, folder / f"{name.split('.')[0]}_extracted"


# --- fetching ------------------------------------------------------------------------


def _check_address(origin: str, hashed: bool) -> None:
    scheme = urllib.parse.urlsplit(origin).scheme
    if scheme == "http" and not hashed:
        raise ValueError(
            f"{origin!r} is not fetched: over http anybody on the way can change it. "
            "Use https, or give the `file_hash` that it must have."
        )
    if scheme not in ("https", "http", "file"):
        raise ValueError(
            f"`origin` must begin with https:// (or file://), got {origin!r}."
        )


class _Checked(urllib.request.HTTPRedirectHandler):
    """Redirections lead only to where the address itself might have led."""

    def __init__(self, hashed: bool) -> None:
        self.hashed = hashed

    def redirect_request(self, *args: Any) -> Any:
        """Go on if the new address is allowed, and no file of this machine."""
        newurl = args[-1]
        _check_address(newurl, self.hashed)
        if urllib.parse.urlsplit(newurl).scheme == "file":
            raise ValueError(f"The address leads to {newurl!r}, a local file.")
        return super().redirect_request(*args)


def _fetch(origin: str, path: Path, expected: str | None, algorithm: str) -> None:
    """Fetch beside the place, verify, and only then put there."""
    _check_address(origin, expected is not None)
    opener = urllib.request.build_opener(_Checked(expected is not None))
    with _beside(path) as new:
        try:
            with opener.open(origin, timeout=TIMEOUT) as source, open(new, "wb") as out:
                shutil.copyfileobj(source, out, PIECE)
                length = source.headers.get("Content-Length")
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"Could not fetch {origin!r}: {error}") from error
        if length is not None and int(length) != new.stat().st_size:
            raise OSError(
                f"Could not fetch the whole of {origin!r}: {new.stat().st_size} of "
                f"{length} bytes came."
            )
        if expected is not None and not _fits(new, expected, algorithm):
            raise ValueError(
                f"{origin!r} has another hash than `file_hash` {expected!r}: it was "
                "changed or damaged, and is not kept."
            )
        os.replace(new, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A place in a folder of its own beside `path`, of which nothing is left over."""
    folder = tempfile.mkdtemp(prefix=".fetching-", dir=path.parent)
    try:
        yield Path(folder) / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fits(path: Path, expected: str, algorithm: str) -> bool:
    if algorithm == "auto":
        algorithm = "md5" if len(expected) == 32 else "sha256"
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"`hash_algorithm` must be 'auto', 'sha256' or 'md5', got {algorithm!r}."
        )
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    return found == expected.lower()


# --- extracting ----------------------------------------------------------------------


def _extract(path: Path, target: Path, formats: str | Sequence[str] | None) -> None:
    """Extract beside the place, all or nothing."""
    if formats is None:
        formats = ()
    if isinstance(formats, str):
        formats = ("tar", "zip") if formats == "auto" else (formats,)
    if unknown := set(formats) - {"tar", "zip"}:
        raise ValueError(
            f"`archive_format` is 'auto', 'tar' or 'zip', got {sorted(unknown)}."
        )
    with _beside(target) as new:
        try:
            _unpack(path, new, formats)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise ValueError(f"`{path.name}` is refused: {error}") from error
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(new, target)


def _unpack(path: Path, new: Path, formats: Sequence[str]) -> None:
    if "tar" in formats and tarfile.is_tarfile(path):
        _check_tar(path)
        with tarfile.open(path) as tar:
            tar.extractall(new, filter="data")
    elif "zip" in formats and zipfile.is_zipfile(path):
        _check_zip(path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(new)
    else:
        raise ValueError(f"`{path.name}` is no archive of the formats {formats}.")


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            _check_member(path, info.filename, plain)
        _check_sizes(path, (info.file_size for info in archive.infolist()))


def _check_tar(path: Path) -> None:
    """Links may lead to other members."""

    def sizes() -> Iterator[int]:
        with tarfile.open(path) as tar:
            for member in tar:
                link = member.issym() or member.islnk()
                if link:
                    base = os.path.dirname(member.name) if member.issym() else ""
                    _check_member(path, member.linkname, True, base)
                plain = link or member.isfile() or member.isdir()
                _check_member(path, member.name, plain)
                yield member.size

    _check_sizes(path, sizes())


def _check_member(path: Path, name: str, plain: bool, base: str = "") -> None:
    """Refuse a member that is neither file nor folder, or that leads out of its own."""
    name = name.replace("\\", "/")
    parts = os.path.normpath(os.path.join(base, name)).split(os.sep)
    if not plain or os.path.isabs(name) or parts[0] == ".." or ":" in parts[0]:
        raise ValueError(
            f"`{path.name}` is refused: its member {name[:200]!r} is a device, or "
            "leads out of the folder that it is extracted to."
        )


def _check_sizes(path: Path, sizes: Iterator[int]) -> None:
    total, most = 0, min(MAX_BYTES, MAX_RATIO * path.stat().st_size + 2**20)
    for count, size in enumerate(sizes):
        total += size
        if total > most or count > MAX_MEMBERS:
            raise ValueError(
                f"`{path.name}` is refused: it would unpack to more than {most} bytes "
                f"or {MAX_MEMBERS} files."
            )
