"""Runs that one process trains together: what happens to one of them does not touch the others."""

import errno
import random
import time
from pathlib import Path

import pytest
import torch
from raising import raises
from training.test_batched import ADAM, SEEDS, alone, assert_same_curve, difference, one_shape, plans
from training.test_run import assert_same_bits, trained

from icl_bench import files as files_module
from icl_bench.errors import InputError
from icl_bench.files import sync
from icl_bench.models import checkpoint
from icl_bench.models.model import load_checkpoint
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.recipe import Recipe
from icl_bench.training.group import RunGroup
from icl_bench.training.log import read_log
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import STATE_FILE
from icl_bench.training.state import RunState

pytestmark = pytest.mark.slow

SHORT = ADAM.model_copy(update={"steps": 110})


def group(place: Path, recipe: Recipe = SHORT) -> RunGroup:
    return RunGroup.of_plans({place / str(plan.seed): plan for plan in plans(recipe=recipe)}, "cpu")


def begun(place: Path, resume: bool = False, recipe: Recipe = SHORT) -> RunGroup:
    together = group(place, recipe)
    together.begin(resume)
    return together


def train(together: RunGroup, steps: int | None = None) -> RunGroup:
    while together.runs and (steps is None or together.runs[0].step < steps):
        together.advance()
    return together


def files(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


FINISHED = {"config.json", "model.safetensors", "training.csv", "training.svg"}


def test_every_run_ends_as_a_checkpoint_of_its_own(tmp_path: Path) -> None:
    together = begun(tmp_path)
    runs = list(together.runs)
    assert not any(isinstance(run, TrainingRun) for run in runs)
    assert train(together).failed == {}
    for run, seed, single in zip(runs, SEEDS, alone(tmp_path, plans(recipe=SHORT), 110), strict=True):
        assert files(run.folder) == FINISHED
        training = read_config(run.folder).training
        assert (training["seed"], training["outcome"]["steps"]) == (seed, 110)
        assert difference(run, single) < 1e-4
        stored = load_checkpoint(run.folder).state_dict()
        assert_same_bits({n: t.half().float() for n, t in run.model.state_dict().items()}, dict(stored))
        assert [row["step"] for row in read_log((run.folder / "training.csv").read_text())] == [100, 110]


def test_tasks_of_one_shape_are_watched_each_on_its_own(tmp_path: Path) -> None:
    """Each is watched on its task's prompts, and leaves at its own end."""
    planned = one_shape(ADAM.model_copy(update={"steps": 110}), ADAM.model_copy(update={"steps": 130}))
    together = RunGroup.of_plans({tmp_path / plan.task.name: plan for plan in planned}, "cpu")
    together.begin(resume=False)
    assert train(together).failed == {}
    for plan in planned:
        single = TrainingRun(plan, tmp_path / "alone" / plan.task.name)
        trained(single, plan.recipe.steps)
        config = read_config(tmp_path / plan.task.name)
        assert (config.task, config.training["outcome"]["steps"]) == (plan.full_task, plan.recipe.steps)
        rows = read_log((tmp_path / plan.task.name / "training.csv").read_text())
        assert [row["step"] for row in rows] == sorted({100, plan.recipe.steps})
        for row, expected in zip(rows, single.log.rows, strict=True):
            assert row["dev_score"] == pytest.approx(expected["dev_score"], abs=1e-5)


def test_one_plan_is_trained_by_itself(tmp_path: Path) -> None:
    plan = plans(recipe=SHORT)[0]
    assert isinstance(RunGroup.of_plans({tmp_path / "one": plan}, "cpu").runs[0], TrainingRun)


def test_a_run_that_diverges_is_marked_alone(tmp_path: Path) -> None:
    together = begun(tmp_path)
    good, bad = together.runs
    train(together, 20)
    with torch.no_grad():
        bad.model.read_out.weight.fill_(1e6)
    together.advance()
    assert together.runs == [good]
    assert "diverged by step 21 (loss" in together.failed[bad]
    assert "\n" not in together.failed[bad]
    train(together)
    assert files(good.folder) == FINISHED
    assert files(bad.folder) >= {STATE_FILE}
    assert difference(good, alone(tmp_path, plans(recipe=SHORT)[:1], 110)[0]) < 1e-4
    again = TrainingRun(bad.plan, bad.folder)
    again.resume()  # nobody trains in the folder any more
    assert again.step == 0


def test_a_run_that_ends_early_leaves(tmp_path: Path) -> None:
    together = begun(tmp_path)
    early, late = together.runs
    early._end = 60
    train(together, 61)
    assert together.runs == [late]
    assert (early.step, files(early.folder)) == (60, FINISHED)
    train(together)
    single = alone(tmp_path, plans(recipe=SHORT), 110)[1]
    assert difference(late, single) < 1e-4
    assert_same_curve(late, single, 1e-5)


@pytest.mark.parametrize("when", ["save", "finish"])
def test_a_full_disk_is_a_fault_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    together = begun(tmp_path)
    full, other = together.runs
    train(together, 10)

    def no_room(path: Path) -> None:
        if full.folder in path.parents and not path.name.startswith(".training"):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(path)

    with monkeypatch.context() as patched:
        patched.setattr(files_module, "sync", no_room)
        patched.setattr(checkpoint, "sync", no_room)
        if when == "save":
            together.save()
        train(together)
    assert list(together.failed) == [full]
    assert "No space left on device; free space or name another place" in together.failed[full]
    assert files(other.folder) == FINISHED
    again = RunState(full.plan, full.folder)
    again.resume()
    assert again.step == 0


def test_a_folder_that_is_taken_is_a_fault_of_one(tmp_path: Path) -> None:
    taken, free = (tmp_path / str(seed) for seed in SEEDS)
    taken.mkdir()
    (taken / "notes.txt").write_text("precious")
    together = begun(tmp_path)
    assert [run.folder for run in together.runs] == [free]
    assert [run.folder for run in together.failed] == [taken]
    assert files(taken) == {"notes.txt"}


def test_a_device_that_fails_is_a_fault_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = begun(tmp_path)
    runs = list(together.runs)
    train(together, 3)

    def lost() -> int:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(together, "_make_step", lost)
    together.advance()
    assert together.runs == []
    assert all("the device failed at step 3" in together.failed[run] for run in runs)


def test_a_group_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    first = train(begun(tmp_path), 40)
    first.save()
    train(first, 55)  # steps after the last save are lost with the process
    for run in first.runs:
        run.release()
    second = begun(tmp_path, resume=True)
    assert [run.step for run in second.runs] == [40, 40]
    runs = list(second.runs)
    assert train(second).failed == {}
    for run, single in zip(runs, alone(tmp_path, plans(recipe=SHORT), 110), strict=True):
        assert difference(run, single) < 1e-4


def test_a_run_at_another_step_is_not_trained_with_the_others(tmp_path: Path) -> None:
    together = begun(tmp_path)
    for run, steps in zip(together.runs, (3, 5), strict=True):
        run.step = steps
        run.save()
        run.release()
    resumed = begun(tmp_path, resume=True)
    assert [run.step for run in resumed.runs] == [3]
    (message,) = resumed.failed.values()
    assert "holds a run at step 5, and others beside it are at step 3; run the sweep again" in message


def test_an_unusable_device_is_reported(tmp_path: Path) -> None:
    with raises(InputError, "training-device", naming="mps"):
        RunGroup.of_plans({tmp_path / str(plan.seed): plan for plan in plans()}, "mps")


def test_a_clock_that_jumps_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steady = train(begun(tmp_path / "steady"), 30)
    jumps = random.Random(0)
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: jumps.uniform(-1e9, 1e9))
    jumping = begun(tmp_path / "jumping")
    while jumping.runs[0].step < 30:
        jumping.advance()
        jumping.save_if_due()
    for steady_run, other in zip(steady.runs, jumping.runs, strict=True):
        assert_same_bits(steady_run.model.state_dict(), other.model.state_dict())
