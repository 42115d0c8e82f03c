"""What `scored` may be, which points of a prompt it means, and how it is put in words."""

import pytest
from raising import raises

from icl_bench.errors import SpecError
from icl_bench.specs.schema import parse
from icl_bench.specs.scored import ScoredPoints
from icl_bench.specs.suite import TaskSpec

POINTS = 9


def task(scored: object) -> TaskSpec:
    values = {"schema": 1, "name": "a_task", "summary": "", "points": POINTS, "scored": scored}
    values |= {"function_class": {"type": "linear_regression", "dims": 3}, "exact_note": "none"}
    return parse(TaskSpec, values | {"baseline": "ridge", "exact": "least_squares"}, "a_task.yaml")


@pytest.mark.parametrize(
    ("scored", "positions"),
    [("all", tuple(range(POINTS))), ("last", (8,)), ([3], (3,)), ([0, 5, 8], (0, 5, 8))],
)
def test_it_names_context_lengths_from_0(scored, positions):
    assert task(scored).scored_points.positions == positions
    assert task(scored).locked_form()["scored"] == scored  # as it was written


@pytest.mark.parametrize(
    ("scored", "code", "names"),
    [
        ("first", "no-scored", ("'first'", "[3, 7, 11]")),
        (None, "no-scored", ("None", "all", "last")),
        (3, "no-scored", "3"),
        ({"last": 2}, "no-scored", "{'last': 2}"),
        ([1, 2.0], "no-scored", "[1, 2.0]"),
        ([False, True], "no-scored", "[False, True]"),
        (["3"], "no-scored", "['3']"),
        ([-1], "no-scored", "[-1]"),
        ([], "nothing-scored", ()),
        ([2, 2], "scored-order", (2,)),
        ([1, 5, 3], "scored-order", (3, 5)),
        ([3, POINTS], "scored-out-of-range", (9, 8)),
    ],
)
def test_anything_else_is_refused(scored, code, names):
    with raises(
        SpecError, code, naming=("a_task.yaml: scored: ", *([names] if isinstance(names, str) else names))
    ):
        task(scored)


def test_prompts_that_end_early_have_the_points_that_are_left():
    """Under a curriculum `last` is the last point that there is; a list keeps its context lengths."""
    for scored, of_five in (("all", (0, 1, 2, 3, 4)), ("last", (4,)), ([0, 2, 7], (0, 2)), ([7], ())):
        assert ScoredPoints(scored, POINTS).of_first(5).positions == of_five


def test_a_list_of_every_point_is_all_of_them():
    every = ScoredPoints(list(range(POINTS)), POINTS)
    assert (every.every, every.count, str(every)) == (True, POINTS, "all")
    assert ScoredPoints([8], POINTS).in_words("all", "the last") == "the last"


def test_the_total_of_a_curve_is_over_scored_points_alone():
    curve = [float(2**length) for length in range(POINTS)]
    totals = {scored: ScoredPoints(scored, POINTS).total(curve) for scored in ("all", "last")}
    assert totals == {"all": 511.0, "last": 256.0}
    assert ScoredPoints([1, 3, 4], POINTS).total(curve) == 26.0


def test_neighbours_are_one_slice():
    assert ScoredPoints([0, 1, 4, 6, 7, 8], POINTS).runs == [slice(0, 2), slice(4, 5), slice(6, 9)]
    assert ScoredPoints("last", POINTS).runs == [slice(8, 9)]


def test_a_list_is_short_in_words():
    assert str(ScoredPoints([3, 7, 11], 20)) == "3, 7 and 11"
    assert str(ScoredPoints([3], 20)) == "3"
    assert str(ScoredPoints([1, 2, 3, 4, 5], 20)) == "1, 2, 3, 4 and 5"
    assert str(ScoredPoints(list(range(0, 4000, 2)), 4_000)) == "0, 2, 4, 6 and 1996 more"
