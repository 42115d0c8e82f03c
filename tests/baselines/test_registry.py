"""A baseline is found by its name and made for its task."""

import pytest
from raising import raises

from icl_bench.baselines.base import get_baseline
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.specs.suite import TaskSpec


def task(kind: str, **sizes: int) -> TaskSpec:
    return TaskSpec(
        schema=1,
        name=kind,
        summary="a task",
        function_class={"type": kind, **sizes},
        points=8,
        scored="all",
        baseline="zero",
        exact="zero",
        exact_note="none",
    )


def test_parity_bayes_reads_the_sparsity_of_its_task():
    assert get_baseline("parity_bayes", task("sparse_parity", dims=6, sparsity=3)).sparsity == 3


def test_parity_bayes_answers_no_other_task():
    with raises(InputError, "other-task-only", naming="parity_bayes"):
        get_baseline("parity_bayes", task("linear_regression", dims=4))


@pytest.mark.parametrize(
    "name", ["zero", "averaging", "least_squares", "knn", "lookup", "lasso", "two_layer_nn"]
)
def test_the_others_answer_every_task(name):
    assert get_baseline(name, task("linear_regression", dims=4)).type == name


def test_an_unknown_name_gives_the_nearest():
    with raises(UnknownNameError, "unknown-baseline", naming="did you mean 'least_squares'"):
        get_baseline("least_square", task("linear_regression", dims=4))
