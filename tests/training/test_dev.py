"""A run is watched by its log: loss, and a score on prompts of the development stream."""

from pathlib import Path

import pytest
import torch
from training.test_run import RECIPE, plan

from icl_bench.baselines.base import get_baseline
from icl_bench.suites import find_task
from icl_bench.training.dev import DevScore
from icl_bench.training.log import log_every, read_log
from icl_bench.training.run import TrainingRun


def test_the_dev_score_is_the_share_of_the_baselines_gain() -> None:
    suite, task = find_task("mini/sparse_linear_regression")
    dev = DevScore(suite.name, task)

    def answering(name: str):
        predictions = get_baseline(name, task).predict(dev.xs, dev.ys)
        model = torch.nn.Linear(1, 1)
        model.forward = lambda xs, ys: torch.from_numpy(predictions)
        return dev(model)

    assert answering("zero") == 0
    assert answering("lasso") == pytest.approx(1, abs=0.05)  # its gain on 128 prompts over that on 2,048
    assert answering("sparse_bayes") > answering("lasso")


def test_the_log_ends_with_a_dev_score(tmp_path: Path) -> None:
    run = TrainingRun(plan(RECIPE.model_copy(update={"steps": 150})), tmp_path)
    logged = [run.advance() for _ in range(150)]
    assert [step for step, row in enumerate(logged, start=1) if row] == [100, 150]
    assert run.log.rows[-1]["dev_score"] == DevScore("mini-v1", run.plan.task)(run.model)
    assert read_log(run.log.as_csv())[-1]["dev_score"] == pytest.approx(run.log.rows[-1]["dev_score"], 1e-5)


def test_a_long_run_keeps_its_log_short() -> None:
    assert [log_every(steps) for steps in (120, 10_000, 50_000, 50_001, 500_000)] == [
        100,
        100,
        100,
        200,
        1000,
    ]
