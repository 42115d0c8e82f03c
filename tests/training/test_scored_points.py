"""A run learns at the points that its task scores, and nowhere else."""

import numpy as np
import pytest
import torch
from raising import raises
from training.test_run import RECIPE, architecture

from icl_bench.errors import InputError
from icl_bench.specs.recipe import Ramp, Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import find_task
from icl_bench.suites.new import new_suite
from icl_bench.training import run as run_module
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.run import TrainingRun, training_errors

WHOLE = RECIPE.model_copy(update={"curriculum": None, "target_scale": 2.0})
SCORED = [("all", range(11)), ("last", [10]), ([2, 3, 7], [2, 3, 7]), ([4], [4])]


def planned(scored: object, recipe: Recipe = WHOLE) -> RunPlan:
    """A run on mini-v1/linear_regression, of 11 points, with other points scored."""
    suite, task = find_task("mini/linear_regression")
    other = TaskSpec.model_validate(task.model_dump(by_alias=True) | {"scored": scored})
    return RunPlan(architecture(), suite.name, other, recipe, seed=0)


@pytest.mark.parametrize(("scored", "positions"), SCORED)
@pytest.mark.parametrize("leading", [(6,), (2, 6)])  # alone, and runs that make their steps together
def test_the_loss_is_over_scored_points_alone(scored, positions, leading):
    rng = np.random.default_rng(0)
    ys, answers = (torch.from_numpy(rng.normal(size=(*leading, 11, 1))) for _ in range(2))
    answers.requires_grad_()
    loss = training_errors(planned(scored), answers, ys).square().mean()
    expected = np.square(2.0 * (answers.detach() - ys).numpy())[..., list(positions), :].mean()
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss.backward()
    reached = answers.grad.abs().amax(dim=(*range(len(leading)), -1))
    assert reached.nonzero().flatten().tolist() == list(positions)


@pytest.mark.parametrize(("scored", "count"), [("all", 4), ("last", 1), ([2, 3, 7], 2)])
def test_prompts_that_a_curriculum_ends_early_have_the_points_that_are_left(scored, count):
    answers, ys = torch.zeros(6, 4, 1), torch.arange(1.0, 5.0)[None, :, None].expand(6, 4, 1)
    errors = training_errors(planned(scored), answers, ys)
    assert errors[0, :, 0].tolist() == [-2.0 * (4 - count + place + 1) for place in range(count)]


@pytest.mark.slow
def test_a_step_does_not_depend_on_targets_that_are_not_scored(tmp_path, monkeypatch):
    """Those before the last scored point are read as examples, so the ones behind it are changed."""
    weights = {}
    whole = run_module.on_device
    for name, first in (("as they are", 11), ("other", 8), ("scored", 7)):

        def changed(batch, device, first=first):
            xs, ys = whole(batch, device)
            ys[:, first:] += 5.0
            return xs, ys

        monkeypatch.setattr(run_module, "on_device", changed)
        run = TrainingRun(planned([2, 7]), tmp_path / name)
        run.advance()
        weights[name] = torch.cat([tensor.flatten() for tensor in run.model.state_dict().values()])
    assert torch.equal(weights["as they are"], weights["other"])
    assert not torch.equal(weights["as they are"], weights["scored"])


def test_a_curriculum_reaches_a_scored_point_from_its_first_prompts_on(tmp_path, monkeypatch):
    monkeypatch.setenv("ICL_BENCH_SUITES", str(tmp_path / "suites"))
    changes = {"dims": 3, "scored": [4, 8]}  # of other sizes, so that it is trained for itself
    new_suite("listed-v1", tasks=["linear_regression"], changes=changes, prompts=64)
    curriculum = RECIPE.curriculum.model_copy(update={"points": Ramp(start=4, by=1, every=1)})
    with raises(InputError, "too-short-curriculum", naming=("listed-v1/linear_regression", 4, 5)):
        make_plan(
            "reference/gpt2", "listed/linear_regression", changes={"curriculum": curriculum.model_dump()}
        )
    longer = curriculum.model_copy(update={"points": Ramp(start=5, by=1, every=1)})
    plan = make_plan(
        "reference/gpt2", "listed/linear_regression", changes={"curriculum": longer.model_dump()}
    )
    errors = training_errors(plan, torch.zeros(2, 5, 1), torch.ones(2, 5, 1))
    assert errors.shape == (2, 1, 1)
