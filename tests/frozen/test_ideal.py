"""What is said of the in-distribution ideal beside the scores of a model."""

import pytest

from icl_bench.evaluation.run import evaluate
from icl_bench.frozen.ideal import ideal_note, ideal_optimality
from icl_bench.suites import load_suite


def test_its_optimality_is_that_of_evaluating_it():
    suite = load_suite("mini-shifts")
    record = evaluate("baseline/in_distribution_ideal", "mini-shifts", ["tree_deeper", "retrieval_noisy"])
    for task, result in record.tasks.items():
        assert ideal_optimality(suite, task) == pytest.approx(result.optimality.value, abs=1e-9)


def test_the_line_names_where_it_is_not_exact():
    suite = load_suite("mini-shifts")
    note = ideal_note(suite, suite.tasks)
    assert "tree_deeper 0." in note
    assert "linear_noise -" in note
    assert "linear_signs" not in note
    assert "1.000 elsewhere" in note
    assert ideal_note(suite, ["linear_signs"]).endswith(": 1.000")
    assert ideal_note(load_suite("mini"), ["linear_regression"]) is None
