"""A sweep's view of its cells: whose a folder is, what another process did meanwhile, and what a log says."""

import json
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from icl_bench.suites import load_suite
from icl_bench.training import supervised
from icl_bench.training.cell import Cell
from icl_bench.training.cell_trainer import CellTrainer
from icl_bench.training.log import FIELDS, LOG_FILE, read_log
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import LOCK_FILE, STATE_FILE

pytestmark = pytest.mark.slow

SOURCE = "reference/gpt2"


def cell(out: Path, seed: int = 0, steps: int = 1) -> Cell:
    return Cell(SOURCE, make_plan(SOURCE, "mini/linear_regression", seed, steps=steps), out)


def train(cell: Cell) -> None:
    """As another process does it."""
    run = TrainingRun(cell.plan, cell.folder)
    run.start()
    run.advance()
    run.finish(half=True)


def begin(cell: Cell) -> TrainingRun:
    run = TrainingRun(cell.plan, cell.folder)
    run.start()
    run.release()
    return run


def end_with(monkeypatch: pytest.MonkeyPatch, code: str) -> list[list[int]]:
    """Give every process this Python code for its training; returns the seeds of each that is started."""
    started: list[list[int]] = []

    def command(plans: Mapping[Path, RunPlan], device: str, resume: bool, locked: bool) -> list[str]:
        started.append([plan.seed for plan in plans.values()])
        return [sys.executable, "-c", code]

    monkeypatch.setattr(supervised, "command", command)
    return started


def test_a_saved_state_is_that_of_this_run_or_of_another(tmp_path: Path) -> None:
    begun = cell(tmp_path)
    assert begun.state() == "left"
    begin(begun)
    assert begun.state() == "begun"
    other = cell(tmp_path, steps=2)
    assert (other.state(), other.differences()) == ("another run", ["recipe.steps"])
    (begun.folder / STATE_FILE).write_bytes(b"")
    assert other.differences() == ["config.json"]


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
    trainer = CellTrainer([busy], 1, report=lines.append)
    with FileLock(busy.folder / LOCK_FILE):
        trainer.run(lambda done, note: None)
    assert trainer.failed == {}
    assert trainer.state(busy) == "in another process"
    assert lines == [f"{busy.name}: another process trains in {busy.folder}"]


def test_a_cell_that_was_trained_meanwhile_is_not_started(tmp_path: Path, monkeypatch) -> None:
    first, second = cell(tmp_path), cell(tmp_path, seed=1)
    started = end_with(monkeypatch, "")
    trainer = CellTrainer([first, second], 1, report=lambda line: train(second))
    trainer.run(lambda done, note: None)
    assert started == [[0]]
    assert second.state() == "done"


def test_done_wins_over_failed(tmp_path: Path, monkeypatch) -> None:
    late, lines = cell(tmp_path), []
    end_with(monkeypatch, "raise SystemExit('error: no')")
    trainer = CellTrainer([late], 1, report=lines.append)
    trainer.run(lambda done, note: None)
    assert lines == [f"{late.name}: error: no"]
    assert trainer.state(late) == "failed"
    train(late)
    assert trainer.state(late) == "done"


def test_a_failure_is_that_of_one_cell(tmp_path: Path) -> None:
    """Two specs may share a name, and so may the cells of two folders."""
    first, other = cell(tmp_path / "one"), cell(tmp_path / "other")
    trainer = CellTrainer([first, other], 1, failed={first: "error: no"})
    assert (first.name, trainer.state(first), trainer.state(other)) == (other.name, "failed", "left")


@pytest.mark.parametrize("step", ["inf", "nan", "-inf", "1e999"])
def test_a_log_with_a_number_that_is_not_finite_is_none(tmp_path: Path, step: str) -> None:
    text = f"{','.join(FIELDS)}\n{step},1.0,0.5,0.001,20,41\n"
    with pytest.raises(ValueError, match="not a finite number"):
        read_log(text)
    begun = cell(tmp_path)
    begun.folder.mkdir(parents=True)
    (begun.folder / LOG_FILE).write_text(text)
    assert begun.rows() == []


def test_seeds_of_a_cell_are_trained_together_where_they_are_at_one_step(tmp_path: Path, monkeypatch) -> None:
    """Cells that are new, begun, at another step, damaged, done, and of another recipe."""
    cells = [cell(tmp_path, seed, steps=5) for seed in range(10)]
    for seed in (1, 3, 5, 7):
        run = begin(cells[seed])
        if seed == 5:
            run.step = 2
            run.save()
    (cells[7].folder / STATE_FILE).write_bytes(b"no state")
    finished = TrainingRun(cells[4].plan, cells[4].folder)
    finished.start()
    finished.step = 4
    finished.advance()
    finished.finish(half=True)
    begin(cell(tmp_path, seed=8, steps=9))
    started = end_with(monkeypatch, "")
    CellTrainer(cells, 1, together=3).run(lambda done, note: None)
    assert started == [[0, 2, 6], [1, 3], [5], [7], [9]]
    assert cells[8].state() == "another run"


def test_other_cells_are_not_trained_together(tmp_path: Path, monkeypatch) -> None:
    plan = cell(tmp_path).plan
    recipe = plan.recipe.model_copy(update={"batch": 7})
    plans = [plan, replace(plan, seed=1, recipe=recipe), replace(plan, seed=2, compiled=True)]
    started = end_with(monkeypatch, "")
    CellTrainer([Cell(SOURCE, plan, tmp_path) for plan in plans], 1, together=3).run(lambda done, note: None)
    assert started == [[0], [1], [2]]


def test_tasks_of_one_shape_are_trained_together(tmp_path: Path, monkeypatch) -> None:
    """Their numbers of steps may differ; recipes, prompts and architectures may not."""
    tasks = ["conjunction", "dnf3", "parity_2", "nearest"]  # dnf3 has other prompts
    plans = [make_plan("reference/gpt2", f"mini-boolean/{task}", seed) for seed, task in enumerate(tasks)]
    plans.append(make_plan("reference/llama", "mini-boolean/conjunction", 4))
    plans.append(make_plan("reference/gpt2", "mini-boolean/disjunction", 5, changes={"learning_rate": 2e-3}))
    started = end_with(monkeypatch, "")
    CellTrainer([Cell(SOURCE, plan, tmp_path) for plan in plans], 1, together=9).run(lambda done, note: None)
    assert started == [[0, 2, 3], [1], [4], [5]]


def test_no_two_tasks_of_mini_are_of_one_shape() -> None:
    """So that only seeds of a cell are trained together there."""
    plans = [make_plan("reference/gpt2", f"mini/{task}") for task in load_suite("mini").tasks]
    assert not any(first.has_the_steps_of(other) for first, other in combinations(plans, 2))


def test_a_fault_is_reported_of_the_seed_that_it_belongs_to(tmp_path: Path, monkeypatch) -> None:
    cells, lines = [cell(tmp_path, seed) for seed in range(3)], []
    answer = json.dumps({str(cells[1].folder): "error: diverged"})
    end_with(monkeypatch, f"print({answer!r}); raise SystemExit(1)")
    trainer = CellTrainer(cells, 1, report=lines.append, together=3)
    trainer.run(lambda done, note: None)
    assert trainer.failed == {cells[1]: "error: diverged"}
    assert [line.partition(":")[0] for line in lines] == [cell.name for cell in cells]
    end_with(monkeypatch, "import sys; sys.exit('killed by something')")
    trainer = CellTrainer(cells, 1, report=lines.append, together=3)
    trainer.run(lambda done, note: None)
    assert trainer.failed == dict.fromkeys(cells, "killed by something")


def test_a_finished_cell_of_another_recipe_is_neither_trained_nor_counted_as_done(tmp_path: Path) -> None:
    """A sweep whose recipe changed half way does not mix its results."""
    train(cell(tmp_path, seed=1, steps=1))
    changed, lines = [cell(tmp_path, seed, steps=2) for seed in range(3)], []
    before = (changed[1].folder / "config.json").read_bytes()
    trainer = CellTrainer(changed, 1, report=lines.append, together=3)
    trainer.run(lambda done, note: None)
    assert [trainer.state(cell) for cell in changed] == ["done", "another run", "done"]
    assert (changed[1].folder / "config.json").read_bytes() == before
    assert len(lines) == 2


def test_a_clock_that_jumps_does_not_stop_a_sweep(tmp_path: Path, monkeypatch) -> None:
    started, jumps = end_with(monkeypatch, ""), random.Random(0)
    for name in ("time", "monotonic"):
        monkeypatch.setattr(time, name, lambda: jumps.uniform(-1e9, 1e9))
    CellTrainer([cell(tmp_path, seed) for seed in range(2)], 1).run(lambda done, note: None)
    assert started == [[0], [1]]


def test_a_plan_goes_to_a_process_and_back() -> None:
    for source in ("reference/gpt2", "reference/llama-rope-swigluless"):
        for suite, task in product(("mini", "paper"), ("linear_regression", "vector_mqar")):
            plan = make_plan(source, f"{suite}/{task}", 3)
            assert RunPlan.of_identity(json.loads(json.dumps(plan.identity()))) == plan
