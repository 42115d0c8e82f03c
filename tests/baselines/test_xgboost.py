"""The library's own estimator, a fit a prefix, and what the library does with hard prompts."""

import numpy as np
import pytest
import torch
import xgboost

from icl_bench.baselines.xgboost import XGBoost
from icl_bench.suites import find_task, generate

pytestmark = pytest.mark.slow


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", ["decision_tree", "sparse_parity", "vector_mqar"])
def test_the_answers_are_those_of_the_librarys_estimator(name):
    suite, task = find_task(f"mini/{name}")
    xs, ys, _ = generate(task, suite.name, "dev", 0, 2)
    xs, ys = xs[:, :14], ys[:, :14]
    predictions = XGBoost().predict(xs, ys)
    for prompt in range(2):
        for i in (1, 2, 7, 13):
            model = xgboost.XGBRegressor(n_jobs=1).fit(xs[prompt, :i], ys[prompt, :i])
            expected = model.predict(xs[prompt, i : i + 1]).reshape(-1)
            np.testing.assert_allclose(predictions[prompt, i], expected, rtol=1e-5, atol=1e-6)


def test_the_defaults_are_those_that_it_names():
    xs, ys = normal(0, 40, 5), normal(1, 40)
    named = {
        "n_estimators": 100,
        "max_depth": 6,
        "learning_rate": 0.3,
        "reg_lambda": 1,
        "subsample": 1,
        "tree_method": "hist",
        "max_bin": 256,
        "base_score": float(ys.mean()),
        "objective": "reg:squarederror",
    }
    by_default, by_name = (
        xgboost.XGBRegressor(n_jobs=1, **numbers).fit(xs, ys).predict(xs) for numbers in ({}, named)
    )
    np.testing.assert_allclose(by_default, by_name, rtol=1e-4, atol=1e-5)


def test_threads_do_not_change_the_bits():
    xs, ys = normal(0, 5, 9, 3), normal(1, 5, 9, 2)
    before = torch.get_num_threads()
    answers = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        answers.append(XGBoost(rounds=10).predict(xs, ys))
    torch.set_num_threads(before)
    np.testing.assert_array_equal(*answers)


def test_a_context_of_one_point_is_answered_with_its_target():
    xs, ys = normal(0, 1, 2, 3), normal(1, 1, 2, 2)
    np.testing.assert_allclose(XGBoost().predict(xs, ys)[0, 1], ys[0, 0], rtol=1e-6)
