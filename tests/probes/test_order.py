"""Exact predictors do not see the order of examples; a predictor that looks at the last one does."""

import numpy as np
import pytest
from probes.probed import baseline, own

from icl_bench.probes.order import Order
from icl_bench.suites import find_task


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("least_squares", "mini/linear_regression"),
        ("least_squares", "mini-shifts/linear_orthants"),
        ("parity_bayes", "mini/sparse_parity"),
        ("lookup", "mini/vector_mqar"),
    ],
)
def test_an_exact_predictor_answers_alike_in_every_order(name, task):
    finding = Order().measure(baseline(name, task))
    assert finding.estimate.high < 1e-8
    assert max(finding.curves["variance"]) < 1e-8


def test_a_causal_convolution_does_not():
    def convolution(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        answers = np.zeros_like(ys)
        answers[:, 1:] = ys[:, :-1] / 2
        return answers

    finding = Order().measure(own(convolution, "mini/linear_regression"))
    assert finding.estimate.low > 0.1
    better, error = finding.values["mean's error"], finding.values["error"]
    assert better.value < error.value
    assert finding.x[-1] == 10


def test_a_task_whose_examples_have_an_order_is_left_out():
    assert not Order().serves(find_task("mini-shifts/retrieval_reassigned")[1])
    assert Order().serves(find_task("mini/vector_mqar")[1])
