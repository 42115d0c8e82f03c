"""Whole files or none: everything is written beside its place and renamed into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from icl_bench.errors import StorageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed over `path`, else removed.

    Raises StorageError where the folder cannot be written or the disk is full.
    """
    check_file_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    part = Path(name)
    try:
        yield part
        part.chmod(0o666 & ~_umask())
        _sync(part)
        os.replace(part, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it takes the place of `path`, else it is removed.

    Raises StorageError where the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield part
        part.chmod(0o777 & ~_umask())
        for file in part.rglob("*"):
            file.chmod((0o777 if file.is_dir() else 0o666) & ~_umask())  # some libraries write for us alone
        _replace_folder(part, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_file_place(path: Path) -> None:
    """StorageError where something else than a plain file is at `path`, or where it cannot be written.

    Called before long work too, so that it does not fail at the last step. A link is not followed: it, like a
    device or a pipe, would be replaced by the file.
    """
    try:
        other = path.is_symlink() or (path.exists() and not path.is_file())
        existing = next(parent for parent in path.absolute().parents if parent.exists())
    except OSError as error:  # a name that is too long, a folder that cannot be looked into
        raise _cannot_write(path, error) from error
    if other:
        raise StorageError(f"cannot write {path}: it is not a plain file; name another place")
    if not existing.is_dir():
        raise StorageError(f"cannot write {path}: {existing} is not a folder; name another place")
    if not os.access(existing, os.W_OK):
        raise StorageError(f"cannot write {path}: no permission in {existing}; name another place")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with plain newlines, whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(text.encode("utf-8"))


def _replace_folder(part: Path, path: Path) -> None:
    """Rename `part` to `path`; a folder already there is moved aside first, then removed."""
    if not path.exists():
        os.replace(part, path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    os.replace(path, aside / "old")
    os.replace(part, path)
    shutil.rmtree(aside, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(f"cannot write {path}: {reason}; free space or name another place")
