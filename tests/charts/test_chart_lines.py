"""What is drawn of a line that has gaps or leaves the frame."""

from itertools import pairwise

import pytest

from icl_bench.charts.lines import clamped, inside, marked, runs


def test_gaps_split_a_line():
    assert runs([None, (0, 1), (1, 1), None, None, (2, 1)]) == [[(0, 1), (1, 1)], [(2, 1)]]


def test_a_line_is_cut_exactly_at_the_frame():
    up_and_back = [(0.0, 50.0), (10.0, -150.0), (20.0, 50.0)]
    assert inside(up_and_back, 0, 100) == [[(0, 50), (2.5, 0)], [(17.5, 0), (20, 50)]]
    assert clamped(up_and_back, 0, 100) == [(0, 50), (2.5, 0), (10, 0), (17.5, 0), (20, 50)]


def test_a_line_that_passes_through_the_frame():
    assert inside([(0.0, 200.0), (10.0, -200.0)], 0, 100) == [[(2.5, 100), (5, 0)]]
    assert inside([(0.0, -5.0), (1.0, -1.0)], 0, 100) == []


def test_markers_are_few_and_those_of_two_curves_apart():
    points = [(float(x), 0.0) for x in range(100)]
    first, second = (marked(points, 0, 99, 5, shift) for shift in (0.0, 0.5))
    assert len(first) == len(second) == 5
    assert not set(first) & set(second)
    assert [b[0] - a[0] for a, b in pairwise(first)] == pytest.approx([20] * 4, abs=1)
    assert marked([(3.0, 1.0)], 0, 99, 5, 0.0) == [(3.0, 1.0)]
    assert marked([], 0, 99, 5, 0.0) == []
