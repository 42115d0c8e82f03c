"""Numbers look alike on every page."""

import pytest

from icl_bench.leaderboard import formats
from icl_bench.specs.result import Estimate


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.9644, "0.964"), (1.0, "1.000"), (-0.6094, "−0.609"), (-0.0001, "0.000"), (None, "–")],
)
def test_scores_have_three_digits_and_a_true_minus(value, told):
    assert formats.score(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.02, "+0.020"), (-0.02, "−0.020"), (0.0, "0.000"), (-0.0002, "0.000"), (0.0002, "0.000")],
)
def test_differences_have_a_sign_unless_they_round_to_nothing(value, told):
    assert formats.signed(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_large_numbers_have_three_digits_and_a_unit(value, told):
    assert formats.short(value) == told


def test_an_interval_is_told_or_left_out():
    assert formats.interval(Estimate(value=0.5, low=-0.25, high=0.75, reason=None)) == "−0.250 to 0.750"
    assert formats.interval(Estimate(value=0.5, low=None, high=None, reason="too few prompts")) == ""


@pytest.mark.parametrize(
    ("value", "shade"), [(None, 0), (-3.0, 0), (0.0, 0), (0.44, 4), (1.0, 10), (1.2, 10)]
)
def test_shades_go_from_zero_to_the_baseline(value, shade):
    assert formats.heat(value) == shade
