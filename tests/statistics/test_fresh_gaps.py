"""A gap to fresh prompts shows where neighbours on a board differ by as much."""

import pytest
from fresh_gaps import flagged
from simulated import fresh_coverage

from icl_bench.suites import load_suite


@pytest.mark.parametrize(("task", "share"), [("linear_regression", 0.3), ("two_layer_mlp", 0.35)])
def test_control_variates_show_a_gap_that_is_a_third_as_large(task, share):
    before, now = flagged(load_suite("mini"), task, references=3)
    assert now < share * before
    assert now < 0.01


@pytest.mark.parametrize("task", ["sparse_linear_regression", "decision_tree"])
def test_a_gain_by_fresh_prompts_is_as_sure_as_one_by_frozen_prompts(task):
    held, width = fresh_coverage(task, boards=200)
    assert 0.91 <= held <= 0.98
    assert width < 1.1
