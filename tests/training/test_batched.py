"""Runs that make their steps together end as each ends alone, in equal files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training.test_run import MAMBA, RECIPE, architecture, trained

from icl_bench.specs.recipe import Recipe
from icl_bench.suites import find_task
from icl_bench.training import batched, dev_score
from icl_bench.training import run as run_module
from icl_bench.training.batched import BatchedStep
from icl_bench.training.plan import RunPlan
from icl_bench.training.run import TrainingRun
from icl_bench.training.run_folder import STATE_FILE
from icl_bench.training.state import RunState

pytestmark = pytest.mark.slow

ROPE = {"type": "attention", "heads": 2, "positions": "rope", "bias": False}
MODULES = {
    "attention": [ROPE | {"positions": "none"}, {"type": "gelu_mlp", "hidden": 24}],
    "mamba": [MAMBA | {"state": 4}],
    "rope-swiglu": [ROPE, {"type": "swiglu", "hidden": 24}],
}
SMALL = {"batch": 8, "steps": 1_000, "warmup": 20, "curriculum": None, "clip": 0.5}
ADAM = Recipe.model_validate({**RECIPE.to_dict(), **SMALL})
MUON = Recipe.model_validate(
    {**ADAM.to_dict(), "optimiser": "muon", "matrix_rate": 1.5e-3, "weight_decay": 0.01}
)
SEEDS = (0, 5)


def plans(modules: str = "attention", recipe: Recipe = ADAM) -> list[RunPlan]:
    suite, task = find_task("mini/linear_regression")
    spec = architecture()
    layer = spec.to_dict()["layers"][0] | {
        "sublayers": [{"norm": "rmsnorm", "module": module} for module in MODULES[modules]]
    }
    spec = type(spec).model_validate(spec.to_dict() | {"layers": [layer]})
    return [RunPlan(spec, suite.name, task, recipe, seed) for seed in SEEDS]


def one_shape(*recipes: Recipe) -> list[RunPlan]:
    """Of two tasks whose prompts are of one shape, each by a recipe."""
    spec = plans()[0].architecture
    tasks = [find_task(f"mini-boolean/{name}") for name in ("conjunction", "parity_2")]
    chosen = zip(tasks, recipes, strict=True)
    return [RunPlan(spec, suite.name, task, recipe, seed=3) for (suite, task), recipe in chosen]


def states(folder: Path, planned: list[RunPlan]) -> list[RunState]:
    return [RunState(plan, folder / f"{plan.task.name}-{plan.seed}") for plan in planned]


def train(runs: list[RunState], steps: int, record: Any = None) -> list[RunState]:
    make_step = BatchedStep(runs, record)
    while runs[0].step < steps:
        points = make_step()
        for run in runs:
            run.count_step(points)
    return runs


def alone(folder: Path, planned: list[RunPlan], steps: int) -> list[RunState]:
    runs = [TrainingRun(plan, folder / f"alone-{plan.task.name}-{plan.seed}") for plan in planned]
    for run in runs:
        trained(run, steps)
    return runs


@torch.no_grad()
def difference(first: RunState, other: RunState) -> float:
    """The largest of predictions on development prompts, whose size is about 1."""
    xs, ys = (torch.from_numpy(part) for part in (first._dev.xs, first._dev.ys))
    return float((first.model(xs, ys) - other.model(xs, ys)).abs().max())


def assert_same_curve(first: RunState, other: RunState, tolerance: float) -> None:
    assert [row["step"] for row in first.log.rows] == [row["step"] for row in other.log.rows] != []
    for ours, theirs in zip(first.log.rows, other.log.rows, strict=True):
        for name in ("loss", "dev_score", "dev_optimality", "learning_rate"):
            assert ours[name] == pytest.approx(theirs[name], abs=tolerance), name


@pytest.mark.parametrize("modules", MODULES)
def test_runs_end_as_alone(tmp_path: Path, modules: str) -> None:
    """110 steps of Adam in float32, in which rounding grows; on a CPU, with its compiled kernels."""
    together = train(states(tmp_path, plans(modules)), 110)
    for first, other in zip(together, alone(tmp_path, plans(modules), 110), strict=True):
        assert difference(first, other) < 1e-4
        assert_same_curve(first, other, 1e-5)
    assert together[0].log.rows != together[1].log.rows


@pytest.fixture
def _in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and prompts: where nothing is hidden by rounding, and mixers compute as they do on a GPU."""
    new_model, make, generate = RunPlan.new_model, run_module.training_batch, dev_score.generate

    def widened(function: Callable[..., Any], parts: int) -> Callable[..., Any]:
        return lambda *arguments: tuple(part.astype(np.float64) for part in function(*arguments)[:parts])

    monkeypatch.setattr(RunPlan, "new_model", lambda plan, device: new_model(plan, device).double())
    for module in (batched, run_module):
        monkeypatch.setattr(module, "training_batch", widened(make, 2))
    monkeypatch.setattr(dev_score, "generate", lambda *arguments: (*widened(generate, 2)(*arguments), None))
    monkeypatch.setattr(
        dev_score, "squared_errors", lambda predictions, ys: ((predictions - ys) ** 2).sum(-1)
    )


@pytest.mark.usefixtures("_in_float64")
@pytest.mark.parametrize("modules", MODULES)
def test_runs_make_the_steps_that_they_make_alone(tmp_path: Path, modules: str) -> None:
    """With Muon, which lifts small singular values, and rounding of float32 with them; Adam on the rest."""
    together = train(states(tmp_path, plans(modules, MUON)), 200)
    for first, other in zip(together, alone(tmp_path, plans(modules, MUON), 200), strict=True):
        assert difference(first, other) < 1e-9
        assert_same_curve(first, other, 1e-9)


@pytest.mark.usefixtures("_in_float64")
def test_tasks_of_one_shape_make_the_steps_that_they_make_alone(tmp_path: Path) -> None:
    """Each on its own prompts, and decaying towards its own end."""
    planned = one_shape(MUON, MUON.model_copy(update={"steps": 250}))
    together = train(states(tmp_path, planned), 200)
    for first, other in zip(together, alone(tmp_path, planned, 200), strict=True):
        assert difference(first, other) < 1e-9
        assert_same_curve(first, other, 1e-9)
    assert together[0].log.rows != together[1].log.rows


def test_the_norm_of_a_gradient_is_that_of_one_run(tmp_path: Path) -> None:
    runs = states(tmp_path, plans())
    with torch.no_grad():
        runs[1].model.read_out.weight.mul_(100)
    train(runs, 1)
    for run in runs:
        norm = torch.stack([p.grad.norm() for p in run.model.parameters() if p.grad is not None]).norm()
        assert norm == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("recipe", [ADAM, MUON], ids=["adam", "muon"])
def test_states_are_taken_up_either_way(tmp_path: Path, recipe: Recipe) -> None:
    whole = alone(tmp_path, plans(recipe=recipe), 60)
    singles = [TrainingRun(plan, tmp_path / f"single-{plan.seed}") for plan in plans(recipe=recipe)]
    together = states(tmp_path, plans(recipe=recipe))
    for run in (*singles, *together):
        run.start()
    train(together, 20, record=lambda work: work)
    for run in (*singles, *together):
        trained(run, 20)
        run.save()
        run.release()
    for first, other in zip(singles, together, strict=True):
        assert_same_form(first.folder / STATE_FILE, other.folder / STATE_FILE)
    resumed = [TrainingRun(run.plan, run.folder) for run in together]
    batch = [RunState(run.plan, run.folder) for run in singles]
    for run in (*resumed, *batch):
        run.resume()
        assert run.step == 20
    for run in (*train(batch, 60), *resumed):
        trained(run, 60)
        assert difference(run, whole[SEEDS.index(run.plan.seed)]) < 1e-4


def assert_same_form(first: Path, other: Path) -> None:
    """The same keys, types and shapes; rates, counts and options that are the same."""
    contents = [torch.load(path, weights_only=True) for path in (first, other)]
    assert form(contents[0]) == form(contents[1])
    assert abs(first.stat().st_size - other.stat().st_size) < 0.01 * first.stat().st_size


def form(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape
    if isinstance(value, dict):
        return {name: form(part) for name, part in value.items() if name not in ("loss_sum", "lr")}
    return [form(part) for part in value] if isinstance(value, list) else value


def test_every_run_has_rates_of_its_own(tmp_path: Path) -> None:
    """One that ends early by its recipe's rule decays while the other goes on."""

    def ending_early(runs: list[RunState]) -> list[RunState]:
        runs[1]._end = 120
        return runs

    together = train(ending_early(states(tmp_path, plans())), 119)
    single = ending_early([TrainingRun(plan, tmp_path / f"a{plan.seed}") for plan in plans()])
    for first, other in zip(together, single, strict=True):
        trained(other, 119)
        assert difference(first, other) < 1e-4
        assert_same_curve(first, other, 1e-5)


@pytest.mark.parametrize("recipe", [ADAM, MUON], ids=["adam", "muon"])
def test_a_step_is_recorded_once_and_carried_out_again(tmp_path: Path, recipe: Recipe) -> None:
    """As on a GPU, but for the graph: prompts, rates and losses are where the recorded step finds them."""
    recorded = []

    def record(work: Callable[[], object]) -> Callable[[], object]:
        recorded.append(work)  # nothing is computed yet
        return work

    runs = train(states(tmp_path, plans(recipe=recipe)), 110, record)
    assert len(recorded) == 1
    rates = [group["lr"] for run in runs for part, _ in run.optimiser._parts for group in part.param_groups]
    assert all(isinstance(rate, torch.Tensor) for rate in rates)
    for first, other in zip(runs, alone(tmp_path, plans(recipe=recipe), 110), strict=True):
        assert difference(first, other) < 1e-4
        assert_same_curve(first, other, 1e-5)


def test_prompts_that_grow_are_not_recorded(tmp_path: Path) -> None:
    growing = ADAM.model_copy(update={"curriculum": RECIPE.curriculum})
    runs = train(states(tmp_path, plans(recipe=growing)), 50, record=lambda work: pytest.fail("recorded"))
    for first, other in zip(runs, alone(tmp_path, plans(recipe=growing), 50), strict=True):
        assert difference(first, other) < 1e-4
