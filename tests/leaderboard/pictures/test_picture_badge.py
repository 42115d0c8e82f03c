"""Badges: a file of their own that says two things."""

import pytest
from picture_reading import HOSTILE, SVG, inside, read_inert, texts

from icl_bench.charts.text import text_width
from icl_bench.leaderboard.pictures import draw_badge


def test_both_texts_are_in_it_and_have_room():
    svg = read_inert(draw_badge("icl-bench mini-v1", "0.873 ± 0.012"))
    assert texts(svg) == ["icl-bench mini-v1", "0.873 ± 0.012"]
    assert svg[0].text == "icl-bench mini-v1: 0.873 ± 0.012"
    label, value = svg.iter(f"{SVG}text")
    middle, width = 2 * float(label.get("x")), float(svg.get("width"))
    assert middle >= text_width("icl-bench mini-v1", 11) + 10
    assert width - middle >= text_width("0.873 ± 0.012", 11) + 10
    assert float(value.get("x")) == pytest.approx((middle + width) / 2, abs=0.06)
    assert inside(svg)


def test_it_needs_no_stylesheet():
    text = draw_badge("a", "b")
    svg = read_inert(text)
    assert "class=" not in text
    halves = svg.findall(f"{SVG}path")
    assert [half.get("color")[0] for half in halves] == ["#", "#"]
    assert halves[0].get("color") != halves[1].get("color")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_text_and_long_ones_are_shortened(text):
    svg = read_inert(draw_badge(text, text))
    assert float(svg.get("width")) < 600


def test_the_same_badge_is_the_same_bytes():
    assert draw_badge("a", "1") == draw_badge("a", "1")
    assert draw_badge("a", "1") != draw_badge("a", "2")
