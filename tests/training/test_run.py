"""A run is decided by its plan: seeded, resumable to the bit, and clear about what it cannot do."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises

from icl_bench.environment import describe_evaluator
from icl_bench.errors import CheckpointError, InputError
from icl_bench.models.model import load_checkpoint
from icl_bench.specs.architecture import BLOCKS, parse_architecture
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.recipe import Curriculum, Ramp, Recipe
from icl_bench.suites import find_task, generate, load_suite
from icl_bench.suites.recipes import suite_recipe
from icl_bench.training.log import CURVE_FILE, LOG_FILE
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.prompts import training_batch
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import STATE_FILE

pytestmark = pytest.mark.slow

RECIPE = Recipe(
    optimiser="adam",
    precision="float32",
    learning_rate=3e-3,
    warmup=5,
    decay="linear",
    batch=16,
    steps=240,
    curriculum=Curriculum(dims=Ramp(start=2, by=1, every=20), points=Ramp(start=5, by=2, every=20)),
    target_scale=1.0,
)


def architecture(module: dict[str, Any] | None = None, max_tokens: int = 64):
    attention = {"type": "attention", "heads": 2, "positions": "none", "bias": True}
    return parse_architecture(
        {
            "schema": 1,
            "name": "tiny",
            "width": 16,
            "positions": {"type": "learned", "max_tokens": max_tokens},
            "stem": [],
            "layers": [{"repeat": 1, "sublayers": [{"norm": "rmsnorm", "module": module or attention}]}],
            "final_norm": "rmsnorm",
        },
        "tiny",
    )


def plan(recipe: Recipe = RECIPE, seed: int = 0, **changes: Any) -> RunPlan:
    suite, task = find_task("mini/linear_regression")
    return RunPlan(architecture(**changes), suite.name, task, recipe, seed)


def trained(run: TrainingRun, steps: int) -> dict[str, torch.Tensor]:
    while run.step < steps:
        run.advance()
    return {name: tensor.clone() for name, tensor in run.model.state_dict().items()}


def assert_same_bits(first: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert first.keys() == other.keys()
    assert all(torch.equal(first[name], other[name]) for name in first)


MAMBA = {"type": "mamba", "expand": 2, "state": 16, "conv": 4}


@pytest.mark.parametrize("module", [None, MAMBA], ids=["attention", "mamba"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, module: dict[str, Any] | None) -> None:
    whole = trained(TrainingRun(plan(module=module), tmp_path / "whole"), 130)

    first = TrainingRun(plan(module=module), tmp_path / "cut")
    first.start()
    trained(first, 57)
    first.save()
    trained(first, 80)  # steps after the last save are lost with the process
    first.release()

    second = TrainingRun(plan(module=module), tmp_path / "cut")
    second.resume()
    assert second.step == 57
    assert_same_bits(trained(second, 130), whole)
    assert [row["step"] for row in second.log.rows] == [100]


def test_the_seed_decides_and_nothing_else(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = trained(TrainingRun(plan(), tmp_path), 5)
    torch.manual_seed(2)  # the global generator is not read
    assert_same_bits(trained(TrainingRun(plan(), tmp_path), 5), first)
    other = trained(TrainingRun(plan(seed=1), tmp_path), 5)
    assert not torch.equal(first["read_in.weight"], other["read_in.weight"])


def test_training_learns(tmp_path: Path) -> None:
    """A small model learns y = w x in context: its error falls below that of always answering 0."""
    suite, task = find_task("mini/linear_regression")
    easy = task.model_copy(
        update={"points": 4, "function_class": task.function_class.model_copy(update={"dims": 1})}
    )
    recipe = RECIPE.model_copy(update={"curriculum": None, "steps": 300, "batch": 64, "learning_rate": 1e-2})
    attention = architecture().layers[0].sublayers[0].module.model_dump()
    run = TrainingRun(replace(plan(recipe, module=attention), task=easy), tmp_path)
    trained(run, recipe.steps)
    assert run.finished
    xs, ys = (torch.from_numpy(part) for part in generate(easy, suite.name, "dev", 0, 512)[:2])
    with torch.inference_mode():
        errors = (run.model(xs, ys) - ys).square().mean((0, 2))
    assert errors[-1] < 0.7 * ys[:, -1].square().mean()


def test_the_end_is_a_checkpoint_with_its_log(tmp_path: Path) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"steps": 120})), tmp_path / "run")
    run.start()
    weights = trained(run, 120)
    run.finish(half=False)
    files = {path.name for path in run.folder.iterdir()}
    assert files == {"config.json", "model.safetensors", LOG_FILE, CURVE_FILE}
    drawn = (run.folder / CURVE_FILE).read_text()
    assert (
        f"tiny on mini-v1/linear_regression, seed 0: dev score {run.log.rows[-1]['dev_score']:.3f}" in drawn
    )
    assert_same_bits(dict(load_checkpoint(run.folder).state_dict()), weights)
    provenance = read_config(run.folder).training
    assert (provenance["seed"], provenance["recipe"]["steps"]) == (0, 120)
    assert provenance["environment"]["torch"] == torch.__version__
    assert provenance["code"] == describe_evaluator().model_dump(mode="json")
    rows = (run.folder / LOG_FILE).read_text().splitlines()
    assert rows[0] == "step,loss,dev_score,dev_optimality,learning_rate,dims,points"
    assert [row.split(",")[0] for row in rows[1:]] == ["100", "120"]


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run = TrainingRun(plan(), tmp_path)
    run.start()
    with raises(InputError, "run-there", naming=tmp_path):
        TrainingRun(plan(), tmp_path).start()
    trained(run, 100)
    run.finish(half=False)
    with raises(InputError, "run-finished", naming=tmp_path):
        TrainingRun(plan(), tmp_path).start()
    with raises(CheckpointError, "nothing-to-resume", naming="icl-bench evaluate"):
        TrainingRun(plan(), tmp_path).resume()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("precious")
    with raises(InputError, "not-empty", naming="notes.txt"):
        TrainingRun(plan(), tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    run = TrainingRun(plan(), tmp_path / "run")
    run.start()
    trained(run, 100)
    (run.folder / "notes.txt").write_text("put there meanwhile")
    run.finish(half=False)
    assert (run.folder / "notes.txt").read_text() == "put there meanwhile"
    assert load_checkpoint(run.folder)


def test_resuming_another_run_is_refused(tmp_path: Path) -> None:
    run = TrainingRun(plan(), tmp_path)
    run.start()
    run.release()
    for other, difference in [
        (plan(seed=1), "seed"),
        (plan(RECIPE.model_copy(update={"batch": 8})), "recipe"),
        (plan(module=MAMBA), "spec"),
    ]:
        with raises(CheckpointError, "other-run", naming=difference):
            TrainingRun(other, tmp_path).resume()


def test_resuming_what_is_not_there_or_damaged(tmp_path: Path) -> None:
    run = TrainingRun(plan(), tmp_path / "run")
    with raises(CheckpointError, "nothing-to-resume", naming=STATE_FILE):
        run.resume()
    run.start()
    run.release()
    state = tmp_path / "run" / STATE_FILE
    state.write_bytes(state.read_bytes()[:-1000])
    with raises(CheckpointError, "damaged-state", naming=state):
        run.resume()
    for other in ({"identity": run.plan.identity()}, {"identity": ["x"]}, {"identity": "abc"}, ["x"]):
        torch.save(other, state)
        with raises(CheckpointError, "damaged-state", naming=state):
            run.resume()
    torch.save({"identity": run.plan.identity(), "step": 5, "optimiser": {}}, state)
    with raises(CheckpointError, "older-state", naming=state):
        run.resume()
    state.write_bytes(b"not a state")
    with raises(CheckpointError, "damaged-state", naming=tmp_path / "run"):
        run.resume()
    shutil.rmtree(tmp_path / "run")
    run.start()


def test_a_folder_is_trained_in_by_one_process_at_a_time(tmp_path: Path) -> None:
    first = TrainingRun(plan(), tmp_path)
    first.start()
    state = (tmp_path / STATE_FILE).read_bytes()
    second = TrainingRun(plan(), tmp_path)
    with raises(InputError, "another-process", naming=tmp_path):
        second.resume()
    assert (tmp_path / STATE_FILE).read_bytes() == state
    first.release()
    second.resume()


def test_a_loss_far_above_that_of_answering_0_is_divergence(tmp_path: Path) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"warmup": 0})), tmp_path)
    with torch.no_grad():
        run.model.read_out.weight.fill_(1e6)
    with raises(InputError, "diverged", naming="--recipe"):
        trained(run, 200)


def test_divergence_is_reported_early(tmp_path: Path) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"learning_rate": 1.0, "warmup": 0})), tmp_path)
    with torch.no_grad():
        run.model.read_out.weight.fill_(float("inf"))
    with raises(InputError, "diverged", naming="step 1 "):
        trained(run, 200)


def test_too_few_positions_are_reported_before_training() -> None:
    with raises(InputError, "too-few-positions", naming="8 positions"):
        plan(max_tokens=8)


def test_a_chunk_longer_than_the_prompt_is_refused_before_anything_is_allocated() -> None:
    block = {"type": "ttt_linear"} | BLOCKS.entries()["ttt_linear"].example
    spec = architecture().to_dict()
    spec["layers"][0]["sublayers"][0]["module"] = block | {"chunk": 4_096}
    with raises(InputError, "too-long-chunk", naming=("4096", "mini-v1/linear_regression", "21")):
        make_plan(spec, "mini/linear_regression", 0)


def test_the_curriculum_grows_and_hides() -> None:
    suite, task = find_task("mini/linear_regression")
    xs, ys = training_batch(suite.name, task, RECIPE, seed=0, step=0)
    assert xs.shape[1] == 5
    assert (xs[:, :, 2:] == 0).all()
    assert (xs[:, :, :2] != 0).all()
    later, _ = training_batch(suite.name, task, RECIPE, seed=0, step=10_000)
    assert later.shape == (16, task.points, task.function_class.d)
    assert (later != 0).all()
    assert np.isfinite(ys).all()


@pytest.mark.parametrize("step", [0, 1_999, 12_000])
def test_the_papers_recipe_has_a_function_in_every_sparse_prompt(step: int) -> None:
    """The kept weights are of active coordinates: 40 % of the first prompts were once y = 0 throughout."""
    suite, task = find_task("paper/sparse_linear_regression")
    recipe = suite_recipe(suite, task.name).model_copy(update={"batch": 4_096})
    xs, ys = training_batch(suite.name, task, recipe, seed=0, step=step)
    assert (xs[:, :, recipe.curriculum.dims.at(step, 20) :] == 0).all()
    assert (ys != 0).all()
    errors = (ys.astype(np.float64) ** 2).mean(axis=(1, 2))
    assert abs(errors.mean() - 3) < 5 * errors.std() / len(errors) ** 0.5


@pytest.mark.parametrize("suite", ["mini", "paper"])
def test_no_training_prompt_can_equal_an_evaluation_prompt(suite: str) -> None:
    """The streams have keys of their own; whole prompts of the first steps are compared as a witness."""
    for name in ("linear_regression", "sparse_parity"):
        frozen, task = find_task(f"{suite}/{name}")
        recipe = suite_recipe(frozen, name).model_copy(update={"curriculum": None})
        scored = {row.tobytes() for row in generate(task, frozen.name, "eval", 0, 512)[0]}
        for step in range(8):
            xs, _ = training_batch(frozen.name, task, recipe, seed=0, step=step)
            assert not scored & {row.tobytes() for row in xs}


def test_the_paper_recipe_is_the_papers() -> None:
    linear = suite_recipe(load_suite("paper"), "linear_regression")
    assert (linear.learning_rate, linear.batch, linear.steps) == (1e-4, 64, 500_000)
    assert [linear.curriculum.dims.at(step, 20) for step in (0, 1_999, 2_000, 30_000)] == [5, 5, 6, 20]
    assert [linear.curriculum.points.at(step, 41) for step in (0, 2_000, 30_000)] == [11, 13, 41]
    parity = suite_recipe(load_suite("paper"), "sparse_parity")
    assert (parity.learning_rate, parity.steps, parity.curriculum) == (4e-4, 200_000, None)
    assert {linear.schedule(step) for step in (0, 499_999)} == {1.0}
