"""Places do not part what is equal, and part more of what is not with every further run."""

import numpy as np
import pytest
from simulated import false_places, false_places_by_learning, graded_board, mean_coverage, places, power, task

from icl_bench.ranking.places import Place, placed

pytestmark = pytest.mark.slow

BOARDS = 150


def at_most(rate: float, trials: int) -> float:
    """What a rate may be in so many trials where it is truly `rate`: two standard errors more."""
    return rate + 2 * float(np.sqrt(rate * (1 - rate) / trials))


@pytest.mark.parametrize("runs", [2, 3, 5])
@pytest.mark.parametrize(("models", "deviation"), [(12, 0.005), (12, 0.02), (3, 0.01)])
def test_equal_models_share_place_1_on_95_of_100_boards(models, runs, deviation):
    """With two runs too, were they enough for a place."""
    assert false_places(models, runs, deviation, BOARDS, needed=2) <= at_most(0.05, BOARDS)


def test_with_one_run_there_is_no_place_since_the_luck_of_a_seed_would_part_equal_models():
    assert false_places(12, 1, 0.005, BOARDS) == 0
    assert false_places(12, 1, 0.005, BOARDS, needed=1) > 0.9


@pytest.mark.parametrize("runs", [3, 5, 10])
@pytest.mark.parametrize(("models", "probability"), [(2, 0.5), (12, 0.5), (12, 0.9)])
def test_models_whose_runs_learn_alike_share_place_1(models, probability, runs):
    assert false_places_by_learning(models, runs, probability, BOARDS) <= at_most(0.05, BOARDS)


def test_further_runs_part_more_pairs():
    found = [power(runs, 0.01, 40) for runs in (1, 3, 5, 10)]
    assert found[0] == 0  # one run gives no place
    assert found[1] > 0.5
    assert found[1] < found[2] < found[3]


def test_a_leader_with_fewer_runs_than_the_others_hides_no_difference():
    """Its own runs would say next to nothing; the variance between seeds is that of all models."""
    assert power(5, 0.01, 40, of_leader=3) > 0.9 * power(5, 0.01, 40)


@pytest.mark.parametrize("runs", [2, 3, 5])
@pytest.mark.parametrize("deviation", [0.0005, 0.005, 0.02])
def test_intervals_of_means_hold_the_true_mean_in_95_of_100(runs, deviation):
    held = mean_coverage(runs, deviation, BOARDS)
    assert held == pytest.approx(0.95, abs=2.5 * np.sqrt(0.05 * 0.95 / BOARDS))


def test_a_model_that_is_better_on_paper_alone_shares_its_place():
    rng = np.random.default_rng(0)
    board = graded_board(rng, [0.9, 0.9 - 1e-6, 0.5], [3, 3, 3], 0.01)
    assert placed(board) == [Place(1, True), Place(1, True), Place(3, False)]
    assert [str(place) for place in placed(board)] == ["1=", "1=", "3"]


def test_whether_runs_learned_parts_models_only_with_many_runs():
    """3 of 3 against 0 of 3 is no significant difference (Fisher: p = 0.1); 20 of 20 is."""
    rng = np.random.default_rng(0)
    for runs, expected in ((3, [1, 1]), (20, [1, 2])):
        gains = [np.full(runs, 0.99), np.full(runs, 0.1)]
        assert places([task(rng, gains, learned_at=0.9)], runs) == expected
