"""Boolean functions: examples by hand, shares of literals and of planted points, teaching sequences."""

import numpy as np
import pytest
from small_classes import draw

from icl_bench.function_classes.boolean import draw_literals
from icl_bench.function_classes.conjunction_taught import teaching_sequence
from icl_bench.specs.suite import FUNCTION_CLASSES

PROMPTS, POINTS = 8_000, 12


def sample(kind: str, **sizes) -> tuple:
    return draw(FUNCTION_CLASSES.parse({"type": kind, **sizes}), PROMPTS, POINTS, key="boolean")


def values(kind: str, parameters: dict, points: list[list[int]], **sizes) -> list[float]:
    own = {name: np.array([value], np.int8) for name, value in parameters.items()}
    function_class = FUNCTION_CLASSES.parse({"type": kind, "dims": len(points[0]), **sizes})
    return function_class.evaluate(own, np.float32([points])).ravel().tolist()


def assert_share(hits: np.ndarray, share: float) -> None:
    """How often it happens, within five standard errors of independent draws."""
    assert abs(hits.mean() - share) < 5 * (share * (1 - share) / hits.size) ** 0.5


def test_targets_by_hand():
    points = [[1, 1, 1], [1, -1, 1], [-1, -1, 1], [-1, -1, -1]]
    assert values("conjunction", {"literals": [1, -1, 0]}, points) == [-1, 1, -1, -1]
    assert values("disjunction", {"literals": [1, -1, 0]}, points) == [1, 1, 1, 1]
    assert values("disjunction", {"literals": [1, 0, 1]}, points) == [1, 1, 1, -1]
    assert values("dnf", {"clauses": [[1, 1, 0], [0, 0, -1]]}, points, clauses=2) == [1, -1, -1, 1]
    assert values("majority", {"counted": [1, 1, 0]}, points) == [1, -1, -1, -1]
    assert values("parity_any", {"hidden": [1, 1, 1]}, points) == [1, -1, 1, -1]
    assert values("parity_2", {"subset": [0, 2]}, points) == [1, 1, -1, 1]


def test_functions_of_nothing():
    """No literal: a conjunction holds and a disjunction fails everywhere. No coordinate: 0 is not above ½."""
    points = [[1, -1], [-1, -1]]
    assert values("conjunction", {"literals": [0, 0]}, points) == [1, 1]
    assert values("disjunction", {"literals": [0, 0]}, points) == [-1, -1]
    assert values("majority", {"counted": [0, 0]}, points) == [-1, -1]
    assert values("parity_any", {"hidden": [-1, -1]}, points) == [1, 1]


def test_the_nearest_of_equals_is_the_first_and_a_repeated_point_may_have_two_labels():
    points = [[1, 1], [1, 1], [-1, 1], [1, 1], [-1, -1]]
    assert values("nearest", {"labels": [1, -1, -1]}, points, labelled=3) == [1, -1, -1, 1, -1]


def test_a_literal_is_drawn_from_a_word_in_twentieths():
    raw = np.array([0, 3, 6, 19], np.uint64) * np.uint64(2**64 // 20) + np.uint64(1_000)
    assert draw_literals(raw, 3, 20).tolist() == [1, -1, 0, 0]


@pytest.mark.parametrize(("kind", "share"), [("conjunction", 0.15), ("disjunction", 0.15), ("dnf", 0.1)])
def test_literals_have_their_shares(kind, share):
    _, _, parameters = sample(kind, dims=6, **({"clauses": 3} if kind == "dnf" else {}))
    literals = parameters["clauses" if kind == "dnf" else "literals"]
    assert_share(literals == 1, share)
    assert_share(literals == -1, share)
    if kind == "dnf":
        for clause in range(3):
            assert_share(parameters["planted"] == clause, 1 / 3)


def test_coordinates_that_count_have_their_share():
    _, _, parameters = sample("majority", dims=6)
    assert_share(parameters["counted"] == 1, 0.3)
    _, _, parameters = sample("parity_any", dims=6)
    assert_share(parameters["hidden"] == 1, 0.5)


@pytest.mark.parametrize(("kind", "wanted"), [("conjunction", 1), ("disjunction", -1)])
def test_three_tenths_of_the_points_are_planted(kind, wanted):
    """Of functions with many literals, of which chance meets few."""
    _, ys, parameters = sample(kind, dims=8)
    literals = (parameters["literals"] != 0).sum(axis=1)
    for count in (3, 4):
        assert_share(ys[literals == count] == wanted, 0.3 + 0.7 / 2**count)


def test_seven_twentieths_are_planted_in_the_chosen_clause_alone():
    xs, _, parameters = sample("dnf", dims=8, clauses=3)
    sizes = (parameters["clauses"] != 0).sum(axis=2)
    for clause in range(3):
        true = (parameters["clauses"][:, clause, None] * xs >= 0).all(axis=2)
        here, large = parameters["planted"] == clause, sizes[:, clause] == 3
        assert_share(true[here & large], 0.35 + 0.65 / 8)


def test_the_teaching_sequence_by_hand():
    literals = np.array([[1, 0, -1], [0, 0, 0]], np.int8)
    drawn = np.full((2, 5, 3), 9, np.float32)
    first, second = teaching_sequence(literals, drawn).astype(int).tolist()
    assert first == [[1, -1, -1], [1, 1, -1], [-1, -1, -1], [1, -1, 1], [9, 9, 9]]
    assert second == [[-1, -1, -1], [1, 1, 1], [9, 9, 9], [9, 9, 9], [9, 9, 9]]
    cut = teaching_sequence(literals, drawn[:, :3]).astype(int).tolist()
    assert cut == [first[:3], second[:3]]
    assert teaching_sequence(literals, drawn[:, :1])[0].tolist() == [[1, -1, -1]]
    assert (drawn == 9).all()


def test_a_taught_prompt_says_which_literals_there_are():
    """The first two points agree on them alone, and each of the next flips one and fails."""
    xs, ys, parameters = sample("conjunction_taught", dims=5)
    kept = parameters["literals"] != 0
    assert np.array_equal(xs[:, 0] == xs[:, 1], kept)
    assert (ys[:, :2] == 1).all()
    for place in range(2, 7):
        taught = kept.sum(axis=1) >= place - 1
        flipped = (xs[taught, place] != xs[taught, 0]).sum(axis=1)
        assert (flipped == 1).all()
        assert (ys[taught, place] == -1).all()
