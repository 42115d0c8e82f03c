"""Intervals of all-or-nothing tasks hold the truth, and never leave what is possible."""

import numpy as np
import pytest
from scipy.stats import beta
from scipy.stats import t as student
from simulated import LEARNED_AT, MODES, SPREADS, jeffreys_coverage, mixture_coverage, two_modes

from icl_bench.ranking.modes import learned_runs, mean_interval

TRIALS = 300


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 3, 5])
@pytest.mark.parametrize("probability", [1.0, 0.95, 0.9, 0.7, 0.5, 0.3, 0.1, 0.0])
@pytest.mark.parametrize(("modes", "spreads"), list(zip(MODES, SPREADS, strict=True)))
def test_the_interval_of_the_mean_holds_it(modes, spreads, probability, runs):
    """Two runs agree by luck more often than five times in a hundred, so the least is 0.89 there."""
    held, _ = mixture_coverage(probability, modes, spreads, runs, TRIALS)
    least = 0.87 if runs == 2 else 0.92
    assert held >= least - 2 * np.sqrt(least * (1 - least) / TRIALS)


def test_no_interval_leaves_what_is_possible():
    rng = np.random.default_rng(0)
    for runs in (1, 2, 3, 5):
        for probability in (0.0, 0.3, 0.9, 1.0):
            for modes, spreads in zip(MODES, SPREADS, strict=True):
                gains = np.maximum(two_modes(rng, probability, modes, spreads, runs), 0)
                low, high = mean_interval(gains, 1e-6, LEARNED_AT)
                assert 0 <= low <= gains.mean() <= high <= 1


def test_further_runs_of_one_kind_narrow_the_interval():
    widths = [np.ptp(mean_interval(np.full(runs, 0.99), 0.0, LEARNED_AT)) for runs in (1, 2, 3, 5, 10)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.3 * widths[0]


def test_how_many_learned_is_said_with_the_interval_of_jeffreys():
    learned = learned_runs(np.array([0.99, 0.3, 0.95]), 0.0, LEARNED_AT)
    assert (learned.learned, learned.runs) == (2, 3)
    assert learned.probability.value == pytest.approx(2 / 3)
    ends = beta.ppf([0.025, 0.975], 2.5, 1.5)
    assert (learned.probability.low, learned.probability.high) == pytest.approx(tuple(ends))
    reach = student.ppf(0.975, 1) * np.std([0.99, 0.95], ddof=1) / np.sqrt(2)
    assert (learned.gain.value, learned.gain.high) == pytest.approx((0.97, 0.97 + reach))


@pytest.mark.parametrize(("gains", "end"), [([0.99] * 3, "high"), ([0.1] * 3, "low")])
def test_where_all_runs_agree_the_end_is_certain(gains, end):
    probability = learned_runs(np.array(gains), 0.0, LEARNED_AT).probability
    assert getattr(probability, end) == probability.value
    assert probability.low < probability.high


def test_where_none_learned_there_is_no_gain_when_learned():
    assert learned_runs(np.array([0.2]), 0.0, LEARNED_AT).gain is None


@pytest.mark.parametrize("runs", [2, 3, 5, 10])
@pytest.mark.parametrize("probability", [1.0, 0.9, 0.5, 0.0])
def test_the_probability_is_held(probability, runs):
    """Jeffreys' coverage moves about 0.95 with few runs; 0.85 is its least among these (2 runs, 0.9)."""
    assert jeffreys_coverage(probability, runs, 1_000) >= 0.84
