"""Dots against a cost, and differences as rows of dots."""

import re
from itertools import combinations

import pytest

from icl_bench.charts.differences import DifferenceRow, Differences, draw_differences
from icl_bench.charts.scatter import TEXT, Dot, Scatter, draw_scatter, front
from icl_bench.charts.text import text_width


def dot(name: str, x: float, y: float, group: str = "attention") -> Dot:
    """One without an interval."""
    return Dot(name, x, y, None, None, group)


def test_the_front_has_what_nothing_beats_at_no_more_cost():
    dots = [dot("a", 1, 5), dot("b", 2, 4), dot("c", 2, 6), dot("d", 3, 6), dot("e", 9, 7), dot("f", 1, 4)]
    assert [each.name for each in front(dots)] == ["a", "c", "e"]


@pytest.mark.parametrize("width", [358, 620])
def test_names_overlap_neither_each_other_nor_the_frame(width):
    dots = [dot(f"a-model-{k}", 1000 + 10 * (k % 4), 90 + k / 20, "hybrid") for k in range(10)]
    drawn = draw_scatter(Scatter("Score", "Words.", "cost", "mean", ["hybrid"], dots), width)
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(a-model-\d)</text>', drawn)
    assert len(found) >= 7
    boxes = [(float(x), float(y), float(x) + text_width(name, TEXT)) for x, y, name in found]
    for (left, y, right), (other_left, other_y, other_right) in combinations(boxes, 2):
        assert abs(y - other_y) >= TEXT or right <= other_left or other_right <= left
    assert all(left >= 0 and right <= width for left, _, right in boxes)


def test_the_same_numbers_give_the_same_text_and_equal_costs_have_an_axis():
    chart = Scatter("Score", "Words.", "cost", "mean", ["hybrid"], [dot("a", 7, 3, "hybrid")] * 1)
    assert draw_scatter(chart, 620) == draw_scatter(chart, 620)


def rows(**more) -> str:
    """A chart of one row."""
    row = DifferenceRow("Trees", 2.0, -1.0, 5.0, [1.0, 3.0], "+2.0", **more)
    return draw_differences(Differences("Effects", "Words.", [("RoPE in place of none", [row])]), 620)


def test_rows_have_a_dot_a_part_and_colour_only_where_they_are_sure():
    assert rows().count("<circle") == 2
    assert "c-3" not in rows()
    assert "c-3" in rows(sure=True)
    assert "+2.0" in rows()
    assert ">Words.</desc>" in rows()


def test_values_are_placed_in_order_and_alike_on_both_sides():
    found = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', rows())]
    assert found == sorted(found)
