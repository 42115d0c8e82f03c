"""The table holds what the chart shows."""

import csv
import io
import math

from icl_bench.charts import Chart, Series, as_csv, baseline_series, error_chart, table_rows


def test_the_table_equals_the_series():
    a, b = Series("a, b", [0, 1, 3], [0.1, math.nan, 1 / 3]), Series("b", [1, 2], [1e-13, 2.0])
    chart = Chart("t", "context length", "y", [a, b])
    assert table_rows(chart) == [
        ["context length", "a, b", "b"],
        [0, 0.1, None],
        [1, None, 1e-13],
        [2, None, 2.0],
        [3, 1 / 3, None],
    ]
    read = list(csv.reader(io.StringIO(as_csv(chart))))
    assert read[0] == ["context length", "a, b", "b"]
    assert [[float(cell) if cell else None for cell in row] for row in read[1:]] == table_rows(chart)[1:]


def test_error_charts_end_above_the_zero_predictor():
    series = [Series("a", [0, 1], [1.0, 90.0])]
    linear = error_chart("t", series, zero_level=2.0)
    assert (linear.y_scale, linear.y_limit, linear.y_floor) == ("linear", 2.16, None)
    logarithmic = error_chart("t", series, zero_level=2.0, log=True)
    assert (logarithmic.y_scale, logarithmic.y_limit, logarithmic.y_floor) == ("log", None, 2e-5)
    assert error_chart("t", series).y_limit is None


def test_a_baseline_has_its_part_in_the_task():
    def task(name, score_baseline="lasso", exact="bayes", **settings):
        series = baseline_series(name, [1.0, 0.5], score_baseline, exact, **settings)
        return series.role, series.note, list(series.x)

    assert task("lasso") == ("baseline", "score 1", [0, 1])
    assert task("bayes") == ("exact", "optimality 1", [0, 1])
    assert task("ols", "ols", "ols") == ("exact", "score 1, optimality 1", [0, 1])
    assert task("zero") == ("zero", "", [0, 1])
    assert task("knn", prompts=512, suite_prompts=2048) == ("other", "first 512 of 2,048 prompts", [0, 1])
    assert task("knn", prompts=2048, suite_prompts=2048) == ("other", "", [0, 1])
