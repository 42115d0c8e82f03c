"""Many files replaced, each by one rename: at every moment each of them is whole, the old or the new one."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath


def replace_files(part: Path, place: Path, old: Sequence[str], new: Sequence[str], backup: Path) -> None:
    """Put the files `new` of the folder `part` into `place`, then remove those that are `old` alone.

    Both are in the order in which files need each other, who is needed first; paths are relative to the
    folders. `old` are in `place`, which holds nothing else of these names, and no folder that has the name of
    a new file. `backup` is a folder to make for the old files, on the same disk. All are replaced, or none:
    after an error, which is raised again, `place` has the old files.
    """
    for name in old:
        _keep(place / name, backup / name)
    folders = {parent.as_posix() for name in new for parent in PurePosixPath(name).parents}
    staying = set(new)
    try:
        for name in folders.intersection(old):  # a file where there is a folder now
            (place / name).unlink()
        for name in new:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(part / name, place / name)
        for name in reversed(old):
            if name not in staying and name not in folders:
                (place / name).unlink()
    except BaseException:
        _restore(part, place, set(old), new, backup)
        raise


def _keep(path: Path, backup: Path) -> None:
    """Give a file a second name, or make a copy where the disk knows one name a file; a link stays a link."""
    backup.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, backup, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, backup, follow_symlinks=False)


def _restore(part: Path, place: Path, old: set[str], new: Sequence[str], backup: Path) -> None:
    """Put the old files back over new ones, then remove what is new, and put back what stood in its way."""
    folders = {parent.as_posix() for name in new for parent in PurePosixPath(name).parents}
    for name in old - folders:
        os.replace(backup / name, place / name)
    for name in set(new) - old:
        if not os.path.lexists(part / name):  # it has been moved
            (place / name).unlink(missing_ok=True)
    for name in old & folders:
        for folder in sorted((place / name).rglob("*"), reverse=True):
            folder.rmdir()
        if (place / name).is_dir():
            (place / name).rmdir()
        os.replace(backup / name, place / name)
