"""A run that is killed, interrupted or out of room loses the steps since its last save and nothing else."""

import importlib
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from raising import raises
from training.test_run import RECIPE, assert_same_bits, plan, trained

from icl_bench.errors import ICLBenchError
from icl_bench.interruptions import deferred_interruptions, interrupt_once
from icl_bench.specs.checkpoint import read_config
from icl_bench.training.plan import make_plan
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import LOCK_FILE, MADE_FOLDER, STATE_FILE
from icl_bench.training.train import TrainingStopped, run_to_end

pytestmark = pytest.mark.slow

COMMAND = [str(Path(sys.executable).parent / "icl-bench")]
SAVING_EVERY_STEP = [
    sys.executable,
    "-c",
    "import icl_bench.training.state as state; from icl_bench.cli import app; "
    "state.SAVE_EVERY_SECONDS = 0; app()",
]
TASK = "mini/linear_regression"


def train(*arguments: str, cwd: Path, **how) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [*COMMAND, "train", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, **how
    )


def kill(arguments: list[str], cwd: Path, writes: int) -> None:
    """Train, saving after every step, and kill the process once it wrote its state so many times."""
    state, seen = cwd / "cut" / STATE_FILE, set()
    if state.exists():
        seen.add((state.stat().st_ino, state.stat().st_mtime_ns))
    known, deadline = len(seen), time.monotonic() + 500  # of a hang
    child = subprocess.Popen(
        [*SAVING_EVERY_STEP, "train", *arguments],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    while len(seen) < known + writes or not state.parent.exists():
        assert child.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline
        if state.exists():
            seen.add((state.stat().st_ino, state.stat().st_mtime_ns))
        time.sleep(0.0005)
    child.kill()
    child.wait()


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bits(spec: Path, tmp_path: Path) -> None:
    arguments = [str(spec), TASK, "--steps", "300", "--quiet", "--out"]
    assert train(*arguments, "whole", cwd=tmp_path).returncode == 0
    for writes in (0, 1, 20, 50):
        begun = (tmp_path / "cut" / STATE_FILE).exists()
        kill([*arguments, "cut", *["--resume"] * begun], tmp_path, writes)
    step = torch.load(tmp_path / "cut" / STATE_FILE, weights_only=True)["step"]
    assert 50 < step < 300
    last = train(*arguments, "cut", "--resume", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    files = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("whole", "cut")]
    assert files[0] == files[1]


class Killed(BaseException):
    """In place of a signal that cannot be caught."""


@pytest.mark.parametrize("place", range(6))
def test_a_run_that_is_killed_at_its_end_is_finished_or_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Before each of the renames that put the checkpoint in its place, and after all of them."""
    short, replace, left = plan(RECIPE.model_copy(update={"steps": 3})), os.replace, iter(range(100))
    run = TrainingRun(short, tmp_path)
    run.start()
    trained(run, 3)
    run.save()

    def dying(source: Path, target: Path) -> None:
        if next(left) == place:
            raise Killed
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", dying)
        try:
            run.finish(half=False)
        except Killed:
            run.release()
    again = TrainingRun(short, tmp_path)
    if not (tmp_path / "config.json").exists():
        again.resume()
        again.finish(half=False)
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json", "model.safetensors", "training.csv", "training.svg",
    }  # fmt: skip


@pytest.fixture
def _interruptions() -> object:
    """As in a process that was started from a terminal."""
    interrupting = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in interrupting}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_interruptions")
def test_an_interruption_waits_for_the_end_of_the_step(tmp_path: Path, monkeypatch) -> None:
    """What is saved is the state after a whole step, even where the weights had moved already."""
    whole = trained(TrainingRun(plan(), tmp_path / "whole"), 5)
    run = TrainingRun(plan(), tmp_path / "run")
    run.start()
    trained(run, 2)
    step = run.optimiser.step

    def interrupted(share: float) -> None:
        step(share)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(run.optimiser, "step", interrupted)
    with pytest.raises(TrainingStopped, match="resume=True") as stopped:
        run_to_end(run)
    again = pickle.loads(pickle.dumps(stopped.value))  # noqa: S301
    assert (str(again), again.folder, again.step) == (str(stopped.value), run.folder, run.step)
    run.release()
    second = TrainingRun(plan(), tmp_path / "run")
    second.resume()
    assert second.step == 3
    assert_same_bits(trained(second, 5), whole)


@pytest.mark.usefixtures("_interruptions")
def test_an_interruption_of_the_last_step_is_one_of_a_finished_run(spec, tmp_path: Path, monkeypatch) -> None:
    """The checkpoint is written, and what was to follow it is not begun."""
    advance, evaluated = TrainingRun.advance, []

    def interrupted_at_the_end(run: TrainingRun) -> bool:
        row = advance(run)
        if run.finished:
            os.kill(os.getpid(), signal.SIGINT)
        return row

    monkeypatch.setattr(TrainingRun, "advance", interrupted_at_the_end)
    module = importlib.import_module("icl_bench.cli.train")
    monkeypatch.setattr(module, "evaluate_one", lambda *arguments, **more: evaluated.append(arguments))
    with pytest.raises(KeyboardInterrupt):
        module.train(str(spec), TASK, steps=2, out=tmp_path / "run", quiet=True, then_evaluate=True)
    assert read_config(tmp_path / "run").task == "mini-v1/linear_regression"
    assert evaluated == []
    monkeypatch.setattr(TrainingRun, "advance", advance)
    module.train(str(spec), TASK, steps=2, out=tmp_path / "other", quiet=True, then_evaluate=True)
    assert evaluated == [(str(tmp_path / "other"), "mini-v1", ["linear_regression"])]


@pytest.mark.usefixtures("_interruptions")
def test_the_second_interruption_does_not_wait() -> None:
    with deferred_interruptions() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("_interruptions")
def test_the_second_interruption_of_a_job_is_ignored() -> None:
    """Slurm sends two where the time limit is near; the first is saved by, and must not be cut off."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    with deferred_interruptions() as interrupted:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupted()
        os.kill(os.getpid(), signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("_interruptions")
def test_an_interruption_of_a_job_comes_once() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("verb", "code"), [("resume", "nothing-to-resume"), ("start", "run-finished")])
def test_what_a_kill_behind_the_last_file_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, code: str
) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"steps": 2})), tmp_path)
    run.start()
    trained(run, 2)
    monkeypatch.setattr(run._files, "_remove_state", lambda: None)
    run.finish(half=False)
    assert (tmp_path / STATE_FILE).exists()
    with raises(ICLBenchError, code):
        getattr(TrainingRun(plan(), tmp_path), verb)()
    assert not {STATE_FILE, LOCK_FILE, MADE_FOLDER} & {path.name for path in tmp_path.iterdir()}


def test_what_a_killed_process_left_is_no_run(tmp_path: Path) -> None:
    for name in (".icl-bench-abcdefgh.part", "run.lock"):
        (tmp_path / name).write_text("half")
    TrainingRun(plan(), tmp_path).start()
    assert {path.name for path in tmp_path.iterdir()} == {"run.lock", "state.pt", "training.csv"}


def test_a_full_disk_is_one_line_and_the_last_state_stays(spec: Path, tmp_path: Path) -> None:
    """The first state, without the optimiser's moments, fits; the next ones do not."""
    arguments = [str(spec), TASK, "--steps", "20", "--quiet", "--out"]
    begun = TrainingRun(make_plan(str(spec), TASK, 0, steps=20), tmp_path / "begun")
    begun.start()
    room = (begun.folder / STATE_FILE).stat().st_size * 3 // 2
    code = f"""
import resource, signal
import icl_bench.training.state as state
from icl_bench.cli import app
state.SAVE_EVERY_SECONDS = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
app()
"""
    full = subprocess.run(
        [sys.executable, "-c", code, "train", *arguments, "run"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert full.returncode == 2, full.stderr
    assert "state.pt: File too large; free space or name another place" in full.stderr
    assert len(full.stderr.splitlines()) == 1
    assert torch.load(tmp_path / "run" / STATE_FILE, weights_only=True)["step"] == 0
    for arguments_of in ([*arguments, "whole"], [*arguments, "run", "--resume"]):
        assert train(*arguments_of, cwd=tmp_path).returncode == 0
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "run")]
    assert weights[0] == weights[1]
