"""The folder of a site: where one may be built, and which of its files a build wrote."""

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from icl_bench.errors import InputError
from icl_bench.files import cannot_write, check_folder_place, move_all, whole_folder, write_text
from icl_bench.leaderboard.urls import FRONT_PAGE

MARK = ".icl-bench-site"  # tells the folder of a site; holds the paths that the build wrote, one a line
_TEMPORARY = MARK + "."


def is_site(folder: Path) -> bool:
    """Whether a build wrote the folder."""
    return (folder / MARK).is_file() and (folder / FRONT_PAGE).is_file()


def check_site_place(folder: Path) -> None:
    """InputError where no site can be built into a folder: it is neither new nor empty nor that of a site.

    A link is followed. Called before the work.
    """
    check_folder_place(folder)
    place = Path(os.path.realpath(folder))
    try:
        held = os.listdir(place) if place.exists() else []
    except OSError as error:
        raise cannot_write(folder, error) from error
    if MARK not in held and not all(name.startswith(_TEMPORARY) for name in held):
        raise InputError(f"{folder} holds something that is not a site; name a new folder with --out")
    if FRONT_PAGE in held and FRONT_PAGE not in _written(place):
        raise InputError(
            f"{folder / MARK} does not tell which files are of the site; move what is yours and remove "
            f"{folder}, or name a new folder with --out"
        )


@contextmanager
def site_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to build into; on success its files take the place of the last build's, all or
    none. What no build wrote stays.

    InputError where the folder holds something else, or a file of another's has the name of a page;
    StorageError where it cannot be written.
    """
    check_site_place(folder)
    place = Path(os.path.realpath(folder))
    if not place.exists():
        with whole_folder(folder) as part:
            yield part
            write_text(part / MARK, _as_lines(_files(part)))
        return
    try:
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=place, ignore_cleanup_errors=True) as name:
            part = Path(name) / "new"
            part.mkdir()
            yield part
            _take_place(part, place, Path(name) / "old")
    except OSError as error:
        raise cannot_write(folder, error) from error


def _take_place(part: Path, place: Path, aside: Path) -> None:
    """Move the last build's files aside and those of `part` into their place."""
    old, new, mark = _written(place), _files(part), place / MARK
    _refuse_foreign(place, old, new)
    before = mark.read_text(encoding="utf-8", errors="replace") if mark.exists() else None
    write_text(mark, _as_lines(old | new))  # the next build takes up what is left of one that is killed here
    moves = [(place / name, aside / name) for name in sorted(old)]
    try:
        move_all(moves + [(part / name, place / name) for name in sorted(new)])
        write_text(mark, _as_lines(new))
    except BaseException:
        mark.unlink() if before is None else write_text(mark, before)
        raise
    finally:
        _remove_emptied(place, old | new)


def _written(folder: Path) -> set[str]:
    """What the last build wrote and is there, as paths in the folder, which is no link.

    A mark may come from anyone: what it names outside the folder, hidden or beyond a link is left out.
    """
    mark = folder / MARK
    lines = mark.read_text(encoding="utf-8", errors="replace").splitlines() if mark.is_file() else []
    return {path.as_posix() for path in map(PurePosixPath, lines) if _is_plain(folder, path)}


def _is_plain(folder: Path, path: PurePosixPath) -> bool:
    if path.is_absolute() or any(part.startswith(".") for part in path.parts) or not path.parts:
        return False
    if any(os.path.islink(folder / parent) for parent in path.parents):
        return False
    return os.path.islink(folder / path) or os.path.isfile(folder / path)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _refuse_foreign(place: Path, old: Collection[str], new: Collection[str]) -> None:
    """InputError where something that no build wrote is in the way of a new file."""
    for path in (PurePosixPath(name) for name in sorted(new)):
        for at in (*reversed(path.parents[:-1]), path):
            there = place / at
            if not os.path.lexists(there) or at.as_posix() in old:
                continue
            if at == path or there.is_symlink() or not there.is_dir():
                raise InputError(
                    f"{there} is in the way of the site, and no build wrote it; move it, or name a new "
                    "folder with --out"
                )


def _remove_emptied(place: Path, names: Collection[str]) -> None:
    """Remove the folders of these files that hold nothing any more."""
    folders = {parent for name in names for parent in PurePosixPath(name).parents[:-1]}
    for folder in sorted(folders, key=lambda one: -len(one.parts)):
        path = place / folder
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _as_lines(names: Collection[str]) -> str:
    return "".join(f"{name}\n" for name in sorted(names))
