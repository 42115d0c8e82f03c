"""`icl_bench.train`: from Python as from the command line, and the folder is free once it ends."""

import signal
import threading
from pathlib import Path

import pytest
from raising import raises
from training.test_run import architecture

import icl_bench
from icl_bench.errors import CheckpointError, InputError, SpecError
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import STATE_FILE
from icl_bench.training.train import TrainingStopped

pytestmark = pytest.mark.slow

TASK = "mini/linear_regression"
SPEC = architecture().to_dict()


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_spec_may_be_given_as_its_content_a_file_or_an_object(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(str(SPEC).replace("'", '"'))
    specs = {"content": SPEC, "file": tmp_path / "spec.json", "object": architecture()}
    for name, spec in specs.items():
        result = icl_bench.train(spec, TASK, steps=2, out=tmp_path / name)
        assert (result.folder, result.steps, result.interrupted) == (tmp_path / name, 2, False)
        assert result.outcome.ended == "budget"
    assert len({weights(tmp_path / name) for name in specs}) == 1
    with raises(SpecError, "unknown-key", naming="did you mean 'width'"):
        icl_bench.train({**SPEC, "widht": 8}, TASK, steps=2, out=tmp_path / "other")


def test_changes_win_and_are_checked(tmp_path: Path) -> None:
    result = icl_bench.train(SPEC, TASK, steps=9, changes={"steps": 3, "warmup": 1}, out=tmp_path / "run")
    assert (result.steps, result.plan.recipe.warmup) == (3, 1)
    with raises(SpecError, "unknown-key", naming="did you mean 'warmup'"):
        icl_bench.train(SPEC, TASK, changes={"warm": 1}, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_without_a_folder_the_run_is_where_a_sweep_would_put_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = icl_bench.train(SPEC, TASK, seed=4, steps=1)
    assert result.folder == Path("runs/mini-v1/tiny/seed-4/linear_regression")
    (cell,) = icl_bench.sweep("mini", specs=SPEC, tasks="linear_regression", steps=1, list_only=True)
    assert (cell.state, cell.folder.parts[:3]) == ("left", result.folder.parts[:3])


@pytest.fixture
def _interrupted_at_step_2(monkeypatch: pytest.MonkeyPatch) -> object:
    """An interruption comes during the second step."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    advance = TrainingRun.advance

    def interrupted(run: TrainingRun) -> bool:
        row = advance(run)
        if run.step == 2:
            signal.raise_signal(signal.SIGINT)
        return row

    monkeypatch.setattr(TrainingRun, "advance", interrupted)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interrupted_at_step_2")
def test_an_interrupted_run_is_resumed_in_the_same_process(tmp_path: Path) -> None:
    """As in a notebook: whoever catches the interruption may go on, and ends with the same weights."""
    with pytest.raises(TrainingStopped, match="resume=True") as stopped:
        icl_bench.train(SPEC, TASK, steps=4, out=tmp_path / "cut")
    assert isinstance(stopped.value, KeyboardInterrupt)
    assert (stopped.value.folder, stopped.value.step) == (tmp_path / "cut", 2)
    result = icl_bench.train(SPEC, TASK, steps=4, out=tmp_path / "cut", resume=True)
    assert result.steps == 4


def test_a_run_that_fails_leaves_its_folder_to_others(tmp_path: Path, monkeypatch) -> None:
    def failing(run: TrainingRun) -> bool:
        raise InputError("the device failed", code="device-failed")

    with monkeypatch.context() as patched:
        patched.setattr(TrainingRun, "advance", failing)
        with raises(InputError, "device-failed"):
            icl_bench.train(SPEC, TASK, steps=2, out=tmp_path / "run")
    assert (tmp_path / "run" / STATE_FILE).exists()
    assert icl_bench.train(SPEC, TASK, steps=2, out=tmp_path / "run", resume=True).steps == 2
    with raises(CheckpointError, "nothing-to-resume"):
        icl_bench.train(SPEC, TASK, steps=2, out=tmp_path / "run", resume=True)


def test_a_run_may_be_trained_in_a_thread(tmp_path: Path) -> None:
    """Which no signal reaches, and in which none can be waited for."""
    results = []
    options = {"steps": 2, "out": tmp_path / "run"}
    thread = threading.Thread(target=lambda: results.append(icl_bench.train(SPEC, TASK, **options)))
    thread.start()
    thread.join()
    assert [result.steps for result in results] == [2]


def test_a_sweep_tells_what_became_of_every_cell(tmp_path: Path, capsys) -> None:
    grid = {"specs": SPEC, "tasks": ["linear_regression", "sparse_parity"], "steps": 2, "out": tmp_path}
    occupied = tmp_path / "mini-v1/tiny/seed-0/sparse_parity"
    occupied.mkdir(parents=True)
    (occupied / "notes.txt").write_text("precious")
    done, failed = icl_bench.sweep("mini", **grid)
    assert (done.name, done.state, done.steps, done.budget) == (
        "tiny on linear_regression, seed 0",
        "done",
        2,
        2,
    )
    assert done.loss is not None
    assert done.message is None
    assert failed.state == "failed"
    assert "notes.txt" in failed.message
    assert capsys.readouterr() == ("", "")
    with raises(InputError, "same-folder", naming="--spec tiny"):
        icl_bench.sweep("mini", **grid | {"specs": [SPEC, SPEC]}, list_only=True)
