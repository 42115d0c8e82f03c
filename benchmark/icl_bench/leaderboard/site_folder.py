"""The folder of a site: where one may be built, and which of its files a build wrote."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from icl_bench.errors import InputError
from icl_bench.files import cannot_write, check_folder_place
from icl_bench.leaderboard.links import FRONT_PAGE
from icl_bench.leaderboard.replace_files import replace_files
from icl_bench.locks import only_process
from icl_bench.temporary import is_temporary, temporary_folder

MARK = ".icl-bench-site"  # marks the folder of a site; holds the paths that the build wrote, one a line
LOCK = MARK + ".lock"  # held by the process that builds into the folder


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
    if MARK not in held and not all(name == LOCK or is_temporary(name) for name in held):
        raise InputError(
            f"{folder} holds something that is not a site; name a new folder with --out", code="not-a-site"
        )
    if FRONT_PAGE in held and FRONT_PAGE not in _written(place):
        raise InputError(
            f"{folder / MARK} does not say which files belong to the site; move what is yours and remove "
            f"{folder}, or name a new folder with --out",
            code="unknown-files",
        )


@contextmanager
def site_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to build into; on success its files take the place of the last build's, all or
    none. What no build wrote stays. A kill leaves a whole front page, the old or the new one.

    InputError where the folder holds something else, a file of another's has the name of a page, or another
    process builds into it; StorageError where it cannot be written.
    """
    check_site_place(folder)
    place = Path(os.path.realpath(folder))
    is_new = not place.exists()
    refusal = f"another process builds a site in {folder}; wait for it, or name another folder with --out"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with only_process(place / LOCK, refusal), temporary_folder(place) as temporary:
            part = temporary / "new"
            part.mkdir()
            yield part
            _take_place(part, place, temporary)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        if is_new:
            with suppress(OSError):  # it holds a site, or nothing where there was an error
                place.rmdir()


def _take_place(part: Path, place: Path, temporary: Path) -> None:
    """Put the files of `part` in the place of the last build's."""
    old, new, mark = _written(place), _files(part), place / MARK
    _refuse_foreign(place, old, new)
    # the next build finishes one that is killed from here on
    _write_mark(mark, _as_lines(old | new), temporary)
    try:
        replace_files(part, place, sorted(old, key=_order), sorted(new, key=_order), temporary / "old")
        _write_mark(mark, _as_lines(new), temporary)
    except BaseException:
        there = {name for name in old | new if os.path.lexists(place / name)}
        _write_mark(mark, _as_lines(there), temporary) if there else mark.unlink()
        raise
    finally:
        _remove_emptied(place, old | new)


def _order(path: str) -> tuple[int, str]:
    """What pages need comes before them, the front page last."""
    return (2 if path == FRONT_PAGE else 1 if path.endswith(".html") else 0), path


def _write_mark(mark: Path, content: bytes, temporary: Path) -> None:
    part = temporary / "mark"
    part.write_bytes(content)
    os.replace(part, mark)


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
    known: set[PurePosixPath] = set()
    for path in (PurePosixPath(name) for name in sorted(new)):
        for at in (*reversed(path.parents[:-1]), path):
            if at in known:
                continue
            known.add(at)
            there = place / at
            if not os.path.lexists(there) or at.as_posix() in old:
                continue
            if at == path or there.is_symlink() or not there.is_dir():
                raise InputError(
                    f"{there} is in the way of the site, and no build wrote it; move it, or name a new "
                    "folder with --out",
                    code="in-the-way",
                )


def _remove_emptied(place: Path, names: Collection[str]) -> None:
    """Remove the folders of these files that hold nothing any more."""
    folders = {parent for name in names for parent in PurePosixPath(name).parents[:-1]}
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        path = place / folder
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _as_lines(names: Collection[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode()
