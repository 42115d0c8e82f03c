"""A gap to fresh prompts shows where neighbours on a board differ by as much."""

import pytest
from fresh_gaps import flagged

from icl_bench.suites import load_suite


@pytest.mark.parametrize(("task", "share"), [("linear_regression", 0.3), ("two_layer_mlp", 0.35)])
def test_control_variates_show_a_gap_that_is_a_third_as_large(task, share):
    before, now = flagged(load_suite("mini"), task, references=3)
    assert now < share * before
    assert now < 0.01
