"""Labels are moved apart, and no further than needed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_bench.charts.labels import spread, total_height
from icl_bench.charts.text import plain, shortened, text_width, wrapped

heights = st.floats(-50, 450)
extents = st.tuples(st.floats(5, 10), st.floats(5, 40))


@given(st.lists(st.tuples(heights, extents), min_size=1, max_size=15))
def test_labels_never_overlap_and_stay_inside(labels):
    labels.sort(key=lambda label: label[0])
    sizes = [size for _, size in labels]
    bottom = max(400.0, total_height(sizes))
    placed = spread([height for height, _ in labels], sizes, 0.0, bottom)
    edges = [(at - above, at + below) for at, (above, below) in zip(placed, sizes, strict=True)]
    assert edges[0][0] >= -1e-6
    assert edges[-1][1] <= bottom + 1e-6
    assert all(upper[1] <= lower[0] + 1e-6 for upper, lower in pairwise(edges))


def test_labels_with_room_stay_where_they_belong():
    assert spread([50, 100, 300], [(7, 7)] * 3, 0, 400) == [50, 100, 300]


def test_labels_that_meet_share_the_way():
    assert spread([100, 100, 300], [(5, 5)] * 3, 0, 400) == pytest.approx([95, 105, 300])
    assert spread([399, 399], [(5, 5)] * 2, 0, 400) == pytest.approx([385, 395])


def test_long_names_are_shortened_to_the_width():
    name = "a very long name " * 9
    short = shortened(name, 120, 12)
    assert short.endswith("…")
    assert name.startswith(short[:-1])
    assert 90 < text_width(short, 12) <= 120
    assert shortened("short", 120, 12) == "short"
    assert text_width("漢字漢字", 12) == 48


def test_text_breaks_between_words_but_not_at_hard_spaces():
    assert wrapped("first 512 of 2,048 prompts, up\xa0to\xa010", 130, 10.5) == [
        "first 512 of 2,048",
        "prompts, up\xa0to\xa010",
    ]
    assert wrapped("", 100, 10) == []
    assert all(text_width(line, 10) <= 60 for line in wrapped("W" * 30 + " i am", 60, 10))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two\nlines\tand \x00\x0b\x1bmore", "two lines and more"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("half \ud800 of one\ufffe", "half of one"),
        ("نموذج", "نموذج"),
        ("\u200b", "?"),
    ],
)
def test_names_are_plain_text(name, expected):
    assert plain(name) == expected
