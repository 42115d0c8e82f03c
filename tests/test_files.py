"""A file is written whole or not at all, and only where a plain file may stand."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from raising import raises

from icl_bench.errors import StorageError
from icl_bench.files import (
    check_file_place,
    check_folder_place,
    move_all,
    whole_file,
    whole_folder,
    write_text,
)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def fill_the_disk() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise OSError(28, "No space left on device")

    with raises(StorageError, naming="No space left"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_files_of_a_folder_have_the_rights_of_any_new_file(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "made") as part:
        (part / "private").write_text("")
        (part / "private").chmod(0o600)
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "made/private").stat().st_mode == (tmp_path / "usual").stat().st_mode


def failing_rename(monkeypatch: pytest.MonkeyPatch, fails: Callable[[Path, Path], bool]) -> None:
    """Renaming fails for these sources and targets, as on a disk that goes away."""
    rename = os.replace

    def replace(source: Path, target: Path) -> None:
        if fails(Path(source), Path(target)):
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)


def written_folder(path: Path) -> None:
    with whole_folder(path) as part:
        (part / "file").write_text("new")


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("old")
    failing_rename(monkeypatch, lambda source, target: source.suffix == ".part")
    with raises(StorageError, naming="Input/output error"):
        written_folder(folder)
    assert (folder / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["folder"]


def test_what_can_be_renamed_neither_way_is_kept_and_reported(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("old")
    failing_rename(monkeypatch, lambda source, target: target == folder)
    with raises(StorageError, "kept-elsewhere") as caught:
        written_folder(folder)
    backup = Path(str(caught.value).rpartition(" ")[2])
    assert (backup / "file").read_text() == "old"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path: Path, interruption) -> None:
    def interrupted() -> None:
        with whole_folder(tmp_path / "folder") as part:
            (part / "file").write_text("half")
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert os.listdir(tmp_path) == []


def test_a_link_to_a_folder_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("new/target")
    for name in ("link", "dangling"):
        written_folder(tmp_path / name)
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / name / "file").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["dangling", "link", "new", "target"]


def test_all_are_moved_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    moves = [(tmp_path / name, tmp_path / "into" / name) for name in ("a", "b")]
    with pytest.raises(FileNotFoundError):
        move_all(moves)
    assert (tmp_path / "a").read_text() == "a"
    (tmp_path / "b").write_text("b")
    move_all(moves)
    assert sorted(os.listdir(tmp_path / "into")) == ["a", "b"]


def test_pipes_links_and_folders_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "link", "folder"):
        with raises(StorageError, "not-a-plain-file"):
            write_text(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_place_below_a_file_is_reported_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with raises(StorageError, "not-a-folder"):
        check_file_place(tmp_path / "file" / "record.json")
    check_file_place(tmp_path / "new" / "folder" / "record.json")
    assert not (tmp_path / "new").exists()
    with raises(StorageError, "not-a-folder"):
        check_folder_place(tmp_path / "file" / "folder")
    check_folder_place(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_may_not_be_written_is_reported_before_the_work(tmp_path: Path, monkeypatch) -> None:
    """Root may write everywhere, so the system's answer is given here."""
    monkeypatch.setattr(os, "access", lambda place, how: Path(place) != tmp_path)
    for name in (".", "new", "new/folder"):
        with raises(StorageError, "no-permission", naming=tmp_path):
            check_folder_place(tmp_path / name)


def test_a_link_to_itself_is_no_place_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with raises(StorageError, "circular-link"):
        check_folder_place(tmp_path / "link")


def test_room_is_asked_for_only_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with raises(StorageError, naming="file/folder"):
        written_folder(tmp_path / "file" / "folder")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "new/" + "x" * 255])
def test_what_passes_the_check_can_be_written(tmp_path: Path, name: str) -> None:
    """A file system takes 255 bytes of a name, and the temporary name is one too."""
    check_file_place(tmp_path / name)
    write_text(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"
    check_folder_place(tmp_path / "folders" / name)
    for _ in range(2):  # made, then replaced
        written_folder(tmp_path / "folders" / name)
    assert (tmp_path / "folders" / name / "file").read_text() == "new"


def test_a_path_that_leaves_no_room_for_the_temporary_name_is_reported_before_the_work(
    tmp_path: Path,
) -> None:
    folder = tmp_path
    while len(os.fsencode(folder)) < 4_095 - 200:
        folder = folder / ("d" * 99)
    folder = folder / ("d" * (4_095 - len(os.fsencode(folder)) - len("/f") - len("/")))
    with raises(StorageError, naming="File name too long"):
        check_file_place(folder / "f")


@pytest.mark.parametrize("name", ["x" * 256, f"{'x' * 256}/record.json", f"new/{'x' * 256}"])
def test_a_name_that_is_too_long_is_reported(tmp_path: Path, name: str) -> None:
    with raises(StorageError, naming=("File name too long", tmp_path)):
        check_file_place(tmp_path / name)


def test_a_current_folder_that_is_gone_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with raises(StorageError, naming="results/record.json"):
        check_file_place(Path("results/record.json"))
