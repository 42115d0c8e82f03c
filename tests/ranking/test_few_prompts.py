"""What rests on few prompts has intervals, but no p-value, no verdict and no place."""

import json
from collections.abc import Mapping

import numpy as np
import pytest
import yaml

import icl_bench
from icl_bench.cli.compare import _notes, _table
from icl_bench.ranking import board as board_module
from icl_bench.ranking.board import Board
from icl_bench.ranking.compare import Comparison
from icl_bench.ranking.differences import FEWEST_PROMPTS, MEAN, Difference, compare_contenders
from icl_bench.ranking.resampled import Contender
from icl_bench.suites import Suite, load_suite

TASKS = ["linear_regression", "sparse_parity", "vector_mqar"]


@pytest.fixture
def suite(own) -> Suite:
    """A suite of these tasks."""
    for path in (own.folder / "suite.yaml", own.lock_path):
        value = yaml.safe_load(path.read_text())
        tasks = TASKS if path.name == "suite.yaml" else {name: value["tasks"][name] for name in TASKS}
        path.write_text(json.dumps(value | {"tasks": tasks}))
    return load_suite("tiny")


@pytest.fixture
def errors(tiny) -> dict[str, np.ndarray]:
    """Of answering 0, by task."""
    record = icl_bench.evaluate("baseline/zero", "tiny", TASKS)
    return {task: np.array(result.prompt_errors) for task, result in record.tasks.items()}


def model(
    name: str, errors: Mapping[str, np.ndarray], share: float, prompts: Mapping[str, int] | None = None
) -> Contender:
    """Three runs that leave about this share of the errors, of the first prompts of some tasks alone."""
    rng = np.random.default_rng(sum(name.encode()))
    return Contender(
        name,
        {
            task: {
                seed: (each * np.abs(share + 0.02 * rng.normal(size=len(each))))[: (prompts or {}).get(task)]
                for seed in range(3)
            }
            for task, each in errors.items()
        },
    )


def compared(tiny, errors, prompts: int) -> dict[str, Difference]:
    a, b = model("a", errors, 0.2), model("b", errors, 0.6, {"linear_regression": prompts})
    return {difference.task: difference for difference in compare_contenders(tiny, a, b, TASKS)}


def test_a_task_and_its_means_have_a_verdict_from_the_least_number_of_prompts_on(tiny, errors):
    enough = compared(tiny, errors, FEWEST_PROMPTS)
    assert list(enough) == [*TASKS, MEAN]
    assert all(difference.better == "A" for difference in enough.values())
    few = compared(tiny, errors, FEWEST_PROMPTS - 1)
    for task in ("linear_regression", MEAN):
        assert (few[task].p, few[task].p_corrected, few[task].better) == (None, None, None)
        assert few[task].difference.low > 0
    assert all(few[task].better == "A" for task in TASKS[1:])
    # Holm counts the tests that are made
    assert few["sparse_parity"].p_corrected <= 2 * few["sparse_parity"].p


def test_the_command_says_why_there_is_no_verdict(tiny, errors):
    differences = list(compared(tiny, errors, FEWEST_PROMPTS - 1).values())
    comparison = Comparison("tiny-v1", "a", "b", differences, {"A": 1, "B": 1}, [], [], {"A": [], "B": []})
    lines = _table(comparison).splitlines()
    (last,) = {line.split("  ")[-1].strip() for line in lines if line.startswith(("linear", MEAN))}
    assert last == "too few prompts"
    assert f"a task has fewer than {FEWEST_PROMPTS} prompts: no verdict on it, nor on a mean over it" in list(
        _notes(comparison)
    )


def models(errors: Mapping[str, np.ndarray]) -> list[Contender]:
    return [model("good", errors, 0.2), model("bad", errors, 0.6)]


def test_a_board_of_few_prompts_has_no_places(suite, errors, monkeypatch):
    board = Board(suite, models(errors))
    assert [str(standing.places[MEAN]) for standing in board.models] == ["1", "2"]
    assert board.resolvable is not None
    monkeypatch.setattr(board_module, "FEWEST_PROMPTS", suite.spec.prompts + 1)
    board = Board(suite, models(errors))
    assert [standing.places for standing in board.models] == [{}, {}]
    assert all("prompts" in standing.unplaced for standing in board.models)
    assert board.resolvable is None


def test_a_model_with_errors_of_the_first_prompts_alone_has_no_place_and_takes_none(suite, errors):
    """It is resampled apart, so that nothing of it can be paired with the others."""
    part = model("part", errors, 0.1, dict.fromkeys(TASKS, 80))
    board = Board(suite, [*models(errors), part])
    standings = {standing.name: standing for standing in board.models}
    assert board.models[0] is standings["part"]
    assert standings["part"].places == {}
    assert standings["part"].unplaced == "a task has errors of the first prompts alone"
    assert [str(standings[name].places[MEAN]) for name in ("good", "bad")] == ["1", "2"]
    # its runs count for what seeds differ by, and for nothing else
    assert board.resolvable == pytest.approx(Board(suite, models(errors)).resolvable, rel=0.05)
