"""Writing a file so that there is always the old one or the new one, whole."""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: left-overs of killed writers are not swept there
    fcntl = None  # type: ignore[assignment]

__all__ = ["replacing"]

# What the system says if there is no room.
FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EFBIG", "EDQUOT")} - {None}


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the path of a new file beside `path`, and put it in its place at the end.

    The new file is flushed to the disk before it is renamed. If the body fails it is
    removed and `path` stays as it was. What writers left that were killed is removed
    by the next one.

    Args:
        path: the file to write. Its folder is made if need be; a symbolic link stays,
            the file it points to is replaced.

    Raises:
        OSError: if there is no room for the file, or something else than a file stands
            in its place.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(f"Cannot save to {str(target)!r}: it is a folder.")
    if target.exists() and not target.is_file():
        raise OSError(f"Cannot save to {str(target)!r}: it is a device or a pipe.")
    _sweep(target)
    handle, name = _opened(target)
    try:
        try:
            yield name
            os.fsync(handle)
            os.chmod(name, _mode(target))
        finally:
            os.close(handle)
        os.replace(name, target)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(name)
        if (number := _no_room(error)) is not None:
            raise OSError(
                number,
                f"Cannot save to {str(target)!r}: {os.strerror(number)}. The disk, or "
                "what you may use of it, is full; make room, or save elsewhere. What "
                "stood there before is as it was",
            ) from error
        raise
    _sync_folder(target.parent)


def _opened(target: Path) -> tuple[int, str]:
    """Make a file beside `target` and lock it: what is not locked has no writer."""
    while True:
        handle, name = tempfile.mkstemp(".tmp", f".{target.name}.", target.parent)
        _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # somebody swept it away before it was locked


def _lock(handle: int, wait: bool) -> bool:
    """Try to lock the file; the system unlocks it when its process ends."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # somebody writes it, or the file system has no locks
        return False
    return True


def _no_room(error: BaseException | None) -> int | None:
    """Return the system's number if there was no room, which HDF5 tells in words."""
    while isinstance(error, Exception):
        number = getattr(error, "errno", None)
        if number is None and (found := re.search(r"errno = (\d+)", str(error))):
            number = int(found[1])
        if number in FULL:
            return number
        error = error.__context__
    return None


def _sweep(target: Path) -> None:
    """Remove what killed writers of `target` left."""
    for left in target.parent.glob(f".{_literal(target.name)}.*.tmp"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDWR)
            try:
                if _lock(handle, wait=False):
                    os.unlink(left)
            finally:
                os.close(handle)


def _literal(name: str) -> str:
    """Let a name stand for itself in a glob pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _mode(target: Path) -> int:
    """The permissions of the file replaced, else those of a new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
