"""What cannot be drawn is refused in one line, and gaps are no values."""

import math

import pytest
from raising import raises

from icl_bench.charts import Chart, Series
from icl_bench.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "code", "data"),
    [
        ({"x": [], "y": []}, "not-finite", "'a'"),
        ({"x": [0, 1], "y": [math.nan, math.inf]}, "not-finite", "'a'"),
        ({"x": [0, 1], "y": [1.0]}, "other-lengths", ("'a'", "2 x", "1 y")),
        ({"x": [0, 1], "y": [1.0, 2.0], "low": [1.0, 1.0]}, "one-edge", "'a'"),
        ({"x": [0], "y": [1.0], "low": [1.0], "high": []}, "other-lengths", ("1 x", "0 high")),
        ({"x": [1, 0], "y": [1.0, 2.0]}, "not-increasing", "'a'"),
        ({"x": [0, 0], "y": [1.0, 2.0]}, "not-increasing", "'a'"),
        ({"x": [math.nan], "y": [1.0]}, "not-increasing", "'a'"),
        ({"x": [0], "y": [1.0], "style": -1}, "style", -1),
    ],
)
def test_a_series_that_cannot_be_drawn(arguments, code, data):
    with raises(InputError, code, naming=data):
        Series("a", **arguments)


@pytest.mark.parametrize(
    ("series", "arguments", "code", "data"),
    [
        ([], {}, "no-series", "'t'"),
        ([Series("a", [0], [1]), Series("a", [0], [2])], {}, "same-names", "'a'"),
        ([Series("a", [0], [1])], {"y_limit": 0.0}, "axis-end", ("'t'", "0.0")),
        ([Series("a", [0], [1])], {"y_limit": math.nan}, "axis-end", "nan"),
        ([Series("a", [0], [1])], {"y_floor": -1.0}, "axis-end", "-1.0"),
        ([Series("a", [0], [1])], {"x_scale": "log"}, "off-the-axis", "x = 0"),
    ],
)
def test_a_chart_that_cannot_be_drawn(series, arguments, code, data):
    with raises(InputError, code, naming=data):
        Chart("t", "x", "y", series, **arguments)


def test_the_mean_is_that_of_the_values_or_a_given_one():
    y = [1.0, math.nan, 3.0, -math.inf, 1e101]
    assert Series("a", range(5), y).mean_value == 2.0
    assert Series("a", range(5), y, mean=7.0).mean_value == 7.0
