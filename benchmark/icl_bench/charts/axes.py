"""Axes: which value is at which pixel, and which values have a tick."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isclose, log10

from icl_bench.charts.numbers import tick_text
from icl_bench.charts.series import Chart, Number, Scale, is_number

_LOG_RANGE = 1e6  # of a logarithmic y axis without a floor; exact predictors reach 0
_SMALLEST = 1e-100  # a range below it counts as none


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from pixel `start` to pixel `end`."""

    low: Number
    high: Number
    scale: Scale = "linear"
    whole: bool = False  # only whole numbers have ticks
    start: Number = 0.0
    end: Number = 1.0

    def pixel(self, value: Number) -> float:
        """Where a value is; on a logarithmic axis, what is below `low` is at `start`."""
        low, high = self.low, self.high
        if self.scale == "log":
            low, high, value = log10(low), log10(high), log10(max(value, low))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """About `count` round values on the axis with their texts."""
        if self.scale == "log":
            values = _log_ticks(self.low, self.high, count)
            if len(values) > 1:
                return [(value, tick_text(value, value)) for value in values]
        step = _round_up((self.high - self.low) / count)
        step = max(step, 1.0) if self.whole else step
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [(k * step, tick_text(k * step, step)) for k in range(first, last + 1)]


def x_axis(chart: Chart) -> Axis:
    """From the smallest to the largest x; a single x is in the middle."""
    low = float(min(series.x[0] for series in chart.series))
    high = float(max(series.x[-1] for series in chart.series))
    whole = all(float(x).is_integer() for series in chart.series for x in series.x)
    if chart.x_scale == "log":
        low, high = (low, high) if low < high else (low / 2, high * 2)
    elif high - low < _SMALLEST:
        low, high = low - 0.5, high + 0.5
    return Axis(low, high, chart.x_scale, whole)


def y_axis(chart: Chart) -> Axis:
    """From 0, or what is below it, to the chart's limit or just above the largest value.

    A logarithmic axis starts just below the smallest value, or where that is below its floor at a decade.
    """
    columns = [
        values
        for series in chart.series
        for values in (series.y, series.low, series.high)
        if values is not None
    ]
    values = [float(value) for column in columns for value in column if is_number(value)]
    if chart.y_scale == "log":
        return _log_y_axis(values, chart.y_limit, chart.y_floor)
    low = min(0.0, *values)
    if chart.y_limit is not None:
        return Axis(low, chart.y_limit)
    high = max(0.0, *values)
    if high - low < _SMALLEST:
        return Axis(0.0, 1.0)
    step = _round_up((high - low) / 10)
    return Axis(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step)


def _log_y_axis(values: Sequence[float], limit: Number | None, floor_: Number | None) -> Axis:
    positive = [value for value in values if value > _SMALLEST] or [1.0]
    high = limit if limit is not None else _round_up(max(positive))
    lowest = floor_ or high / _LOG_RANGE
    low = 1 / _round_up(1 / min(positive)) if min(values) >= lowest else 10.0 ** floor(log10(lowest) + 1e-9)
    return Axis(low if low < high else high / 10, high, "log")


def _log_ticks(low: Number, high: Number, count: int) -> list[float]:
    """Powers of ten; where there are few of them, 2 and 5 times those too."""
    first, last = floor(log10(low) - 1e-9), ceil(log10(high) + 1e-9)
    inside = range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)
    if len(inside) > count // 3:
        return [10.0**k for k in inside][:: ceil(len(inside) / (count + 1))]
    values = [m * 10.0**k for k in range(first, last + 1) for m in (1, 2, 5)]
    return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def _round_up(value: Number) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value or isclose(m * power, value))
