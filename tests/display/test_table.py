"""The table says every number once, and what is missing in words."""

import icl_bench
from icl_bench.display.table import as_table, score_bar
from icl_bench.specs.result import Estimate
from icl_bench.views.cells import format_estimate


def test_one_row_a_task_with_score_interval_and_bar(tiny):
    record = icl_bench.evaluate("baseline/zero", "tiny")
    lines = as_table(record).splitlines()
    cells = dict((line.split()[0], line) for line in lines[2:6])
    assert list(cells) == list(tiny.tasks)
    linear = record.tasks["linear_regression"]
    assert f"{linear.mean_error.value:.4g}" in cells["linear_regression"]
    assert "0.000 [0.000, 0.000]" in cells["linear_regression"]
    assert "least_squares" in cells["linear_regression"]
    best = as_table(icl_bench.evaluate("baseline/lookup", "tiny", ["vector_mqar"]))
    assert "1.000 [1.000, 1.000]  ██████████" in best


def test_what_is_missing_is_explained_below_the_table(tiny):
    table = as_table(icl_bench.evaluate("baseline/zero", "tiny"))
    assert table.splitlines()[-1] == (
        "decision_tree: no score (baseline zero is no better than answering 0 here), no optimality and "
        "no gain (baseline two_layer_nn has no frozen errors for tiny-v1/decision_tree yet; "
        "run `icl-bench baselines compute tiny-v1`)"
    )
    partial = as_table(icl_bench.evaluate("baseline/parity_bayes", "tiny"))
    assert partial.splitlines()[-1] == (
        "not evaluated: linear_regression, vector_mqar, decision_tree "
        "(baseline parity_bayes answers sparse parity only)"
    )


def test_without_bars_it_is_plain_ascii(tiny):
    assert as_table(icl_bench.evaluate("baseline/lookup", "tiny"), bars=False).isascii()


def test_the_bar_is_full_at_1_empty_at_0_and_never_longer():
    assert [score_bar(score) for score in (None, -2.0, 0.0, 1.0, 7.0)] == ["", "", "", "█" * 10, "█" * 10]
    assert score_bar(0.55) == "█████▌"
    assert score_bar(0.9999) == "█" * 10


def test_a_number_without_an_interval_stands_alone():
    assert format_estimate(Estimate(value=0.5, low=None, high=None, reason="few")) == "0.500"
    assert format_estimate(Estimate(value=-1e-5, low=-2e-5, high=0.0, reason=None)) == "0.000 [0.000, 0.000]"
    assert format_estimate(Estimate(value=-1e70, low=-2e70, high=-9e4, reason=None)) == (
        "-1.0e+70 [-2.0e+70, -90000.000]"
    )
    assert format_estimate(Estimate(value=None, low=None, high=None, reason="none")) == "-"
