"""Numbers look alike on every page."""

import pytest
from fabricated_record import trained

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import RunData
from icl_bench.ranking.differences import Difference
from icl_bench.specs.outcome import read_outcome
from icl_bench.specs.result import Estimate
from icl_bench.suites import load_suite


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.9644, "96.4"),
        (1.0, "100.0"),
        (-0.6094, "−60.9"),
        (-0.0001, "0.0"),
        (None, "–"),
        (-13.2346, "−1323"),
        (-999.994, "−99999"),
        (-1.373e76, "−1.4e78"),
    ],
)
def test_scores_are_times_100_with_one_digit_and_a_true_minus(value, expected):
    assert formats.score(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.02, "+2.0"), (-0.02, "−2.0"), (0.0, "0.0"), (-0.0002, "0.0"), (40.2523, "+4025")],
)
def test_differences_have_a_sign_unless_they_round_to_nothing(value, expected):
    assert formats.signed(estimate(value - 0.1, value + 0.1)) == expected


def test_a_small_difference_has_one_digit_as_all_others():
    assert formats.signed(estimate(0.0001, 0.0005)) == "0.0"
    assert formats.signed(estimate(0.0004, 0.0008)) == "+0.1"
    assert formats.signed(estimate(-0.0014, -0.0002)) == "−0.1"
    assert formats.signed(Estimate(value=None, low=None, high=None, reason="no baseline")) == "–"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.00k"),
        (1_000, "1.00k"),
        (9_996, "10.0k"),
        (201_857, "202k"),
        (999_600, "1.00M"),
        (13_100_000, "13.1M"),
        (5.2e9, "5.20G"),
        (7e14, "700T"),
    ],
)
def test_large_numbers_have_three_digits_and_a_unit(value, expected):
    assert formats.short(value) == expected


def estimate(low: float, high: float) -> Estimate:
    """With its value in the middle."""
    return Estimate(value=(low + high) / 2, low=low, high=high, reason=None)


def test_an_interval_is_shown_or_left_out():
    assert formats.interval(estimate(-0.25, 0.75)) == "−25.0 to 75.0"
    assert formats.interval(estimate(-92.721, -8.0312)) == "−9272 to −803.1"
    assert formats.interval(estimate(-0.0312, 92.721)) == "−3.1 to 9272"
    assert formats.interval(Estimate(value=0.5, low=None, high=None, reason="too few prompts")) == ""


def test_the_ends_of_an_interval_have_one_digit_however_small():
    assert formats.interval(estimate(-0.0014, -0.0003)) == "−0.1 to 0.0"
    assert formats.interval(estimate(0.00002, 0.3)) == "0.0 to 30.0"
    assert formats.interval(estimate(-0.0003, 0.0004)) == "0.0 to 0.0"


def difference(p: float | None, corrected: float | None) -> Difference:
    estimate = Estimate(value=0.1, low=None, high=None, reason="not of interest")
    return Difference("decision_tree", 2048, 2048, 0.5, 0.4, estimate, p, corrected)


@pytest.mark.parametrize(
    ("p", "corrected", "expected"),
    [
        (0.0, 0.0, "< 0.001"),
        (1e-40, 0.0009999, "< 0.001"),
        (1e-40, None, "< 0.001"),
        (0.001, None, "0.001"),
        (0.0004, 0.0024, "0.002"),
        (0.02, 0.12, "0.120"),
        (1.0, 1.0, "1.000"),
        (None, None, "–"),
    ],
)
def test_a_p_value_is_the_corrected_one_and_below_the_least_no_more_is_said(p, corrected, expected):
    assert formats.p_value(difference(p, corrected)) == expected


@pytest.mark.parametrize("name", load_suite("mini").tasks)
def test_tasks_are_shown_in_words(name):
    spaced_name = formats.spaced(name)
    assert spaced_name.lower().replace(" ", "_") == name
    assert formats.heading(name)[0].isupper()
    assert formats.heading(name)[1:] == spaced_name[1:]


def test_initials_are_capitals():
    assert formats.heading("two_layer_mlp") == "Two layer MLP"


@pytest.mark.parametrize(
    ("value", "shade"),
    [(None, 0), (-3.0, 0), (0.0, 0), (0.44, 1), (0.9, 3), (0.99, 7), (0.999, 10), (1.0, 10), (1.2, 10)],
)
def test_shades_go_by_the_logarithm_of_the_distance_to_100(value, shade):
    assert formats.heat(value) == shade


def test_what_is_no_score_is_shown_as_it_is():
    assert formats.plain_interval(estimate(0.2924, 1.0)) == "0.292 to 1"
    assert formats.plain_interval(estimate(-3.0, 12.0)) == "−3 to 12"
    assert formats.plain_interval(Estimate(value=0.5, low=None, high=None, reason="too few")) == ""


@pytest.mark.parametrize(
    ("learned", "expected"),
    [
        ([1_200], "1,200"),
        ([None], "not within 5,000"),
        ([1_200, 3_000, 1_400], "1,400 (3 of 3)"),
        ([1_200, None, 1_400], "1,400 (2 of 3)"),
        ([1_200, None, None], "not within 5,000 (1 of 3)"),
        ([1_200, None], "not within 5,000 (1 of 2)"),
        ([], "–"),
    ],
)
def test_steps_to_learn_are_the_median_of_runs(learned, expected):
    """A run that has not learned counts as slower than every other."""
    estimate = Estimate(value=0.9, low=0.8, high=1.0, reason=None)
    runs = [
        RunData(
            seed=seed,
            steps=5_000,
            sha256="0" * 64,
            gain=0.9,
            estimates={"score": estimate, "optimality": estimate},
            outcome=read_outcome(trained(seed, step)),
            trained_on=None,
        )
        for seed, step in enumerate(learned)
    ]
    assert formats.learning(runs, None) == formats.learning(runs, 0.9) == expected
    unknown = [run.model_copy(update={"outcome": None}) for run in runs]
    assert formats.learning(unknown, 0.9) == "–"
    failed = [run.model_copy(update={"gain": 0.88}) for run in runs]
    assert all(run.steps_to_learn(0.9) is None for run in failed)
    assert formats.learning(failed, None) == expected
