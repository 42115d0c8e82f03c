"""Whole files or none: everything is written beside its place and renamed into it."""

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from icl_bench.errors import InputError, StorageError
from icl_bench.temporary import EXAMPLE_NAME, folder_set_aside, temporary_file, temporary_folder


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed over `path`, else removed.

    Raises StorageError where the folder cannot be written or the disk is full.
    """
    check_file_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_file(path.parent) as part:
            yield part
            part.chmod(0o666 & ~_umask())
            sync(part)
            os.replace(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it takes the place of `path`, else it is removed.

    A link is followed: it stays, and what it leads to is replaced. Raises StorageError where the folder
    cannot be written or the disk is full.
    """
    place = Path(os.path.realpath(path))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(place.parent) as part:
            yield part
            part.chmod(0o777 & ~_umask())
            for file in part.rglob("*"):  # some libraries write for us alone
                file.chmod((0o777 if file.is_dir() else 0o666) & ~_umask())
            _replace_folder(part, place)
    except OSError as error:
        raise cannot_write(path, error) from error


def user_path(path: str) -> Path:
    """The path that a user wrote; `~` and `~user` stand for home folders."""
    return Path(os.path.expanduser(path))  # the method of Path raises where no such user is known


def check_file_place(path: Path) -> None:
    """StorageError where something else than a plain file is at `path`, or where it cannot be written.

    Called before long work too, so that it does not fail at the last step. A link is not followed: it, like a
    device or a pipe, would be replaced by the file.
    """
    try:
        other = not stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        other = False
    except OSError as error:  # a name that is too long, a folder that cannot be looked into
        raise cannot_write(path, error) from error
    if other:
        raise StorageError(
            f"cannot write {path}: it is not a plain file; name another place", code="not-a-plain-file"
        )
    try:
        place = path.absolute()
    except OSError as error:  # the current folder is gone
        raise cannot_write(path, error) from error
    _check_writable(path, place, place.parents)


def check_ending(path: Path, endings: Collection[str], content: str) -> None:
    """InputError where a file's name ends in none of `endings`, as `.npz`: it would say that other `content`
    is in the file. Called before long work."""
    if path.suffix.lower() not in endings:
        raise InputError(
            f"{str(path)!r} ends in no form of {content}; end the name in {', '.join(endings)}",
            code="file-ending",
        )


def check_folder_place(path: Path) -> None:
    """StorageError where no folder can be made at `path`, or nothing can be written into the one that exists.

    Called before long work too. A link is followed.
    """
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise StorageError(
            f"cannot write {path}: it is a link that leads to itself; name another place",
            code="circular-link",
        )
    _check_writable(path, place, (place, *place.parents))


def move_all(moves: Iterable[tuple[Path, Path]]) -> None:
    """Rename every source to its target, or none; folders of targets are made.

    OSError where one cannot be renamed, once the others are back; StorageError where one cannot be put back.
    """
    begun: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            begun.append((source, target))
            os.replace(source, target)
    except BaseException:
        for source, target in reversed(begun):
            if os.path.lexists(target) and not os.path.lexists(source):
                _put_back(source, target)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with plain newlines, whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(text.encode("utf-8"))


def _replace_folder(part: Path, path: Path) -> None:
    """Rename `part` to `path`; a folder already there is moved aside first, then removed."""
    if not path.exists():
        os.replace(part, path)
        return
    with folder_set_aside(path) as aside:
        move_all([(path, aside), (part, path)])


def _put_back(source: Path, target: Path) -> None:
    try:
        os.replace(target, source)
    except OSError as error:
        raise StorageError(
            f"cannot put {source} back: {error.strerror or error}; it is kept as {target}",
            code="kept-elsewhere",
        ) from error


def _check_writable(path: Path, place: Path, folders: Sequence[Path]) -> None:
    """StorageError where the first of `folders` that there is cannot hold new files, or where a name that
    writing `place` needs is too long; the last of `folders` is the root."""
    try:
        existing = next(folder for folder in folders if folder.exists())
    except OSError as error:
        raise cannot_write(path, error) from error
    if not existing.is_dir():
        raise StorageError(
            f"cannot write {path}: {existing} is not a folder; name another place", code="not-a-folder"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise StorageError(
            f"cannot write {path}: no permission in {existing}; name another place", code="no-permission"
        )
    temporary = place.parent / EXAMPLE_NAME
    try:
        for written in (temporary, *(existing / name for name in place.parts[len(existing.parts) :])):
            with suppress(FileNotFoundError):
                os.lstat(written)
    except OSError as error:
        raise cannot_write(path, error) from error


def sync(path: Path) -> None:
    """Wait until the file's content would survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cannot_write(path: Path, error: OSError) -> StorageError:
    """The error for a `path` that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "free space or name another place" if full else "name another place"
    return StorageError(f"cannot write {path}: {error.strerror or error}; {remedy}")
