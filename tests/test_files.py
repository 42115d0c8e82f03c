"""A file is written whole or not at all, and only where a plain file may stand."""

import os
from pathlib import Path

import pytest

from icl_bench.errors import StorageError
from icl_bench.files import check_file_place, whole_file, whole_folder, write_text


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def fill_the_disk() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_files_of_a_folder_have_the_rights_of_any_new_file(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "made") as part:
        (part / "private").write_text("")
        (part / "private").chmod(0o600)
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "made/private").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_pipes_links_and_folders_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "link", "folder"):
        with pytest.raises(StorageError, match="not a plain file"):
            write_text(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_place_below_a_file_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="is not a folder"):
        check_file_place(tmp_path / "file" / "record.json")
    check_file_place(tmp_path / "new" / "folder" / "record.json")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["x" * 256, f"{'x' * 256}/record.json"])
def test_a_name_that_is_too_long_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError, match="File name too long") as caught:
        check_file_place(tmp_path / name)
    assert str(caught.value).startswith("cannot write ")
