"""Hinton diagrams of prompts: what a square says is what the prompt holds."""

import re

import numpy as np
import pytest
from picture_reading import SVG, inside, read_inert, texts
from raising import raises

from icl_bench.errors import InputError
from icl_bench.leaderboard.pictures import draw_prompt
from icl_bench.leaderboard.pictures.prompt import FIRST, MOST_ROWS


def squares(svg, colour):
    """Sides of the squares of a colour, left to right and top to bottom within a token; the legend's last."""
    (path,) = [
        group.find(f"{SVG}path").get("d")
        for group in svg.iter(f"{SVG}g")
        if group.get("class") == f"c-{colour}" and group.find(f"{SVG}path") is not None
    ][:1]
    return [float(side) for side in re.findall(r"M[^h]*h([\d.]+)v", path)]


def drawn(xs, ys):
    return read_inert(draw_prompt(np.array(xs, dtype=np.float32), np.array(ys, dtype=np.float32)))


def test_areas_are_sizes_filled_is_positive_and_hollow_negative():
    svg = drawn([[4.0, -4.0, 1.0]], [[-2.0]])
    full, quarter = squares(svg, "1")
    assert full == pytest.approx(2 * quarter, abs=0.11)
    negative = next(group for group in svg.iter(f"{SVG}g") if group.get("class") == "c-2")
    assert negative[0].get("fill") == "none"
    border = float(negative[0].get("stroke-width"))
    assert squares(svg, "2") == pytest.approx([full - border, full - border], abs=0.11)  # y has its own scale
    assert texts(svg)[-4:-2] == ["+4 in x, +2 in y", "−4 in x, −2 in y"]


def test_the_shorter_token_is_padded_with_dots():
    svg = drawn([[1.0] * 6] * 2, [[1.0]] * 2)
    dots = [path.get("d") for path in svg.iter(f"{SVG}path") if "h1.6v1.6" in path.get("d")]
    assert [dot.count("M") for dot in dots] == [10, 1]  # of two y tokens, and of the legend
    assert drawn([[1.0]] * 2, [[1.0] * 6] * 2).get("height") == svg.get("height")


@pytest.mark.parametrize(("points", "ellipses"), [(1, 0), (FIRST + 1, 0), (FIRST + 2, 1), (300, 1)])
def test_a_long_prompt_shows_its_first_points_and_its_last(points, ellipses):
    svg = drawn(np.ones((points, 4)), np.ones((points, 1)))
    shown = texts(svg)
    assert shown.count("…") == ellipses
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    places = [*range(min(points - 1, FIRST)), points - 1]
    names = [name + str(place).translate(subscripts) for place in places for name in "xy"]
    assert [text for text in shown if text[0] in "xy" and text[1] in "₀₁₂₃₄₅₆₇₈₉"] == names
    assert inside(svg)


def test_the_scale_is_that_of_the_points_that_are_drawn():
    xs = np.ones((40, 3))
    xs[20] = 1_000.0
    assert "+1" in texts(drawn(xs, np.ones((40, 1))))


def test_equal_scales_are_shown_once():
    svg = drawn([[1.0, -1.0], [-1.0, 1.0]], [[1.0], [-1.0]])
    assert texts(svg)[-4:] == ["+1", "−1", "0", "not read: it is to be predicted"]


def test_only_the_last_y_is_marked_as_not_read():
    svg = drawn(np.ones((20, 8)), np.ones((20, 8)))
    dashed = [path for path in svg.iter(f"{SVG}path") if path.get("stroke-dasharray")]
    assert len(dashed) == 2  # the token and the legend


def test_of_many_coordinates_the_first_are_drawn():
    svg = drawn(np.ones((3, 1_000)), np.ones((3, 1)))
    assert f"… and {1_000 - MOST_ROWS} more coordinates" in texts(svg)
    assert len(squares(svg, "1")) == 3 * MOST_ROWS + 3
    assert inside(svg)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 99.9, 1e20])
def test_every_size_of_numbers_has_a_scale(scale):
    svg = drawn([[scale, -scale / 2]], [[scale]])
    assert 10.0 < squares(svg, "1")[0] <= 14.0


def test_zeros_alone_are_dots():
    svg = drawn(np.zeros((2, 2)), np.zeros((2, 1)))
    assert "+1" in texts(svg)


@pytest.mark.parametrize(("points", "value"), [(0, 1.0), (2, np.nan), (2, np.inf)])
def test_what_is_no_prompt_is_refused(points, value):
    with raises(InputError, "not-finite"):
        drawn(np.full((points, 3), value), np.ones((points, 1)))


def test_the_same_prompt_is_the_same_bytes():
    generator = np.random.default_rng(0)
    xs, ys = generator.normal(size=(41, 20)), generator.normal(size=(41, 1))
    assert draw_prompt(xs, ys) == draw_prompt(xs.copy(), ys.copy())


def test_bits_are_squares_of_one_size_and_a_label_stands_alone_beside_them():
    """Of five points with three bits each: fifteen squares and five labels, with no dot for a 0."""
    rng = np.random.default_rng(0)
    xs, ys = (rng.choice(np.float32([-1, 1]), size=size) for size in ((5, 3), (5, 1)))
    text = draw_prompt(xs, ys, labels=True)
    drawn = " ".join(path.get("d", "") for path in read_inert(text).iter() if path.tag.endswith("path"))
    filled, hollow = int((xs > 0).sum() + (ys > 0).sum()), int((xs < 0).sum() + (ys < 0).sum())
    assert drawn.count("h14v14h-14z") == filled + 1  # and one in the legend
    assert drawn.count("h12.7v12.7h-12.7z") == hollow + 1
    assert "h1.6" not in drawn
    assert "true" in text
    assert "false" in text
