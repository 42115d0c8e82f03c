"""Fresh prompts follow from a commit alone; their gap to the frozen ones is set against sampling error."""

import hashlib

import numpy as np
import pytest
from raising import raises

import icl_bench
from icl_bench.baselines.base import get_baseline
from icl_bench.errors import InputError, SpecError
from icl_bench.evaluation.fresh import (
    beyond_sampling_error,
    fresh_prompts,
    fresh_stream,
    load_fresh_record,
    relative_gap,
    zero_errors,
)
from icl_bench.function_classes.streams import raw_words
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.specs.result import Estimate
from icl_bench.suites import load_prompts

COMMIT, OTHER = "c3" * 20, "c4" * 20
TASK = "linear_regression"


def test_they_are_the_stream_that_sha256_of_the_commit_seeds(tiny):
    """The derivation as it is written down, from SHA-256 to the first number."""
    key = f"tiny-v1/{TASK}/fresh/{COMMIT}"
    task = tiny.task(TASK)
    words = raw_words(key, 0, tiny.spec.prompts, task.function_class.words(task.points))
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "little")
    assert words[0, 0] == np.random.Philox(key=seed, counter=2**256 - 1).random_raw(1)[0]
    xs, ys = (fresh_prompts(tiny, TASK, COMMIT).xs, fresh_prompts(tiny, TASK, COMMIT).ys)
    expected, parameters = task.function_class.sample(words, task.points)
    np.testing.assert_array_equal(xs, expected)
    np.testing.assert_array_equal(ys, task.function_class.evaluate(parameters, xs))


def test_they_are_others_for_another_commit_and_than_the_frozen_ones(tiny):
    frozen = load_prompts(tiny, TASK)
    drawn = [frozen.xs, fresh_prompts(tiny, TASK, COMMIT).xs, fresh_prompts(tiny, TASK, OTHER).xs]
    assert len({array.shape for array in drawn}) == 1
    rows = {row.tobytes() for array in drawn for row in array}
    assert len(rows) == 3 * tiny.spec.prompts


@pytest.mark.parametrize("commit", ["main", "c3" * 19, "C3" * 20, "c3" * 20 + "\n", "../eval", ""])
def test_only_a_whole_commit_names_them(tiny, commit):
    with raises(InputError, "unknown-stream"):
        fresh_prompts(tiny, TASK, commit)
    assert fresh_stream(COMMIT) == f"fresh/{COMMIT}"


@pytest.fixture
def frozen(tiny):
    return icl_bench.evaluate("baseline/least_squares", "tiny", [TASK]).tasks[TASK]


def test_a_model_that_knows_the_frozen_prompts_alone_has_a_gap(tiny, frozen):
    zero = zero_errors(fresh_prompts(tiny, TASK, COMMIT).ys, tiny, TASK)
    gap = relative_gap(tiny, TASK, COMMIT, frozen, (zero, zero))  # of what it does not know it answers 0
    expected = 1 - sum(frozen.prompt_errors) / (
        frozen.scored_points.total(frozen.error_curves.zero) * frozen.prompts
    )
    assert gap.value == pytest.approx(expected)
    assert gap.low < gap.value < gap.high
    assert beyond_sampling_error(gap, tasks=6)


def test_a_baseline_has_no_gap_on_either_sample(tiny, frozen):
    xs, ys = (fresh_prompts(tiny, TASK, COMMIT).xs, fresh_prompts(tiny, TASK, COMMIT).ys)
    task = tiny.task(TASK)
    errors = scored_sums(
        squared_errors(get_baseline("least_squares", task).predict(xs, ys), ys), task.scored_points
    )
    gap = relative_gap(tiny, TASK, COMMIT, frozen, (errors, zero_errors(ys, tiny, TASK)))
    assert gap.low < 0 < gap.high
    assert not beyond_sampling_error(gap)


def test_false_alarms_are_as_rare_as_is_said(tiny, frozen):
    """A model without a gap, on 400 pairs of samples: 2.5% for one task, and a sixth of it for one of six."""
    rng = np.random.default_rng(7)
    population, zero = rng.gamma(1.0, 1.0, size=20_000), rng.gamma(4.0, 0.5, size=20_000)
    gaps = []
    for _ in range(400):
        first, second = rng.integers(20_000, size=(2, 96))
        ratio = [population[rows].mean() / zero[rows].mean() for rows in (first, second)]
        spread = [_spread(population[rows], zero[rows], rng) for rows in (first, second)]
        half = 1.96 * np.hypot(*spread)
        value = ratio[1] - ratio[0]
        gaps.append(Estimate(value=value, low=value - half, high=value + half, reason=None))
    alarms = [np.mean([beyond_sampling_error(gap, tasks) for gap in gaps]) for tasks in (1, 6)]
    assert 0.005 < alarms[0] < 0.05
    assert alarms[1] <= 0.0125


def _spread(model, zero, rng):
    rows = rng.integers(len(model), size=(200, len(model)))
    return np.std(model[rows].mean(axis=1) / zero[rows].mean(axis=1))


@pytest.mark.parametrize(
    ("low", "value", "high", "tasks", "alarm"),
    [
        (0.01, 0.02, 0.03, 1, True),
        (-0.01, 0.0, 0.01, 1, False),
        (0.001, 0.02, 0.04, 6, False),
        (0.001, 0.02, 0.04, 1, True),
        (-0.03, -0.02, -0.01, 1, False),
    ],
)
def test_an_alarm_is_a_worse_error_beyond_an_interval_that_widens_with_the_number_of_tasks(
    low, value, high, tasks, alarm
):
    gap = Estimate(value=value, low=low, high=high, reason=None)
    assert beyond_sampling_error(gap, tasks) is alarm


def test_a_gap_that_is_not_defined_is_no_alarm():
    assert not beyond_sampling_error(Estimate(value=None, low=None, high=None, reason="none"))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"schema": 1, "schema": 1}', b'{"schema": NaN}', b"\xff"]
)
def test_what_is_no_record_of_fresh_prompts_is_one_line(tmp_path, content):
    (tmp_path / "a.fresh.json").write_bytes(content)
    with raises(InputError, naming="a.fresh.json"):
        load_fresh_record(tmp_path / "a.fresh.json")
    with raises(SpecError, "unreadable", naming="absent.json"):
        load_fresh_record(tmp_path / "absent.json")
