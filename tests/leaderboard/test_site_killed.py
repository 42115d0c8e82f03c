"""A build that is killed leaves a whole front page and what it links to; the next build takes up the rest."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import fabricated
import pytest

from icl_bench.leaderboard.site_folder import MARK, check_site_place

pytestmark = pytest.mark.slow

OLD = {
    "index.html": "0: assets/a.css assets/icon.svg mini-v1/gone.html mini-v1/stays.html",
    "mini-v1/gone.html": "0: assets/a.css",
    "mini-v1/stays.html": "0: assets/a.css assets/icon.svg",
    "mini-v1/data": "0",
    "assets/a.css": "a",
    "assets/icon.svg": "icon 0",
}
NEW = {
    "index.html": "1: assets/b.css assets/icon.svg mini-v1/new.html mini-v1/stays.html",
    "mini-v1/new.html": "1: assets/b.css",
    "mini-v1/stays.html": "1: assets/b.css assets/icon.svg",
    "mini-v1/data/scores.csv": "1",
    "assets/b.css": "b",
    "assets/icon.svg": "icon 1",
}
MOMENTS = range(80)  # more than there are operations on files

# Each build is a process, which is killed before so many operations on files, or not.
BUILDS = f"""
    import json, os, signal, sys
    from itertools import count
    from pathlib import Path
    from icl_bench.leaderboard import write
    from icl_bench.leaderboard.page import File
    from icl_bench.leaderboard.site import Site

    def build(folder, files, moment):
        done = count()
        def dying(operation):
            def operate(*arguments, **how):
                if next(done) == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                return operation(*arguments, **how)
            return operate
        for name in ("replace", "link", "unlink", "mkdir", "rmdir"):
            setattr(os, name, dying(getattr(os, name)))
        write.site_files = lambda site: iter([File(path, text.encode()) for path, text in files.items()])
        write.write_site(Site([], None, {fabricated.ADDRESS!r}, None), Path(folder), quiet=True)
        os._exit(0)

    for order in json.load(sys.stdin):
        process = os.fork()
        if process == 0:
            build(*order)
        print(os.waitpid(process, 0)[1])
"""


def builds(orders: list[tuple[Path, dict[str, str], int | None]]) -> list[int]:
    """The exit codes of builds, one after the other: a folder, its files, and the moment of the kill."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BUILDS)],
        input=json.dumps([(str(folder), files, moment) for folder, files, moment in orders]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [os.waitstatus_to_exitcode(int(status)) for status in done.stdout.split()]


def read(folder: Path) -> dict[str, str]:
    """What a reader of the site sees."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {path.as_posix(): (folder / path).read_text() for path in files if path.parts[0][0] != "."}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A site of old pages, of which a build of new ones was killed, at every moment that there is."""
    folders = [tmp_path_factory.mktemp("over") / "site" for _ in MOMENTS]
    assert set(builds([(folder, OLD, None) for folder in folders])) == {0}
    codes = builds([(folder, NEW, moment) for folder, moment in zip(folders, MOMENTS, strict=True)])
    kills = codes.index(0)
    assert kills > 20
    assert codes == [-signal.SIGKILL] * kills + [0] * (len(codes) - kills)
    assert all(read(folder) == NEW for folder in folders[kills:])
    return folders[:kills]


def test_there_is_always_a_whole_front_page_and_all_that_it_needs(killed):
    front_pages = set()
    for moment, folder in enumerate(killed):
        files = read(folder)
        assert all(text in (OLD.get(path), NEW.get(path)) for path, text in files.items())
        for page in ("index.html", *(path for path in files if path.endswith(".html"))):
            needed = files[page].partition(": ")[2].split()
            assert [path for path in needed if path not in files] == [], (moment, page)
        front_pages.add(files["index.html"])
    assert front_pages == {OLD["index.html"], NEW["index.html"]}


def test_a_first_build_leaves_a_whole_site_or_no_front_page(tmp_path):
    folders = [tmp_path / str(moment) for moment in MOMENTS]
    codes = builds([(folder, NEW, moment) for folder, moment in zip(folders, MOMENTS, strict=True)])
    assert -signal.SIGKILL in codes
    sites = [read(folder) for folder in folders]
    assert [files for files in sites if "index.html" in files and files != NEW] == []
    assert sites[-1] == NEW


def test_the_next_build_takes_up_what_a_killed_one_left(killed):
    """With what others put there since; and it is killed itself, late, before one ends."""
    last = OLD | {"mini-v1/data/scores.csv": "2", "third.html": "2: assets/a.css"}
    del last["mini-v1/data"]
    for folder in killed:
        (folder / "CNAME").write_text("example.org")
        check_site_place(folder)
    builds([(folder, last, len(killed) - 8) for folder in killed])
    assert set(builds([(folder, last, None) for folder in killed])) == {0}
    for folder in killed:
        assert read(folder) == last | {"CNAME": "example.org"}
        assert {path for path in os.listdir(folder) if path[0] == "."} == {MARK}
        assert (folder / MARK).read_text().split() == sorted(last)


def test_of_two_builds_into_one_folder_one_is_refused(tmp_path):
    """Both would end with exit code 0, and the site would be of neither."""
    site = tmp_path / "site"
    code = f"""
        import sys
        from pathlib import Path
        from icl_bench.leaderboard import write
        from icl_bench.leaderboard.page import File
        from icl_bench.leaderboard.site import Site
        def files(site):
            yield File("index.html", b"first")
            print("begun", flush=True)
            sys.stdin.read()
        write.site_files = files
        write.write_site(Site([], None, {fabricated.ADDRESS!r}, None), Path(sys.argv[1]), quiet=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(site)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert first.stdout.readline() == b"begun\n"
    other = [sys.executable, "-m", "icl_bench", "leaderboard", "build", "--out", str(site)]
    refused = subprocess.run(other, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f" {site};" in refused.stderr
    assert read(site) == {}
    first.communicate(b"")
    assert first.returncode == 0
    assert read(site) == {"index.html": "first"}
    assert builds([(site, NEW, None)]) == [0]
    assert sorted(os.listdir(site)) == [MARK, "assets", "index.html", "mini-v1"]
