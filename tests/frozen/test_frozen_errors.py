"""What is frozen beside the prompts: each baseline of each task, and none better than the exact predictor."""

import numpy as np
import pytest

from icl_bench.baselines.base import BASELINES, get_baseline
from icl_bench.errors import InputError
from icl_bench.frozen.anchors import named_anchors
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.suites import Suite, load_suite, suite_names

# xgboost would take over two hours of two cores for all prompts of paper-v1: the dearest tasks have fewer
FEWER = {f"paper-v1/{task}/xgboost": 512 for task in ("two_layer_mlp", "decision_tree", "vector_mqar")}

# those of variants are frozen only where scores rest on them
COSTLY = {name for name, entry in BASELINES.entries().items() if not entry.cheap}

ROUNDING = 1e-12  # of the error of answering 0: where an answer was shown, looking it up is exact to the bit

TASKS = [(load_suite(name), task) for name in suite_names() for task in load_suite(name).tasks]


def serving(suite: Suite, task: str) -> set[str]:
    names = set()
    for name in BASELINES.entries():
        try:
            names.add(get_baseline(name, suite.task(task)).type)
        except InputError:
            continue
    spec = suite.task(task)
    return names if spec.base is None else names - COSTLY | set(named_anchors(spec))


@pytest.mark.parametrize(("suite", "task"), TASKS, ids=lambda value: getattr(value, "name", value))
def test_every_baseline_that_serves_a_task_is_frozen_on_all_prompts(suite: Suite, task: str) -> None:
    frozen = frozen_baselines(suite, task)
    assert set(frozen) == serving(suite, task)
    for name, errors in frozen.items():
        assert errors.prompts == FEWER.get(f"{suite.name}/{task}/{name}", suite.spec.prompts)


@pytest.mark.parametrize(("suite", "task"), TASKS, ids=lambda value: getattr(value, "name", value))
def test_no_frozen_baseline_beats_the_exact_predictor(suite: Suite, task: str) -> None:
    frozen = frozen_baselines(suite, task)
    exact, rounding = frozen.pop(suite.task(task).exact).errors, ROUNDING * frozen["zero"].errors.mean()
    for name, other in frozen.items():
        gain = exact[: other.prompts] - other.errors  # positive where the other one is better
        assert gain.mean() <= 3 * gain.std() / np.sqrt(len(gain)) + rounding, f"{name} beats it"
