"""A site is written whole, is the same bytes each time, and replaces nothing but a site."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import fabricated
import pytest

from icl_bench.errors import InputError
from icl_bench.leaderboard.site import File, Site
from icl_bench.leaderboard.write import MARK, write_site

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [str(Path(sys.executable).parent / "icl-bench"), "leaderboard"]


def held(folder: Path) -> dict[str, bytes]:
    """Every file with its content."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_another_process_writes_the_same_bytes(site_folder, tmp_path):
    """With other hashes of strings, in another time zone and language."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    code = "from fabricated import *; build(Path(sys.argv[1]), entries())"
    command = [sys.executable, "-c", f"import sys; {code}", str(tmp_path / "again")]
    subprocess.run(command, check=True, cwd=ROOT / "tests", env=environment)
    again, first = held(tmp_path / "again"), held(site_folder)
    assert [path for path in sorted(first | again) if first.get(path) != again.get(path)] == []


@pytest.fixture
def small(monkeypatch) -> Site:
    """A site of one file."""
    monkeypatch.setattr(
        "icl_bench.leaderboard.write.site_files", lambda site: iter([File("index.html", b"new")])
    )
    return Site([], None, fabricated.ADDRESS, None)


def test_a_site_is_replaced_and_what_it_no_longer_has_goes(small, tmp_path):
    folder = tmp_path / "site"
    write_site(small, folder)
    (folder / "old.html").write_text("from an older version")
    (folder / "index.html").write_text("changed")
    assert write_site(small, folder) == 1
    assert held(folder) == {MARK: b"", "index.html": b"new"}


def test_an_empty_folder_is_filled(small, tmp_path):
    write_site(small, tmp_path)
    assert "index.html" in held(tmp_path)


def test_a_folder_that_holds_anything_else_is_refused_and_left_alone(small, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a site; name a new folder with --out"):
        write_site(small, tmp_path)
    assert held(tmp_path) == {"notes.txt": b"mine"}
    with pytest.raises(InputError, match="is a file"):
        write_site(small, tmp_path / "notes.txt")
    assert held(tmp_path) == {"notes.txt": b"mine"}


def test_a_site_that_cannot_be_finished_leaves_the_old_one(small, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    write_site(small, folder)
    before = held(folder)

    def fails(site):
        yield File("index.html", b"half of a newer one")
        raise RuntimeError("a bug in the last page")

    monkeypatch.setattr("icl_bench.leaderboard.write.site_files", fails)
    with pytest.raises(RuntimeError, match="last page"):
        write_site(small, folder)
    assert held(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_command_builds_what_is_recorded_here(tmp_path):
    """The results that the repository holds, whichever they are."""
    done = run("build", "--out", "site", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = held(tmp_path / "site")
    assert f"wrote {len(files) - 1} files" in done.stdout
    assert MARK in files
    refused = run("build", "--out", "site", "--address", "ftp://example.org", cwd=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert held(tmp_path / "site") == files


def test_what_is_no_site_is_not_served(tmp_path):
    done = run("serve", "--folder", "nothing", "--port", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "icl-bench leaderboard build --out nothing" in done.stderr


def test_a_site_is_served_until_interrupted(site_folder):
    command = [*COMMAND, "serve", "--folder", str(site_folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split(" at ")[1].split(",")[0]
            assert address.startswith("http://")
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.read() == (site_folder / "index.html").read_bytes()
            port = address.rstrip("/").rsplit(":", 1)[1]
            taken = run("serve", "--folder", str(site_folder), "--port", port, cwd=site_folder)
            assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
        finally:
            process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=20)[1]
    assert "Traceback" not in told


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
