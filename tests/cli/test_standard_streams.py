"""Whatever the standard streams are, a verb does its work, ends with its exit code, and has no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from models.small import small_model
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.cli.start import with_homes
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.progress import progress

pytestmark = pytest.mark.slow

TASK = ("--task", "sparse_parity")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def run(*arguments: str, redirected: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, its streams redirected as in a shell."""
    command = ["bash", "-c", f'exec "$@" {redirected}', "bash", sys.executable, "-m", "icl_bench", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1252:strict"])
def test_a_comparison_is_shown_whatever_the_encoding(encoding):
    """Evaluated for minutes, it was lost where the minus of a heading could not be printed."""
    done = run("compare", "baseline/zero", "baseline/averaging", *TASK, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"A ? B" in done.stdout
    assert b"sparse_parity" in done.stdout


def test_an_encoding_that_takes_everything_is_left_as_it_is():
    escaped = run(
        "compare", "baseline/zero", "baseline/averaging", *TASK, PYTHONIOENCODING="cp1252:namereplace"
    )
    assert b"A \\N{MINUS SIGN} B" in escaped.stdout
    whole = run("compare", "baseline/zero", "baseline/averaging", *TASK, PYTHONIOENCODING="utf-8")
    assert "A − B".encode() in whole.stdout


def test_json_is_whole_whatever_the_encoding(tmp_path):
    save_checkpoint(small_model("mini-v1/sparse_parity", d=5), tmp_path / "modèle−1")
    done = run("evaluate", "modèle−1", *TASK, "--json", "--output", "r.json", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout)["model"]["id"] == "modèle−1"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_costs_what_it_would_show_alone(tmp_path, closed):
    done = run("evaluate", "baseline/zero", *TASK, "--output", "r.json", redirected=closed)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert json.loads(Path("r.json").read_text())["model"]["id"] == "baseline/zero"
    refused = run("evaluate", "baseline/zeroo", redirected=closed)
    assert (refused.returncode, b"Traceback" in refused.stderr) == (2, False)


def test_a_full_disk_behind_a_stream_is_one_line():
    done = run("evaluate", "baseline/zero", *TASK, redirected="> /dev/full")
    (line,) = [line for line in done.stderr.decode().splitlines() if not line.startswith("sparse_parity: ")]
    assert "No space left on device" in line
    assert done.returncode == 2
    assert len(os.listdir("results")) == 1


def test_progress_that_cannot_be_shown_does_not_end_the_work():
    done = run("evaluate", "baseline/zero", *TASK, redirected="2> /dev/full")
    assert done.returncode == 0
    assert b"record: results/" in done.stdout


def test_progress_without_streams_is_quiet(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with progress("work", 1) as advance:
        advance(1)


def test_a_variable_that_is_set_but_empty_counts_as_not_set(monkeypatch):
    """The Hub's client would ask at no address, and keep its cache in the folder it runs in."""
    for name in ("HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, "")
    prepare = "from icl_bench.cli.start import prepare_process; prepare_process()"
    code = f"{prepare}; import huggingface_hub.constants as hub; print(hub.ENDPOINT, hub.HF_HUB_CACHE)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    address, cache = done.stdout.split()
    assert address.startswith("https://")
    assert os.path.isabs(cache)


def test_a_home_is_meant_where_a_shell_leaves_it_to_us(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    home = str(tmp_path / "home")
    assert with_homes(["evaluate", "~/model", "--output=~/r.json", "--out", "~/x"]) == [
        *("evaluate", f"{home}/model", f"--output={home}/r.json", "--out", f"{home}/x"),
    ]
    others = ["a~b", "~nobody-of-that-name/x", "--output=x~/r", "x=~/r", "./~/x", "--author=~ 5"]
    assert with_homes(others) == others
    done = CliRunner().invoke(app, ["evaluate", "baseline/zero", *TASK, "--output=~/r.json"])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "home/r.json").is_file()
    assert not (tmp_path / "~").exists()
