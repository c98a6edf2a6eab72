"""Writing a file so that there is always the old one or the new one, whole."""

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: left-overs of killed writers are not swept there
    fcntl = None  # type: ignore[assignment]

__all__ = ["replacing"]

# A writer locks its file at once; whatever is this old and not locked has no writer.
STALE_SECONDS = 60


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give the path of a new file beside `path`, and put it in its place at the end.

    The new file is flushed to the disk before it is renamed. If the body fails it is
    removed and `path` stays as it was. What writers left that were killed is removed
    by the next one.

    Args:
        path: the file to write. Its folder is made if need be; a symbolic link stays,
            the file it points to is replaced.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(f"Cannot save to {str(target)!r}: it is a folder.")
    _sweep(target)
    handle, name = tempfile.mkstemp(".tmp", f".{target.name}.", target.parent)
    try:
        try:
            _lock(handle)
            yield name
            os.fsync(handle)
            os.chmod(name, _mode(target))
        finally:
            os.close(handle)
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def _lock(handle: int) -> bool:
    """Try to lock the file; the system unlocks it when its process ends."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody writes it, or the file system has no locks
        return False
    return True


def _sweep(target: Path) -> None:
    """Remove what killed writers of `target` left."""
    for left in target.parent.glob(f".{_literal(target.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < STALE_SECONDS:
                continue
            handle = os.open(left, os.O_RDWR)
            try:
                if _lock(handle):
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
