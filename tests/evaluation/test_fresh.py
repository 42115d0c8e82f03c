"""Fresh prompts follow from a commit alone; their gap to the frozen ones is set against sampling error."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from raising import raises

from icl_bench.baselines.base import get_baseline
from icl_bench.errors import InputError, SpecError
from icl_bench.evaluation.fresh import (
    exact_errors,
    fresh_prompts,
    fresh_stream,
    load_fresh_record,
    zero_errors,
)
from icl_bench.evaluation.gaps import PromptSample, beyond_sampling_error, optimality_gap, ratio_gap
from icl_bench.frozen.anchors import suite_anchors
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


KEYS = ("frozen", "fresh")


@pytest.fixture
def samples(tiny) -> tuple[PromptSample, PromptSample]:
    """Least squares, shrunk, on frozen and on fresh prompts of a task where least squares is exact."""
    least_squares = get_baseline("least_squares", tiny.task(TASK))
    prompts = fresh_prompts(tiny, TASK, COMMIT)
    frozen, anchors = load_prompts(tiny, TASK), suite_anchors(tiny, tiny.task(TASK))

    def errors(asked):
        predictions = np.float32(0.8) * least_squares.predict(asked.xs, asked.ys)
        return scored_sums(squared_errors(predictions, asked.ys), tiny.task(TASK).scored_points)

    return (
        PromptSample(errors(frozen), anchors.zero.errors, anchors.exact.errors),
        PromptSample(errors(prompts), zero_errors(prompts.ys, tiny, TASK), exact_errors(prompts, anchors)),
    )


GAPS = pytest.mark.parametrize("gap_of", [optimality_gap, ratio_gap])


@GAPS
def test_a_model_that_knows_the_frozen_prompts_alone_has_a_gap(samples, gap_of):
    frozen, fresh = samples
    knows = replace(frozen, model=0.01 * frozen.model)
    gap = gap_of(knows, fresh, 2000, KEYS)
    assert gap.low < gap.value < gap.high
    assert beyond_sampling_error(gap, tasks=6)


@GAPS
def test_a_model_that_learned_its_task_has_no_gap(samples, gap_of):
    gap = gap_of(*samples, 2000, KEYS)
    assert gap.low < 0 < gap.high
    assert not beyond_sampling_error(gap)


def test_the_exact_predictor_has_none_at_all_but_rounding(samples):
    frozen, fresh = (replace(sample, model=sample.exact * (1 + 1e-9)) for sample in samples)
    gap = optimality_gap(frozen, fresh, 2000, KEYS)
    assert abs(gap.value) < 1e-6
    assert not beyond_sampling_error(gap)


def test_what_is_hard_for_the_exact_predictor_too_is_taken_out(samples):
    """The interval of the same two samples is less than half as wide as that of the ratios of errors."""
    narrow, wide = (gap_of(*samples, 2000, KEYS) for gap_of in (optimality_gap, ratio_gap))
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_a_gap_is_by_how_much_the_optimality_is_lower(samples):
    """Of a model that has lost a tenth of what the exact predictor gains, on prompts that are no harder."""
    frozen, _ = samples
    gain = float((frozen.zero - frozen.exact).mean())
    worse = replace(frozen, model=frozen.model + 0.1 * gain)
    assert optimality_gap(frozen, worse, 2000, ("same", "same")).value == pytest.approx(0.1)


def test_without_errors_of_the_exact_predictor_those_of_zero_stand_alone(samples):
    frozen, fresh = samples
    gap = optimality_gap(replace(frozen, exact=None), fresh, 2000, KEYS)
    assert gap == optimality_gap(frozen, replace(fresh, exact=None), 2000, KEYS)
    assert gap.low < 0 < gap.high


def test_a_prompt_on_which_answers_explode_is_no_gap(samples):
    """As those of least squares where there are as many examples as weights, and noise."""
    frozen, fresh = samples
    exploded = replace(fresh, model=np.where(np.arange(len(fresh.model)) < 1, 1e9, fresh.model))
    assert not beyond_sampling_error(optimality_gap(frozen, exploded, 2000, KEYS))


def test_a_control_that_does_not_vary_changes_nothing(samples):
    """The zero predictor on parity, the exact one on retrieval: rounding must not be fitted to."""
    rng = np.random.default_rng(0)
    noisy = [
        replace(sample, zero=np.full_like(sample.zero, 9.0) * (1 + 1e-9 * rng.normal(size=len(sample.zero))))
        for sample in samples
    ]
    flat = [replace(sample, zero=np.full_like(sample.zero, 9.0)) for sample in samples]
    gaps = [optimality_gap(*pair, 2000, KEYS) for pair in (noisy, flat)]
    assert gaps[0].value == pytest.approx(gaps[1].value, abs=1e-8)


def test_false_alarms_of_the_gap_are_as_rare_as_is_said():
    """400 pairs of samples of a model without one, whose error follows the exact predictor's only in part."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(400):
        exact, zero, own = (rng.gamma(shape, size=(2, 96)) for shape in (1.0, 6.0, 0.5))
        frozen, fresh = (
            PromptSample(0.7 * exact[k] + 0.1 * zero[k] + own[k], zero[k] + exact[k], exact[k])
            for k in (0, 1)
        )
        alarms += beyond_sampling_error(optimality_gap(frozen, fresh, 500, KEYS))
    assert 0.005 < alarms / 400 < 0.05


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
