"""A run is watched by its log: loss, score and optimality on prompts of the development stream."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training.test_run import RECIPE, plan

from icl_bench.baselines.base import get_baseline
from icl_bench.suites import find_task, generate, load_suite
from icl_bench.training import dev_score
from icl_bench.training.dev_score import Development, DevResult, development_prompts
from icl_bench.training.log import FIELDS, WITHOUT_OPTIMALITY, log_every, read_log
from icl_bench.training.run import TrainingRun

pytestmark = pytest.mark.slow


def answering(dev: Development, predictions: np.ndarray) -> DevResult:
    """What a model scores that answers the development prompts in this way."""
    model, parts = torch.nn.Linear(1, 1), iter(torch.from_numpy(predictions).split(64))
    model.forward = lambda xs, ys: next(parts)
    return dev(model)


def test_the_dev_score_is_the_share_of_the_baselines_gain() -> None:
    suite, task = find_task("mini/sparse_linear_regression")
    dev = Development(suite.name, task)

    def result_on(name: str) -> DevResult:
        return answering(dev, get_baseline(name, task).predict(dev.xs, dev.ys))

    assert result_on("zero").score == pytest.approx(
        0, abs=0.05
    )  # 512 prompts beside the frozen errors of 2,048
    assert result_on("zero").optimality == pytest.approx(0, abs=0.05)
    assert result_on("lasso").score == pytest.approx(1, abs=0.02)
    assert result_on("sparse_bayes").optimality == 1
    assert result_on("sparse_bayes").score > result_on("lasso").score


@pytest.mark.parametrize("name", load_suite("mini").tasks)
def test_the_optimality_of_the_development_prompts_has_a_small_error(name: str) -> None:
    """Of answers half way between 0 and the exact predictor, the standard error over prompts."""
    suite, task = find_task(f"mini/{name}")
    count = development_prompts(task)
    results = []
    for start in range(0, 8 * count, count):
        dev = Development(suite.name, task)
        dev.xs, dev.ys, _ = generate(task, suite.name, "dev", start, count)
        exact = get_baseline(task.exact, task).predict(dev.xs, dev.ys)
        dev._exact_errors = dev._errors(exact)
        results.append(answering(dev, exact / 2).optimality)
    assert np.std(results, ddof=1) < 0.02
    assert np.mean(results) == pytest.approx(0.75, abs=0.02)


def test_a_suite_without_frozen_errors_has_no_dev_score(monkeypatch: pytest.MonkeyPatch) -> None:
    suite, task = find_task("mini/linear_regression")
    monkeypatch.setattr(dev_score, "load_errors", lambda *_: None)
    assert Development(suite.name, task)(torch.nn.Linear(1, 1)) == DevResult(None, None)


def test_the_log_ends_with_a_dev_score(tmp_path: Path) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"steps": 150})), tmp_path)
    logged = [run.advance() for _ in range(150)]
    assert [step for step, row in enumerate(logged, start=1) if row] == [100, 150]
    last = run.log.rows[-1]
    assert (last["dev_score"], last["dev_optimality"]) == Development("mini-v1", run.plan.task)(run.model)
    assert read_log(run.log.as_csv())[-1]["dev_score"] == pytest.approx(last["dev_score"], 1e-5)


def test_a_log_of_version_0_1_is_read() -> None:
    (row,) = read_log("step,loss,dev_score,learning_rate,dims,points\n100,0.5,0.25,0.001,5,11\n")
    assert set(row) == set(FIELDS) == {*WITHOUT_OPTIMALITY, "dev_optimality"}
    assert (row["step"], row["dev_score"], row["dev_optimality"]) == (100, 0.25, None)


def test_a_long_run_keeps_its_log_short() -> None:
    assert [log_every(steps) for steps in (120, 10_000, 50_000, 50_001, 500_000)] == [
        100,
        100,
        100,
        200,
        1000,
    ]
