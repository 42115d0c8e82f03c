"""The zoo: one spec a mixer, at the size of `reference/llama`: scores compare mixers and not sizes."""

import pytest

from icl_bench.models.accounting import Account, account
from icl_bench.models.shipped import bare_name, shipped_names, task_spec
from icl_bench.suites import load_suite

SUITE = load_suite("mini")
ZOO = shipped_names("zoo", SUITE.name)
SMALLER = {"zoo/looped-gpt2", "zoo/looped-llama"}  # one layer's weights, applied as often as llama has layers
FORGETFUL = {"zoo/window", "zoo/window-attention"}  # a window as long as the prompt would be none


def costs(name: str, task: str) -> Account:
    return account(task_spec(name, SUITE, task), SUITE.tasks[task])


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("task", ["sparse_linear_regression", "vector_mqar"])
def test_parameters_and_state_are_those_of_llama(name: str, task: str) -> None:
    """Of 33 tokens, the length of these tasks' prompts: the state of attention grows with them."""
    ours, llamas = costs(name, task), costs("reference/llama", task)
    assert SUITE.tasks[task].tokens == 33
    if name in FORGETFUL:
        assert ours.state < 0.8 * llamas.state
    else:
        assert ours.state == pytest.approx(llamas.state, rel=0.2)
    if name in SMALLER:
        assert ours.parameters < 0.6 * llamas.parameters
    else:
        assert ours.parameters == pytest.approx(llamas.parameters, rel=0.2)


@pytest.mark.parametrize("name", ZOO)
def test_a_spec_is_called_what_its_file_is(name: str) -> None:
    for task in SUITE.tasks:
        assert task_spec(name, SUITE, task).name == bare_name(name)
