"""What cannot be drawn is refused in one line, and gaps are no values."""

import math

import pytest

from icl_bench.charts import Chart, Series
from icl_bench.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [], "y": []}, "series 'a' has no finite value; leave it out"),
        ({"x": [0, 1], "y": [math.nan, math.inf]}, "series 'a' has no finite value; leave it out"),
        ({"x": [0, 1], "y": [1.0]}, "series 'a' has 2 x and 1 y; give as many of each"),
        ({"x": [0, 1], "y": [1.0, 2.0], "low": [1.0, 1.0]}, "has one edge of a band"),
        ({"x": [0], "y": [1.0], "low": [1.0], "high": []}, "has 1 x and 0 high"),
        ({"x": [1, 0], "y": [1.0, 2.0]}, "x values that do not increase"),
        ({"x": [0, 0], "y": [1.0, 2.0]}, "x values that do not increase"),
        ({"x": [math.nan], "y": [1.0]}, "x values that do not increase"),
        ({"x": [0], "y": [1.0], "style": -1}, "has the style -1; count from 0"),
    ],
)
def test_a_series_that_cannot_be_drawn(arguments, message):
    with pytest.raises(InputError) as error:
        Series("a", **arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("series", "arguments", "message"),
    [
        ([], {}, "the chart 't' has no series"),
        ([Series("a", [0], [1]), Series("a", [0], [2])], {}, "two series are called 'a'"),
        ([Series("a", [0], [1])], {"y_limit": 0.0}, "the y axis of 't' cannot end at 0.0"),
        ([Series("a", [0], [1])], {"y_limit": math.nan}, "cannot end at nan"),
        ([Series("a", [0], [1])], {"y_floor": -1.0}, "cannot end at -1.0"),
        ([Series("a", [0], [1])], {"x_scale": "log"}, "x = 0 has no place on a logarithmic axis"),
    ],
)
def test_a_chart_that_cannot_be_drawn(series, arguments, message):
    with pytest.raises(InputError) as error:
        Chart("t", "x", "y", series, **arguments)
    assert message in str(error.value)


def test_the_mean_is_that_of_the_values_or_a_given_one():
    y = [1.0, math.nan, 3.0, -math.inf, 1e101]
    assert Series("a", range(5), y).mean_value == 2.0
    assert Series("a", range(5), y, mean=7.0).mean_value == 7.0
