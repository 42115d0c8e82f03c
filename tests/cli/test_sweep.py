"""`icl-bench sweep`: a grid is trained once, skips what is done, and resumes what was interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from typer.testing import CliRunner, Result

from icl_bench.cli import app

pytestmark = pytest.mark.slow

COMMAND = [str(Path(sys.executable).parent / "icl-bench"), "sweep", "mini"]
TASKS = ["--task", "linear_regression", "--task", "sparse_parity"]


def ask(*arguments: str) -> Result:
    """The same in this process and folder; what it trains, it trains in others."""
    return CliRunner().invoke(app, ["sweep", "mini", *arguments])


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds; the deadline is for what never comes."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def test_a_grid_is_trained_once(spec: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ["--spec", str(spec), *TASKS, "--seeds", "2", "--steps", "120"]
    listed = ask(*grid, "--list")
    assert (listed.exit_code, listed.stdout.count(" left ")) == (0, 4)
    assert "0 of 4 runs done, 4 left" in listed.stdout
    assert not (tmp_path / "runs").exists()

    trained = ask(*grid)
    assert trained.exit_code == 0, trained.stderr
    assert "4 of 4 runs done" in trained.stdout
    assert trained.stderr.count("dev score") >= 4
    folders = [tmp_path / f"runs/mini-v1/tiny/seed-{s}/{t}" for s in (0, 1) for t in TASKS[1::2]]
    weights = [folder / "model.safetensors" for folder in folders]
    before = [path.stat().st_mtime_ns for path in weights]
    assert len({path.read_bytes() for path in weights}) == 4

    again = ask(*grid)
    assert (again.exit_code, "4 of 4 runs done" in again.stdout) == (0, True)
    assert [path.stat().st_mtime_ns for path in weights] == before

    changed = ask(*grid, "--set", "learning_rate=2e-3", "--list")
    assert changed.stdout.count("another run") == 4  # finished cells are not mixed with those of a new recipe
    more = ask("--spec", str(spec), *TASKS, "--steps", "121")
    assert more.exit_code == 1
    assert more.stdout.count("another run") == 2
    held = folders[0].relative_to(tmp_path)
    assert f"{held} holds a run with another recipe.steps; name another --out, or remove" in more.stdout
    assert [path.stat().st_mtime_ns for path in weights] == before

    scored = CliRunner().invoke(app, ["evaluate", "runs/mini-v1/tiny/seed-1", "--json"])
    assert scored.exit_code == 0, scored.stderr
    assert '"sparse_parity"' in scored.stdout


def folders_of(tmp_path: Path) -> list[Path]:
    return [tmp_path / f"runs/mini-v1/tiny/seed-0/{task}" for task in TASKS[1::2]]


def start_and_stop(
    grid: list[str],
    tmp_path: Path,
    number: int,
    prefix: tuple[str, ...] = (),
    folders: list[Path] | None = None,
) -> tuple[int, str]:
    """Start a sweep, send it a signal once every run has a row in its log; its exit code and messages."""
    logs = [folder / "training.csv" for folder in folders or folders_of(tmp_path)]
    said = tmp_path / "stderr.txt"
    with said.open("w") as stderr:
        sweep = subprocess.Popen([*prefix, *COMMAND, *grid], cwd=tmp_path, stderr=stderr)
    try:
        wait_for(lambda: all(log.exists() and len(log.read_text().splitlines()) > 1 for log in logs))
    finally:
        os.kill(sweep.pid, number)
        sweep.wait()
    return sweep.returncode, said.read_text()


def test_a_sweep_that_was_stopped_is_taken_up(spec: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ["--spec", str(spec), *TASKS, "--steps", "1500", "--workers", "2"]
    code, said = start_and_stop(grid, tmp_path, signal.SIGINT)
    assert code == 130
    assert "continue with the same command, or see what is left by --list" in said
    assert said.endswith("\ninterrupted\n")
    listed = ask(*grid, "--list").stdout
    assert listed.count(" begun ") == 2
    second = ask(*grid)
    assert second.exit_code == 0, second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_seeds_that_are_trained_together_are_saved_and_taken_up(
    spec: Path, tmp_path: Path, number, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ["--spec", str(spec), *TASKS[:2], "--seeds", "2", "--together", "2", "--workers", "1"]
    grid += ["--steps", "700"]
    folders = [tmp_path / f"runs/mini-v1/tiny/seed-{seed}/linear_regression" for seed in (0, 1)]
    start_and_stop(grid, tmp_path, number, folders=folders)
    steps = []
    for folder in folders:
        with FileLock(folder / "run.lock", timeout=120):
            steps.append(torch.load(folder / "state.pt", weights_only=True)["step"])
    assert steps[0] == steps[1] >= 100
    again = ask(*grid)
    assert again.exit_code == 0, again.stderr
    assert "2 of 2 runs done" in again.stdout
    assert again.stderr.count("dev score") >= 2


def test_seeds_that_are_trained_together_are_not_compiled(spec: Path, tmp_path: Path) -> None:
    done = ask("--spec", str(spec), "--together", "2", "--seeds", "2", "--compile")
    assert done.exit_code == 2
    assert "leave out --compile or --together" in done.stderr


WITHOUT_INTERRUPTIONS = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")  # as shells start background jobs


@pytest.mark.parametrize(
    ("number", "code", "prefix"),
    [
        (signal.SIGTERM, 130, WITHOUT_INTERRUPTIONS),
        (signal.SIGHUP, 130, ()),
        (signal.SIGKILL, -signal.SIGKILL, ()),
    ],
)
def test_runs_end_and_are_saved_however_their_sweep_ends(spec: Path, tmp_path, number, code, prefix) -> None:
    grid = ["--spec", str(spec), *TASKS, "--steps", "5000", "--workers", "2"]
    assert start_and_stop(grid, tmp_path, number, prefix)[0] == code
    for folder in folders_of(tmp_path):
        with FileLock(folder / "run.lock", timeout=120):  # held for as long as a process trains in the folder
            assert not (folder / "config.json").exists(), "it went on to the end"
            assert torch.load(folder / "state.pt", weights_only=True)["step"] >= 100


def test_a_cell_that_fails_is_reported_and_the_others_go_on(spec: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    occupied = tmp_path / "runs/mini-v1/tiny/seed-0/linear_regression"
    occupied.mkdir(parents=True)
    (occupied / "notes.txt").write_text("precious")
    done = ask("--spec", str(spec), *TASKS, "--steps", "20")
    assert done.exit_code == 1
    assert "1 of 2 runs done, 1 left" in done.stdout
    assert "tiny on linear_regression, seed 0: error: " in done.stdout
    assert "notes.txt" in done.stdout
    assert (occupied / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--spec", "reference/gtp2"], "reference/gpt2"),
        (["--task", "parity"], "unknown task 'parity'"),
        (["--spec", "none.yaml"], "no spec file none.yaml"),
        (["--device", "gpu"], "device 'gpu' cannot be used here"),
        (["--device", "tpu", "--list"], "device 'tpu' cannot be used here"),
        (["--out", "taken"], "taken is not a folder"),
        (["--spec", "reference/gpt2", "--spec", "reference/gpt2"], "both lead to"),
    ],
)
def test_bad_input_is_reported_before_anything_is_trained(
    tmp_path: Path, arguments, message, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    done = ask(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_two_specs_of_one_name_are_reported_before_anything_is_trained(spec: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(spec.read_text().replace("width: 16", "width: 32"))
    done = ask("--spec", str(spec), "--spec", str(other), *TASKS, "--steps", "1")
    assert done.exit_code == 2
    assert str(spec) in done.stderr
    assert str(other) in done.stderr
    assert not (tmp_path / "runs").exists()
