"""What a killed process leaves half-written goes at the next start, and what a living one writes stays."""

import fcntl
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from icl_bench.files import whole_folder, write_text
from icl_bench.temporary import is_temporary, remove_leftovers, temporary_file, temporary_folder

pytestmark = pytest.mark.slow

LEFT = ".icl-bench-abcdefgh.part"


def killed(code: str, folder: Path) -> None:
    """Run code that ends in SIGKILL of its own process."""
    whole = "import os, sys, signal\nfrom pathlib import Path\nfrom icl_bench.files import *\n"
    whole += "die = lambda *args: os.kill(os.getpid(), signal.SIGKILL)\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", whole], cwd=folder, check=False)
    assert done.returncode == -9


def written(path: Path, text: str) -> None:
    with whole_folder(path) as part:
        (part / "file").write_text(text)


def test_the_next_file_that_is_written_removes_what_a_kill_left(tmp_path: Path) -> None:
    killed("with whole_file(Path('record.json')) as part: part.write_text('half'); die()", tmp_path)
    (left,) = os.listdir(tmp_path)
    assert is_temporary(left)
    write_text(tmp_path / "another.json", "whole")
    assert os.listdir(tmp_path) == ["another.json"]


def test_the_next_folder_that_is_written_removes_what_a_kill_left(tmp_path: Path) -> None:
    killed(
        "with whole_folder(Path('folder')) as part: (part / 'a').mkdir(); (part / 'a/b').touch(); die()",
        tmp_path,
    )
    (left,) = os.listdir(tmp_path)
    assert is_temporary(left)
    written(tmp_path / "folder", "new")
    assert os.listdir(tmp_path) == ["folder"]


# what is there after a kill at each rename and removal of a folder that takes another's place
@pytest.mark.parametrize(
    ("last", "left", "next_start"),
    [(0, "old", "old"), (1, None, "old"), (2, "new", "new"), (3, "new", "new")],
)
def test_a_folder_is_never_lost(tmp_path: Path, last: int, left: str | None, next_start: str) -> None:
    folder = tmp_path / "folder"
    written(folder, "old")
    code = f"""
        import shutil
        left, replace = iter(range(9)), os.replace
        os.replace = lambda *args: die() if next(left) == {last} else replace(*args)
        remove = shutil.rmtree
        shutil.rmtree = lambda *args, **how: die() if next(left) == {last} else remove(*args, **how)
        with whole_folder(Path("folder")) as part:
            (part / "file").write_text("new")
    """
    killed(code, tmp_path)
    assert (folder / "file").read_text() == left if left else not folder.exists()
    remove_leftovers(tmp_path)
    assert (folder / "file").read_text() == next_start
    assert os.listdir(tmp_path) == ["folder"]


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from icl_bench.temporary import *
        with temporary_file(Path()) as file, temporary_folder(Path()) as folder:
            file.write_text("half")
            (folder / "file").write_text("half")
            print(flush=True)
            sys.stdin.read()
            print(file.read_text(), (folder / "file").read_text(), end="")
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    run = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "\n"
    write_text(tmp_path / "other", "whole")
    assert len(os.listdir(tmp_path)) == 3
    assert run.communicate()[0] == "half half"
    assert os.listdir(tmp_path) == ["other"]


def test_one_that_is_taken_for_a_leftover_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process starts between the making and the locking."""
    open_file, removed = os.open, []

    def open_late(path: Path, *flags: int, **how: int) -> int:
        if is_temporary(Path(path).name) and not removed:
            removed.append(path)
            Path(path).rmdir()
        return open_file(path, *flags, **how)

    monkeypatch.setattr(os, "open", open_late)
    with temporary_folder(tmp_path) as folder:
        (folder / "file").write_text("whole")
        assert [folder] != removed
    assert os.listdir(tmp_path) == []


def test_nothing_else_is_taken_for_a_leftover(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / LEFT).symlink_to(outside)
    os.mkfifo(folder / LEFT.replace("a", "b"))
    names = [".icl-bench-site", ".icl-bench-site.lock", ".film.abcdefgh.part", "icl-bench-abcdefgh.part"]
    for name in names:
        (folder / name).write_text("mine")
    remove_leftovers(folder)
    assert set(os.listdir(folder)) == {LEFT, LEFT.replace("a", "b"), *names}
    assert outside.is_dir()


def test_a_disk_without_locks_keeps_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can know there whether the process lives."""

    def fails(handle: int, how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fails)
    with temporary_file(tmp_path) as first, temporary_file(tmp_path) as second:
        assert first.exists()
        assert second.exists()
    assert os.listdir(tmp_path) == []
