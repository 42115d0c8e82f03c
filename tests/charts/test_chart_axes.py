"""Where values are, and which have ticks."""

import math

import pytest

from icl_bench.charts import Chart, Series
from icl_bench.charts.axes import Axis, x_axis, y_axis
from icl_bench.charts.numbers import format_number


def chart(*ys: list[float], **settings: object) -> Chart:
    series = [Series(f"s{k}", range(1, len(y) + 1), y) for k, y in enumerate(ys)]
    return Chart("t", "x", "y", series, **settings)


def texts(axis: Axis, count: int) -> list[str]:
    return [text for _, text in axis.ticks(count)]


@pytest.mark.parametrize(
    ("axis", "value", "pixel"),
    [
        (Axis(0, 10, start=100, end=300), 2.5, 150),
        (Axis(0, 4, start=400, end=0), 1, 300),
        (Axis(0, 4, start=400, end=0), 8, -400),
        (Axis(1, 1_000, "log", start=0, end=300), 10, 100),
        (Axis(1e-4, 1, "log", start=400, end=0), 1e-3, 300),
        (Axis(1e-4, 1, "log", start=400, end=0), 1e-13, 400),
        (Axis(1e-4, 1, "log", start=400, end=0), 0, 400),
    ],
)
def test_a_value_has_its_pixel(axis, value, pixel):
    assert axis.pixel(value) == pytest.approx(pixel)


@pytest.mark.parametrize(
    ("axis", "count", "expected"),
    [
        (Axis(0, 2.3), 5, ["0", "0.5", "1.0", "1.5", "2.0"]),
        (Axis(0, 48.5), 6, ["0", "10", "20", "30", "40"]),
        (Axis(0, 60_000), 3, ["0", "20,000", "40,000", "60,000"]),
        (Axis(-1, 1), 2, ["−1", "0", "1"]),
        (Axis(0, 0.3), 3, ["0", "0.1", "0.2", "0.3"]),
        (Axis(0, 2e-7), 2, ["0", "10⁻⁷", "2×10⁻⁷"]),
        (Axis(0, 2, whole=True), 9, ["0", "1", "2"]),
        (Axis(4.5, 5.5, whole=True), 9, ["5"]),
        (Axis(10, 10_000, "log"), 4, ["10", "100", "1,000", "10,000"]),
        (Axis(1e-6, 1, "log"), 7, ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"]),
        (Axis(1e-6, 1e6, "log"), 4, ["10⁻⁶", "0.001", "1", "1,000", "10⁶"]),
        (Axis(0.5, 20, "log"), 8, ["0.5", "1", "2", "5", "10", "20"]),
        (Axis(3, 4, "log"), 4, ["3.0", "3.5", "4.0"]),
    ],
)
def test_ticks_are_round_and_few(axis, count, expected):
    assert texts(axis, count) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.51234, "0.5123"),
        (-2.0, "−2"),
        (22_705.61, "22,706"),
        (1.5e7, "1.5×10⁷"),
        (3.616e-13, "3.616×10⁻¹³"),
    ],
)
def test_numbers_in_labels_have_four_digits(value, expected):
    assert format_number(value) == expected


def test_the_x_axis_ends_at_the_data():
    both = Chart("t", "x", "y", [Series("a", [2, 5], [1, 1]), Series("b", [3, 40], [1, 1])])
    assert (x_axis(both).low, x_axis(both).high) == (2, 40)
    axis = x_axis(chart([1.0]))
    assert axis.pixel(1) == pytest.approx((axis.start + axis.end) / 2)
    logarithmic = x_axis(chart([1.0], x_scale="log"))
    assert logarithmic.pixel(1) == pytest.approx((logarithmic.start + logarithmic.end) / 2)


@pytest.mark.parametrize(
    ("ys", "settings", "expected"),
    [
        ([[1.0, 4.2]], {}, (0, 4.5)),
        ([[1.0, 4.2]], {"y_limit": 2.0}, (0, 2.0)),
        ([[-1.0, 4.0]], {}, (-1, 4)),
        ([[3.0, 3.0]], {}, (0, 3)),
        ([[0.0, 0.0]], {}, (0, 1)),
        ([[0.3, 40.0]], {"y_scale": "log"}, (0.2, 50)),
        ([[7.0, 7.0]], {"y_scale": "log"}, (5, 10)),
        ([[0.0, 0.0]], {"y_scale": "log"}, (1e-6, 1)),
    ],
)
def test_the_y_axis_holds_the_values(ys, settings, expected):
    axis = y_axis(chart(*ys, **settings))
    assert (axis.low, axis.high) == pytest.approx(expected)


@pytest.mark.parametrize("least", [0.0, 1e-13, 1e-300])
def test_a_logarithmic_axis_has_a_floor(least):
    assert y_axis(chart([5.0, 0.1, least], y_scale="log")).low == pytest.approx(1e-6)
    assert y_axis(chart([5.0, 0.1, least], y_scale="log", y_floor=2e-3)).low == pytest.approx(1e-3)
    higher = y_axis(chart([5.0, 0.1], y_scale="log", y_floor=2e-3))
    assert higher.low == pytest.approx(0.1)


def test_gaps_and_bands_count_as_they_are_drawn():
    series = Series("a", [0, 1], [1.0, math.inf], low=[0.5, 0.5], high=[3.0, math.nan])
    assert y_axis(Chart("t", "x", "y", [series])).high == pytest.approx(3)
