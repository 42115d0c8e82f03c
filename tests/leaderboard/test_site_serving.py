"""`icl-bench leaderboard serve` shows a site on this machine, and nothing else of it."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from leaderboard.browsing import serving
from raising import raises

from icl_bench.errors import InputError
from icl_bench.leaderboard.serve import address_of, server
from icl_bench.leaderboard.site_folder import MARK

pytestmark = pytest.mark.slow

SERVE = [str(Path(sys.executable).parent / "icl-bench"), "leaderboard", "serve"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A site of one page, with a folder that has none and a repository around it."""
    for path in ("index.html", "data/scores.csv", ".git/config", MARK):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


def serve(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SERVE, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_what_is_no_site_is_not_served(tmp_path):
    done = serve("--folder", "nothing", "--port", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "icl-bench leaderboard build --out nothing" in done.stderr
    (tmp_path / "index.html").write_text("something else")
    with raises(InputError, "no-site"):
        server(tmp_path, 0)


def test_it_listens_on_this_machine_alone_and_tells_where(folder):
    with server(folder, 0) as running:
        host, port = running.server_address
        assert host == "127.0.0.1"
        assert address_of(running) == f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize("path", ["", "index.html", "index.html?hide=a", "data/scores.csv"])
def test_the_files_of_the_site_are_given(folder, path):
    with serving(folder) as address:
        assert status(address + path) == 200


@pytest.mark.parametrize(
    "path", ["data/", "data", MARK, ".git/config", "%2egit/config", "data/..%2f.git%2fconfig", "none", "%00"]
)
def test_no_folder_is_listed_and_nothing_hidden_is_given(folder, path, capfd):
    with serving(folder) as address:
        assert status(address + path) == 404
    assert capfd.readouterr().err == ""


def test_a_site_is_served_until_interrupted(site_folder):
    command = [*SERVE, "--folder", str(site_folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split(" at ")[1].split(",")[0]
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.read() == (site_folder / "index.html").read_bytes()
            port = address.rstrip("/").rsplit(":", 1)[1]
            taken = serve("--folder", str(site_folder), "--port", port, cwd=site_folder)
            assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
        finally:
            process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=20)[1]
    assert "Traceback" not in stderr
