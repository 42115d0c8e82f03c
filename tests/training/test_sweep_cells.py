"""A sweep's view of its cells: whose a folder is, what another process did meanwhile, and what a log says."""

import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from icl_bench.cli.train import make_plan
from icl_bench.training.folder import LOCK_FILE, STATE_FILE
from icl_bench.training.log import FIELDS, LOG_FILE, read_log
from icl_bench.training.run import TrainingRun
from icl_bench.training.sweep import Cell, Sweep

SOURCE = "reference/gpt2"


def cell(out: Path, seed: int = 0, steps: int = 1) -> Cell:
    return Cell(SOURCE, make_plan(SOURCE, "mini/linear_regression", seed, steps=steps), out)


def train(of: Cell) -> None:
    """As another process does it."""
    run = TrainingRun(of.plan, of.folder)
    run.start()
    run.advance()
    run.finish(half=True)


def begin(of: Cell) -> TrainingRun:
    run = TrainingRun(of.plan, of.folder)
    run.start()
    run.release()
    return run


def end_with(monkeypatch: pytest.MonkeyPatch, code: str) -> list[Cell]:
    """Give every cell this Python code for its training; returns the cells that were started, as they are."""
    started: list[Cell] = []

    def command(self: Cell, device: str, resume: bool) -> list[str]:
        started.append(self)
        return [sys.executable, "-c", code]

    monkeypatch.setattr(Cell, "command", command)
    return started


def test_a_saved_state_is_that_of_this_run_or_of_another(tmp_path: Path) -> None:
    begun = cell(tmp_path)
    assert begun.state() == "left"
    begin(begun)
    assert begun.state() == "begun"
    assert cell(tmp_path, steps=2).state() == "another run"


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_a_damaged_state_is_left_to_the_training_to_tell(tmp_path: Path, keep: int) -> None:
    begun = cell(tmp_path)
    begin(begun)
    state = begun.folder / STATE_FILE
    state.write_bytes(state.read_bytes()[:keep])
    assert begun.state() == "begun"
    torch.save({"step": 1}, state)
    assert begun.state() == "begun"


def test_a_cell_that_another_process_trains_in_is_not_failed(tmp_path: Path) -> None:
    busy, lines = cell(tmp_path), []
    begin(busy)
    sweep = Sweep([busy], 1, tell=lines.append)
    with FileLock(busy.folder / LOCK_FILE):
        sweep.run(lambda done, note: None)
    assert sweep.failed == {}
    assert sweep.state(busy) == "in another process"
    assert lines == [f"{busy.name}: another process trains in {busy.folder}"]


def test_a_cell_that_was_trained_meanwhile_is_not_started(tmp_path: Path, monkeypatch) -> None:
    first, second = cell(tmp_path), cell(tmp_path, seed=1)
    started = end_with(monkeypatch, "")
    sweep = Sweep([first, second], 1, tell=lambda line: train(second))
    sweep.run(lambda done, note: None)
    assert started == [first]
    assert second.state() == "done"


def test_done_wins_over_failed(tmp_path: Path, monkeypatch) -> None:
    late, lines = cell(tmp_path), []
    end_with(monkeypatch, "raise SystemExit('error: no')")
    sweep = Sweep([late], 1, tell=lines.append)
    sweep.run(lambda done, note: None)
    assert lines == [f"{late.name}: error: no"]
    assert sweep.state(late) == "failed"
    train(late)
    assert sweep.state(late) == "done"


def test_a_failure_is_that_of_one_cell(tmp_path: Path) -> None:
    """Two specs may share a name, and so may the cells of two folders."""
    one, other = cell(tmp_path / "one"), cell(tmp_path / "other")
    sweep = Sweep([one, other], 1, failed={one: "error: no"})
    assert (one.name, sweep.state(one), sweep.state(other)) == (other.name, "failed", "left")


@pytest.mark.parametrize("step", ["inf", "nan", "-inf", "1e999"])
def test_a_log_with_a_number_that_is_not_finite_is_none(tmp_path: Path, step: str) -> None:
    text = f"{','.join(FIELDS)}\n{step},1.0,0.5,0.001,20,41\n"
    with pytest.raises(ValueError, match="not a finite number"):
        read_log(text)
    begun = cell(tmp_path)
    begun.folder.mkdir(parents=True)
    (begun.folder / LOG_FILE).write_text(text)
    assert begun.rows() == []
