"""Panels: lines are where the numbers are, and the legend shows the same lines."""

import math
from dataclasses import replace

import pytest
from picture_reading import HOSTILE, SVG, inside, points, read_inert, texts
from raising import raises

from icl_bench.errors import InputError
from icl_bench.leaderboard.pictures import Panel, draw_legend, draw_panel

N = 11
PANEL = Panel(
    title="linear_regression",
    zero=[10.0] * N,
    baseline=[8.0] * N,
    exact=[5.0] * N,
    model=[9.0 - 0.5 * k for k in range(N)],
    low=[8.5 - 0.5 * k for k in range(N)],
    high=[9.5 - 0.5 * k for k in range(N)],
)
BOTTOM, TOP = 148.0, 30.0


def at(value):
    """The height of an error, where 10 is the largest of zero."""
    return pytest.approx(BOTTOM - (BOTTOM - TOP) * value / 10.8, abs=0.06)


def curves(svg):
    """(width, dashes) to path, of the lines that are curves."""
    curves = [path for path in svg.iter(f"{SVG}path") if path.get("stroke-linejoin")]
    return {(path.get("stroke-width"), path.get("stroke-dasharray")): path.get("d") for path in curves}


def model_parts(svg):
    group = next(group for group in svg.iter(f"{SVG}g") if group.get("class") == "c-2")
    return group.findall(f"{SVG}path")


def arrows(svg):
    return [path.get("transform") for path in model_parts(svg) if path.get("d").endswith("l4,7h-8z")]


def test_values_are_at_their_heights():
    svg = read_inert(draw_panel(PANEL))
    heights = [{y for _, y in points(path)} for path in curves(svg).values()]
    assert len(heights) == 4
    exact, baseline, zero, model = heights
    assert [[*exact], [*baseline], [*zero]] == [[at(5.0)], [at(8.0)], [at(10.0)]]
    assert max(model) == at(4.0)
    assert min(model) == at(9.0)
    assert not arrows(svg)
    assert inside(svg)


def test_the_band_goes_along_its_upper_edge_and_back_along_its_lower():
    (band,) = [
        element for element in model_parts(read_inert(draw_panel(PANEL))) if element.get("fill-opacity")
    ]
    edge = points(band.get("d"))
    assert len(edge) == 2 * N
    assert [edge[0][1], edge[N - 1][1], edge[N][1], edge[-1][1]] == [at(9.5), at(4.5), at(3.5), at(8.5)]


def test_what_is_above_the_frame_is_laid_onto_its_top_with_an_arrow_at_the_largest():
    model = [1.0] * 5 + [20.0, 30.0, 20.0] + [1.0] * 3
    panel = replace(PANEL, model=model, low=model, high=[2 * value for value in model])
    svg = read_inert(draw_panel(panel))
    line = points(next(path.get("d") for path in model_parts(svg) if path.get("stroke-linejoin")))
    assert min(y for _, y in line) == TOP
    (arrow,) = arrows(svg)
    middle = next(
        x for x, y in line if y == TOP and abs(x - line[0][0] - 0.6 * (line[-1][0] - line[0][0])) < 0.2
    )
    assert arrow == f"translate({middle:g},{TOP:g})"
    for path in model_parts(svg):
        assert all(TOP <= y <= BOTTOM for _, y in points(path.get("d")) if path.get("transform") is None)


def test_other_curves_leave_the_frame_without_an_arrow():
    svg = read_inert(draw_panel(replace(PANEL, baseline=[1.0] * 5 + [50.0] + [1.0] * 5)))
    (path,) = [path for (_, dashes), path in curves(svg).items() if dashes == "11 3"]
    assert path.count("M") == 2
    assert all(TOP <= y <= BOTTOM for _, y in points(path))
    assert not arrows(svg)


def test_what_a_task_lacks_is_left_out():
    svg = read_inert(draw_panel(replace(PANEL, baseline=None, exact=None, low=None, high=None)))
    assert len(curves(svg)) == 2
    assert not [element for element in model_parts(svg) if element.get("fill-opacity")]
    assert svg[1].text.endswith("Means of the curves: model 6.5, zero 10.")


@pytest.mark.parametrize("gap", [math.nan, math.inf])
def test_gaps_are_gaps(gap):
    model = [1.0, 2.0, gap, 4.0, gap, *[3.0] * 6]
    svg = read_inert(draw_panel(replace(PANEL, model=model, low=model, high=model)))
    line = next(path.get("d") for path in model_parts(svg) if path.get("stroke-linejoin"))
    assert [len(points("M" + part)) for part in line.split("M")[1:]] == [2, 1, 6]
    bands = [element for element in model_parts(svg) if element.get("fill-opacity")]
    assert len(bands) == 3


@pytest.mark.parametrize(
    "panel",
    [
        replace(PANEL, model=[math.nan] * N, low=[math.nan] * N),
        replace(PANEL, zero=[0.0] * N),
        replace(PANEL, zero=[math.nan] * N),
        replace(PANEL, zero=[1e-9] * N, model=[1e90] * N),
        Panel("one", [1.0], [0.5], [0.1], [0.7], [0.6], [0.8]),
        Panel("long", [1.0] * 257, None, None, [2.0] * 257, None, None, (256,), "the last"),
        replace(PANEL, model=[math.nan] * N, scored=(3, N - 1), scored_words="3 and 10"),
    ],
)
def test_odd_numbers_are_drawn(panel):
    text = draw_panel(panel)
    assert inside(read_inert(text))
    assert "nan" not in text
    assert "inf" not in text


def test_a_task_that_scores_the_last_length_says_so_and_marks_it():
    marked = replace(PANEL, scored=(N - 1,), scored_words="only the last is scored")
    plain, last = read_inert(draw_panel(PANEL)), read_inert(draw_panel(marked))
    assert "context length" in texts(plain)
    assert "context length (only the last is scored)" in texts(last)
    markers = [element.get("transform") for element in model_parts(last) if element.get("transform")]
    (end,) = [points(element.get("d"))[-1] for element in model_parts(last) if element.get("stroke-linejoin")]
    assert markers == [f"translate({end[0]:g},{end[1]:g})"]
    assert len([element for element in model_parts(plain) if element.get("transform")]) > 2


def test_every_context_length_of_a_list_is_marked():
    svg = read_inert(draw_panel(replace(PANEL, scored=(3, 7), scored_words="scored: 3 and 7")))
    assert "context length (scored: 3 and 7)" in texts(svg)
    (line,) = [points(part.get("d")) for part in model_parts(svg) if part.get("stroke-linejoin")]
    markers = [element.get("transform") for element in model_parts(svg) if element.get("transform")]
    assert markers == [f"translate({line[at][0]:g},{line[at][1]:g})" for at in (3, 7)]
    (marks,) = [path.get("d") for path in svg.iter(f"{SVG}path") if path.get("stroke-dasharray") == "1 3"]
    assert [x for x, _ in points(marks)] == [line[3][0], line[7][0]]
    assert "; scored: 3 and 7. Means" in svg[1].text


def test_the_legend_shows_every_line_of_a_panel():
    legend = read_inert(draw_legend())
    assert set(curves(legend)) == set(curves(read_inert(draw_panel(PANEL))))
    assert len(curves(legend)) == 4
    assert [text.split()[0] for text in texts(legend)] == ["model,", "exact", "baseline", "zero"]
    assert inside(legend)


def test_the_lines_differ_without_colour():
    assert len(curves(read_inert(draw_panel(PANEL)))) == 4  # by width and dashes


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_text(title):
    svg = read_inert(draw_panel(replace(PANEL, title=title)))
    assert len(texts(svg)[0]) < 60


def test_the_same_panel_is_the_same_bytes():
    assert draw_panel(PANEL) == draw_panel(replace(PANEL, zero=tuple(PANEL.zero)))


@pytest.mark.parametrize(
    ("change", "code", "numbers"),
    [
        ({"model": [1.0]}, "other-lengths", (11, 1, "model")),
        ({"low": None}, "one-edge", ()),
        ({"zero": []}, "no-context-length", ()),
    ],
)
def test_curves_that_do_not_belong_together_are_refused(change, code, numbers):
    with raises(InputError, code, naming=numbers):
        replace(PANEL, **change)
