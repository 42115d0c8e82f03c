"""Temporary files and folders beside what they become, each locked by the process that writes it.

The system lets go of a lock however its process ends, so a temporary that nobody holds was left by a process
that was killed: the next one that writes in the folder removes it. Where the system has no such locks
(Windows), or a disk (some of networks), nothing is removed.
"""

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PREFIX = ".icl-bench-"
_PART = ".part"  # what is being written, or being removed
_OLD = ".old"  # holds a folder, under its own name, while another takes its place
EXAMPLE_NAME = f"{_PREFIX}xxxxxxxx{_PART}"  # as long as every name is, whatever the file's that it is for
_leftovers_stay = False
_NAME = re.compile(r"\.icl-bench-[a-z0-9_]{8}\.(part|old)")


def keep_leftovers() -> None:
    """Remove no leftovers in this process: one of many that write into one folder from several machines, of
    which each may see its own locks alone."""
    global _leftovers_stay
    _leftovers_stay = True


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name is being written, or was when its process was killed."""
    return _NAME.fullmatch(name) is not None


@contextmanager
def temporary_file(folder: Path) -> Iterator[Path]:
    """Yield a new, empty file in `folder`; it is removed where it is still there at the end.

    OSError where the folder cannot be written. Leftovers in it are removed before.
    """
    remove_leftovers(folder)
    path, handle = _create(folder, _PART, is_folder=False)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        _close(handle)


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """Yield a new, empty folder in `folder`; it is removed where it is still there at the end.

    OSError where the folder cannot be written. Leftovers in it are removed before.
    """
    remove_leftovers(folder)
    path, handle = _create(folder, _PART, is_folder=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _close(handle)


@contextmanager
def folder_set_aside(path: Path) -> Iterator[Path]:
    """Yield where to move the folder `path` while another takes its place; at the end it is removed.

    After an error it is kept if it is there. After a kill, it is moved back at the next start.
    """
    aside, handle = _create(path.parent, _OLD, is_folder=True)
    try:
        yield aside / path.name
        removed = aside.with_suffix(_PART)  # it is not moved back any more
        os.replace(aside, removed)
        shutil.rmtree(removed, ignore_errors=True)
    finally:
        with suppress(OSError):
            aside.rmdir()
        _close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in `folder` while they wrote; what others write there stays.

    A folder that one of them had set aside is moved back, unless another one has taken its place.
    """
    if _leftovers_stay:
        return
    try:
        names = [name for name in os.listdir(folder) if is_temporary(name)]
    except OSError:  # it does not exist; whoever writes into it learns why
        return
    for path in (folder / name for name in sorted(names)):
        handle = _held(path)
        if handle is None:
            continue
        with suppress(OSError):
            if path.suffix == _OLD:
                _move_back(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        _close(handle)


def _create(folder: Path, suffix: str, is_folder: bool) -> tuple[Path, int | None]:
    """A new temporary, and the descriptor that holds its lock."""
    while True:
        if is_folder:
            path = Path(tempfile.mkdtemp(suffix, _PREFIX, folder))
        else:
            number, name = tempfile.mkstemp(suffix, _PREFIX, folder)
            os.close(number)
            path = Path(name)
        try:
            return path, _locked(path)
        except (BlockingIOError, FileNotFoundError):  # another process took it for a leftover
            continue
        except OSError:  # this disk has no locks: no process takes it for a leftover
            return path, None


def _held(path: Path) -> int | None:
    """The descriptor that holds the lock of a leftover; None where it is none, or cannot be locked."""
    try:
        return _locked(path)
    except OSError:
        return None


def _locked(path: Path) -> int:
    """Lock a file or folder; the descriptor that holds the lock. OSError where it cannot be locked.

    BlockingIOError where another process holds it; FileNotFoundError where one has just removed it.
    """
    if fcntl is None:
        raise OSError(errno.ENOSYS, "no locks")
    kind = os.lstat(path).st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise OSError(errno.EINVAL, "neither a file nor a folder")
    handle = os.open(path, os.O_RDONLY if stat.S_ISDIR(kind) else os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), os.lstat(path)):
            raise FileNotFoundError
    except BaseException:
        os.close(handle)
        raise
    return handle


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def _move_back(aside: Path) -> None:
    """Move a folder that was set aside back to where it was, if nothing is there."""
    for held in aside.iterdir():
        if not os.path.lexists(aside.parent / held.name):
            os.replace(held, aside.parent / held.name)
