"""A predictor that a task calls exact is beaten by no other baseline beyond sampling error."""

import numpy as np
import pytest

from icl_bench.baselines.base import BASELINES, get_baseline
from icl_bench.errors import InputError
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.suites import generate, load_suite

pytestmark = pytest.mark.slow

PROMPTS = 400
FEWER = {"two_layer_nn": 48, "xgboost": 12}  # prompts for what takes long


@pytest.mark.parametrize("task", load_suite("mini").tasks.values(), ids=lambda task: task.name)
def test_no_baseline_beats_it(task):
    xs, ys, _ = generate(task, "mini-v1", "dev", 0, PROMPTS)

    def errors(name: str) -> np.ndarray:
        part = slice(FEWER.get(name))
        predictions = get_baseline(name, task).predict(xs[part], ys[part])
        return scored_sums(squared_errors(predictions, ys[part]), task.scored_points)

    exact = errors(task.exact)
    for name in set(BASELINES.entries()) - {task.exact}:
        try:
            others = errors(name)
        except InputError:  # it does not serve this task
            continue
        gain = exact[: len(others)] - others  # positive where the other one is better
        standard_error = gain.std() / np.sqrt(len(gain))
        assert gain.mean() <= 3 * standard_error, f"{name} beats {task.exact}"
