"""A site is written whole, is the same bytes each time, and replaces nothing but what a build wrote."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import fabricated
import pytest
from raising import raises

from icl_bench.errors import InputError, StorageError
from icl_bench.leaderboard import write
from icl_bench.leaderboard.page import File
from icl_bench.leaderboard.site import Site
from icl_bench.leaderboard.site_folder import MARK
from icl_bench.leaderboard.write import data_date, write_site

pytestmark = pytest.mark.slow

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
    monkeypatch.setattr(write, "site_files", lambda site: iter([File("index.html", b"new")]))
    return Site([], None, fabricated.ADDRESS, None)


def builds(
    monkeypatch, *paths: str, content: bytes = b"new", fault: type[BaseException] | None = None
) -> None:
    """Let a site consist of these files from now on; building them ends in the fault."""

    def files(site: Site):
        yield from (File(path, content) for path in paths)
        if fault is not None:
            raise fault

    monkeypatch.setattr(write, "site_files", files)


def test_a_site_is_replaced_and_what_it_no_longer_has_goes(small, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    builds(monkeypatch, "index.html", "old.html", "mini-v0/tasks/old.html", "data", content=b"old")
    write_site(small, folder)
    builds(monkeypatch, "index.html", "data/scores.csv")
    assert write_site(small, folder) == 2
    mark = b"data/scores.csv\nindex.html\n"
    assert held(folder) == {MARK: mark, "index.html": b"new", "data/scores.csv": b"new"}
    assert sorted(os.listdir(folder)) == [MARK, "data", "index.html"]


def test_what_no_build_wrote_stays(small, tmp_path, monkeypatch):
    """As in a checkout of the branch that a site is published from."""
    folder = tmp_path / "site"
    builds(monkeypatch, "index.html", "mini-v1/old.html")
    write_site(small, folder)
    mine = {".git/HEAD": b"ref", "CNAME": b"example.org", "mini-v1/notes.txt": b"mine", "empty": None}
    for path, content in mine.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).mkdir() if content is None else (folder / path).write_bytes(content)
    builds(monkeypatch, "index.html")
    write_site(small, folder)
    files = held(folder)
    assert files.pop(MARK) == b"index.html\n"
    assert files == {"index.html": b"new"} | {
        path: content for path, content in mine.items() if content is not None
    }
    assert (folder / "empty").is_dir()


@pytest.mark.parametrize(
    ("mine", "built"), [("feed.xml", "feed.xml"), ("data", "data/scores.csv"), ("a/b/c.txt", "a/b")]
)
def test_a_file_that_no_build_wrote_is_not_written_over(small, tmp_path, monkeypatch, mine, built):
    folder = tmp_path / "site"
    write_site(small, folder)
    (folder / mine).parent.mkdir(parents=True, exist_ok=True)
    (folder / mine).write_text("mine")
    before = held(folder)
    builds(monkeypatch, "index.html", built, content=b"newer")
    with raises(InputError, "in-the-way"):
        write_site(small, folder)
    assert held(folder) == before


def test_nothing_outside_the_folder_is_touched_whatever_the_mark_says(small, tmp_path, monkeypatch):
    """The folder may have come from someone else, with its mark and with links."""
    folder, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    (outside / "page.html").write_text("mine")
    write_site(small, folder)
    (folder / "link").symlink_to("../outside")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("mine")
    listed = [
        "index.html",
        "index.html",
        "../outside/page.html",
        str(outside / "page.html"),
        "link/page.html",
    ]
    (folder / MARK).write_text("\n".join([*listed, ".git/config", MARK, "", ".", "x" * 300, "a\0b"]))
    write_site(small, folder)
    assert (folder / ".git" / "config").read_text() == "mine"
    builds(monkeypatch, "index.html", "link/page.html")
    with raises(InputError, "in-the-way", naming="link"):
        write_site(small, folder)
    assert held(outside) == {"page.html": b"mine"}
    assert (folder / MARK).read_text() == "index.html\n"


def test_an_empty_folder_is_filled(small, tmp_path):
    write_site(small, tmp_path)
    assert "index.html" in held(tmp_path)


def test_a_link_is_written_through(small, tmp_path):
    (tmp_path / "link").symlink_to("site")
    for _ in range(2):  # where it leads to nothing yet, and to a site
        write_site(small, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert held(tmp_path / "site") == {MARK: b"index.html\n", "index.html": b"new"}
    assert sorted(os.listdir(tmp_path)) == ["link", "site"]


def test_a_place_that_cannot_be_taken_is_refused_before_the_work_and_left_alone(small, tmp_path, monkeypatch):
    builds(monkeypatch, fault=AssertionError)
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for name in (".", str(tmp_path)):
        with raises(InputError, "not-a-site"):
            write_site(small, Path(name))
    for name in ("notes.txt", "notes.txt/site"):
        with raises(InputError, naming="notes.txt"):
            write_site(small, Path(name))
    (tmp_path / "older").mkdir()
    for name in (MARK, "index.html"):  # as a site whose build did not list its files
        (tmp_path / "older" / name).touch()
    with raises(InputError, "unknown-files"):
        write_site(small, tmp_path / "older")
    assert held(tmp_path) == {"notes.txt": b"mine", f"older/{MARK}": b"", "older/index.html": b""}


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_a_site_that_cannot_be_finished_leaves_the_old_one(small, tmp_path, monkeypatch, fault):
    folder, empty = tmp_path / "site", tmp_path / "empty"
    write_site(small, folder)
    empty.mkdir()
    before = held(folder)
    builds(monkeypatch, "index.html", content=b"half of a newer one", fault=fault)
    for place in (folder, empty, tmp_path / "new"):
        with pytest.raises(fault):
            write_site(small, place)
    assert held(folder) == before
    assert sorted(os.listdir(tmp_path)) == ["empty", "site"]
    assert os.listdir(empty) == []


@pytest.mark.parametrize("fails", ["index.html", "z.html"])
def test_a_site_whose_files_cannot_take_their_place_leaves_the_old_one(small, tmp_path, monkeypatch, fails):
    folder, empty = tmp_path / "site", tmp_path / "empty"
    builds(monkeypatch, "index.html", "old/page.html")
    write_site(small, folder)
    empty.mkdir()
    before, rename = held(folder), os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target).name == fails and "new" in Path(source).parts:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    builds(monkeypatch, "index.html", "a/b.html", "z.html", content=b"newer")
    for place in (folder, empty):
        with raises(StorageError, naming="Input/output error"):
            write_site(small, place)
    assert held(folder) == before
    assert sorted(os.listdir(folder)) == [MARK, "index.html", "old"]
    assert os.listdir(empty) == []


def test_no_process_is_left_of_a_build_that_is_killed_while_pages_are_rendered(tmp_path):
    code = """
        import time
        from icl_bench.leaderboard import parallel
        from icl_bench.leaderboard.page import File
        class Renderer:
            def render(self, page):
                time.sleep(0.02)
                return File("page", b"")
        parallel.cores = lambda: 3
        for file in parallel.rendered(Renderer(), range(100_000)):
            print("started", flush=True)
            time.sleep(1_000)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert run.stdout.readline() == b"started\n"
    run.kill()
    assert run.communicate(timeout=20)[0] == b""  # the pipe closes when the last process that holds it ends
    assert run.returncode == -signal.SIGKILL


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


def test_the_command_interrupted_leaves_nothing(tmp_path):
    """By Control-C, or as a system that shuts down or a scheduler's limit does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        code = "\n".join(
            [
                "import os, icl_bench.leaderboard.write as write",
                f"write.site_files = lambda site: os.kill(os.getpid(), {int(number)})",
                "from icl_bench.cli import app",
                "app()",
            ]
        )
        command = [sys.executable, "-c", code, "leaderboard", "build", "--out", "site"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            check=False,
        )
        assert (done.returncode, done.stderr) == (130, "interrupted\n")
        assert os.listdir(tmp_path) == []


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("epoch", ["1748736000000", "-1e9", "2025-06-01", "9" * 400, " ", "1748736000.5"])
def test_a_time_that_is_none_is_one_line(monkeypatch, epoch):
    """As milliseconds, which are a year past any calendar."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with raises(InputError, "no-time", naming="SOURCE_DATE_EPOCH"):
        data_date()


def test_a_site_is_dated_by_the_time_that_is_given(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1748736000")
    assert data_date() == "2025-06-01"
