"""The picture itself: read back as XML, its text is the names and its lines are where the numbers are."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from raising import raises

from icl_bench.charts import Chart, Series, draw
from icl_bench.charts.layout import SMALL_LINE, lay_out
from icl_bench.errors import InputError

SVG = "{http://www.w3.org/2000/svg}"


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def groups(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The groups of the series, by their hover text."""
    elements = svg.iter(f"{SVG}g")
    return {
        group.find(f"{SVG}title").text: group
        for group in elements
        if group.get("class", "").startswith("series ")
    }


def lines(group: ElementTree.Element) -> list[ElementTree.Element]:
    """The curve, then its sample beside the name; the leader line is thinner."""
    paths = [path for path in group.iter(f"{SVG}path") if path.get("stroke-linejoin")]
    assert len(paths) == 2
    return paths


def texts(element: ElementTree.Element) -> list[str]:
    return [text.text for text in element.iter(f"{SVG}text")]


def numbers(path: str) -> list[list[float]]:
    return [[float(n) for n in point.split(",")] for point in re.findall(r"-?[\d.]+,-?[\d.]+", path)]


def line_chart(**settings: object) -> Chart:
    down = Series("down", [0, 5, 10], [4.0, 2.0, 0.0])
    return Chart("title", "context length", "error", [down], **settings)


def test_a_value_is_at_its_pixel():
    chart = line_chart()
    layout = lay_out(chart, 760)
    path = lines(groups(read(draw(chart)))["down: mean 2"])[0].get("d")
    left, right = layout.x.start, layout.x.end
    bottom, top = layout.y.start, layout.y.end  # of 0 and of 4
    expected = [[left, top], [(left + right) / 2, (top + bottom) / 2], [right, bottom]]
    assert numbers(path) == [pytest.approx(point, abs=0.051) for point in expected]
    assert 0 < left < right < 760
    assert 0 < top < bottom < layout.height


def test_a_logarithmic_axis_moves_values_and_lays_zero_on_its_floor():
    chart = Chart("t", "x", "y", [Series("a", [1, 10, 100], [1.0, 0.1, 0.0])], "log", "log", y_floor=1e-3)
    layout = lay_out(chart, 760)
    svg = read(draw(chart))
    (first, middle, last) = numbers(lines(next(iter(groups(svg).values())))[0].get("d"))
    assert first[1] == pytest.approx(layout.y.end, abs=0.06)
    assert middle[0] == pytest.approx((layout.x.start + layout.x.end) / 2, abs=0.06)
    assert middle[1] == pytest.approx(layout.y.end + (layout.y.start - layout.y.end) / 3, abs=0.06)
    assert last[1] == pytest.approx(layout.y.start, abs=0.06)
    assert "≤ 0.001" in texts(svg)
    assert "0.001" not in texts(svg)


def test_a_curve_that_leaves_the_frame_is_cut_marked_and_labelled():
    spike = Series("spike", [0, 1, 2, 3, 4], [1.0, 1.0, 21.0, 22_705.6, 1.0])
    chart = Chart("t", "x", "y", [spike, Series("flat", [0, 4], [1.0, 1.0])], y_limit=11.0)
    layout = lay_out(chart, 760)
    svg = read(draw(chart))
    group = groups(svg)["spike: mean 4,546"]
    curve = lines(group)[0].get("d")
    points = numbers(curve)
    assert curve.count("M") == 2
    assert min(y for _, y in points) == pytest.approx(layout.y.end, abs=0.06)
    assert points[2][0] == pytest.approx(layout.x.pixel(1.5), abs=0.06)  # halfway from 1 to 21 is 11
    (arrow,) = [path for path in group.findall(f"{SVG}path") if path.get("d").endswith("l4,7h-8z")]
    assert numbers(arrow.get("transform")) == [pytest.approx([layout.x.pixel(3), layout.y.end], abs=0.06)]
    assert texts(group) == ["spike", "up\xa0to\xa022,706"]
    assert texts(groups(svg)["flat: mean 1"]) == ["flat"]


def test_gaps_are_gaps_and_a_lone_point_is_a_dot():
    y = [1.0, 2.0, math.nan, 4.0, math.inf, 3.0, 2.0]
    group = groups(read(draw(Chart("t", "x", "y", [Series("a", range(7), y)]))))
    curve = lines(group["a: mean 2.4 (2 of 7 values are not finite)"])[0].get("d")
    assert [len(numbers(part)) for part in curve.split("M")[1:]] == [2, 1, 2]
    assert curve.split("M")[2].endswith("h0")


def test_a_band_is_drawn_where_both_edges_are_known():
    low, high = [0.0, 0.0, math.nan, 1.0, 1.0, 1.0], [2.0, 9.0, 2.0, 2.0, math.inf, 2.0]
    series = Series("a", range(6), [1.0] * 6, low=low, high=high)
    chart = Chart("t", "x", "y", [series], y_limit=3.0)
    layout = lay_out(chart, 760)
    (group,) = groups(read(draw(chart))).values()
    bands = [path.get("d") for path in group.iter(f"{SVG}path") if path.get("fill-opacity")]
    assert len(bands) == 3
    corners = numbers(bands[0])
    assert corners[0] == pytest.approx([layout.x.pixel(0), layout.y.pixel(2)], abs=0.06)
    assert corners[1] == pytest.approx([layout.x.pixel(1 / 7), layout.y.end], abs=0.06)
    assert corners[-1] == pytest.approx([layout.x.pixel(0), layout.y.pixel(0)], abs=0.06)


@pytest.mark.parametrize("series", [[Series("a", [3], [2.0])], [Series("a", [0, 1], [0.0, 0.0])]])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_one_point_or_equal_values_are_drawn_inside_the_frame(series, scale):
    chart = Chart("t", "x", "y", series, y_scale=scale)
    layout = lay_out(chart, 760)
    (group,) = groups(read(draw(chart))).values()
    for x, y in numbers(lines(group)[0].get("d")):
        assert layout.x.start - 0.1 <= x <= layout.x.end + 0.1
        assert layout.y.end - 0.1 <= y <= layout.y.start + 0.1


def test_curves_differ_without_colour_in_the_picture_and_beside_the_names():
    roles = ["exact", "baseline", "zero", "model", "model"] + ["other"] * 11
    series = [Series(f"s{k}", range(9), [k + 1.0] * 9, role) for k, role in enumerate(roles)]
    drawn = groups(read(draw(Chart("t", "x", "y", series)))).values()
    looks = set()
    for group in drawn:
        curve, sample = lines(group)
        same = [curve.get(key) == sample.get(key) for key in ("stroke-width", "stroke-dasharray")]
        assert all(same)
        markers = {path.get("d") for path in group.iter(f"{SVG}path") if path.get("transform")}
        assert len(markers) <= 1
        looks.add((curve.get("stroke-width"), curve.get("stroke-dasharray"), *markers))
    assert len(looks) == len(series)


@pytest.mark.parametrize("width", [400, 760, 1200])
def test_labels_do_not_overlap_and_are_inside_the_picture(width):
    """Fifteen curves that end together, half of them with a note."""
    series = [
        Series(f"name number {k}", [0, 1], [k, 0.0], note="first 512 of 2,048 prompts" * (k % 2), mean=k)
        for k in range(15)
    ]
    layout = lay_out(Chart("t", "x", "y", series, y_limit=3.0), width)
    labels = sorted(layout.labels, key=lambda label: label.height)
    for upper, lower in pairwise(labels):
        assert lower.height - upper.height >= 15 + SMALL_LINE * len(upper.notes) - 1e-6
    assert labels[0].height > 0
    assert labels[-1].height + SMALL_LINE * len(labels[-1].notes) < layout.height
    assert layout.x.end - layout.x.start > 0.45 * width


def test_leader_lines_join_the_ends_of_curves_with_their_labels():
    short, long = Series("short", [0, 1], [1.0, 2.0]), Series("long", [0, 4], [1.0, 2.0])
    chart = Chart("t", "x", "y", [short, long])
    layout = lay_out(chart, 760)
    for group, label, end in zip(groups(read(draw(chart))).values(), layout.labels, (1, 4), strict=True):
        (leader,) = [path for path in group.iter(f"{SVG}path") if path.get("stroke-width") == "0.6"]
        first, *_, last = numbers(leader.get("d"))
        assert first == pytest.approx([layout.x.pixel(end), layout.y.pixel(2)], abs=0.06)
        assert last[1] == pytest.approx(label.height, abs=0.06)
        (name,) = group.findall(f"{SVG}text")
        assert float(name.get("y")) - 4 == pytest.approx(last[1], abs=0.06)


HOSTILE = [
    "<script>alert(1)</script>",
    "\" onload='x' &amp; ]]>",
    "long " * 60,
    "نموذج (1)",
    "\x00\x1b[31m\ud800\ufffe",
    "\u202ereversed",
]


def test_hostile_names_are_text():
    series = [Series(name, [0, 1], [1.0, 2.0], note=name) for name in HOSTILE]
    text = draw(Chart(HOSTILE[0], HOSTILE[1], HOSTILE[2], series), standalone=True)
    text.encode("utf-8")
    svg = read(text)
    shown = texts(svg)
    assert "<script>alert(1)</script>" in shown
    assert "\" onload='x' &amp; ]]>" in shown
    assert "نموذج (1)" in shown
    assert "reversed" in shown
    assert any(label.startswith("long lo") and "…" in label and label.endswith("long") for label in shown)
    assert any(hover.startswith("long " * 59) for hover in groups(svg))  # in full on hover
    kinds = {"svg", "title", "desc", "style", "g", "path", "text", "rect"}
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} == kinds


def test_it_is_inert_and_can_be_in_a_page_many_times():
    svg = read(draw(line_chart(), standalone=True))
    attributes = {name for element in svg.iter() for name in element.attrib}
    assert not [
        name for name in attributes if name in ("id", "style", "href") or name.startswith(("on", "{"))
    ]
    rules = re.findall(r"^[^@}\n].*?(?=\{)", svg.find(f"{SVG}style").text, flags=re.MULTILINE)
    assert rules
    assert all(rule.startswith(".icl-chart") for rule in rules)
    assert "url(" not in draw(line_chart(), standalone=True)


def test_it_says_what_it_is_to_those_who_do_not_see_it():
    chart = Chart("t", "x", "y", [Series("a", [0, 1], [3.0, 4.0]), Series("b", [0, 1], [1.0, 2.0])])
    svg = read(draw(chart))
    assert svg.get("role") == "img"
    assert [child.tag for child in svg[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert svg[0].text == "t"
    assert svg[1].text == "Line chart of y against x. Means of its series, the lowest first: b 1.5; a 3.5."


def test_the_embedded_form_scales_and_the_standalone_one_has_a_size_and_its_colours():
    embedded, alone = read(draw(line_chart())), read(draw(line_chart(), standalone=True))
    assert embedded.get("viewBox") == alone.get("viewBox")
    assert embedded.get("width") is embedded.get("height") is embedded.find(f"{SVG}style") is None
    assert f"0 0 {alone.get('width')} {alone.get('height')}" == alone.get("viewBox")
    assert "prefers-color-scheme:dark" in alone.find(f"{SVG}style").text


def test_the_same_chart_is_the_same_bytes():
    assert draw(line_chart()) == draw(line_chart())
    assert draw(line_chart(), 400) != draw(line_chart())


def test_a_long_title_takes_more_lines():
    chart = Chart("word " * 60, "x", "y", [Series("a", [0, 1], [1.0, 2.0])])
    titles = [text for text in read(draw(chart)).iter(f"{SVG}text") if text.get("font-size") == "15"]
    assert len(titles) > 1
    assert " ".join(title.text for title in titles) == chart.title.strip()
    assert float(titles[-1].get("y")) < lay_out(chart, 760).y.end


def test_too_narrow_a_chart_is_refused():
    with raises(InputError, "too-narrow", naming=(100, 300)):
        draw(line_chart(), 100)
