"""Numbers hold to the bit on the platform that they were recorded on, and within a tolerance elsewhere."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from models.conftest import hub  # noqa: F401
from raising import raises
from submissions.submitted import TASKS, tiny_files
from typer.testing import CliRunner

import icl_bench
from icl_bench import environment
from icl_bench.cli import app
from icl_bench.errors import CheckError, InputError
from icl_bench.evaluation.estimates import estimates
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.records.agree import TOLERANCE, disagreement, same_numbers
from icl_bench.records.audit import audit
from icl_bench.records.reproduce import model_of, verify
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import load_suite

MODEL = "someone/model"
TASK = "linear_regression"


@pytest.fixture
def checkpoint(tiny, tmp_path) -> Path:
    """A folder with checkpoints for two tasks of the tiny suite."""
    tiny_files(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def record(checkpoint) -> ResultRecord:
    return icl_bench.evaluate(str(checkpoint), "tiny")


def changed(record: ResultRecord, factor: float) -> ResultRecord:
    """A record in which one prompt's error is another."""
    result = record.tasks[TASK]
    errors = [result.prompt_errors[0] * factor, *result.prompt_errors[1:]]
    other = result.model_copy(update={"prompt_errors": errors})
    return record.model_copy(update={"tasks": record.tasks | {TASK: other}})


def made_elsewhere(record: ResultRecord, **facts: object) -> ResultRecord:
    return record.model_copy(update={"environment": record.environment.model_copy(update=facts)})


def test_on_the_same_platform_every_number_is_the_same(record, checkpoint):
    verification = verify(record, str(checkpoint))
    assert verification.elsewhere == []
    assert verification.holds
    assert [agreement.identical for agreement in verification.tasks] == [True] * len(TASKS)
    assert {agreement.difference for agreement in verification.tasks} == {0.0}


def test_on_the_same_platform_the_last_digit_counts(record, checkpoint):
    verification = verify(changed(record, 1 + 1e-12), str(checkpoint))
    assert not verification.holds
    assert [agreement.task for agreement in verification.tasks if not verification.task_holds(agreement)] == [
        TASK
    ]
    assert "prompt_errors[0] is " in verification.tasks[0].where


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({"threads": 7}, "threads 7, here "),
        ({"torch": "1.0"}, "torch 1.0, here "),
        ({"processor": None}, "processor not recorded, here "),
    ],
)
def test_elsewhere_numbers_may_differ_by_the_tolerance_and_no_more(record, checkpoint, facts, difference):
    recorded = made_elsewhere(record, **facts)
    within = verify(changed(recorded, 1 + 1e-6), str(checkpoint))
    assert within.holds
    assert any(phrase.startswith(difference) for phrase in within.elsewhere)
    assert 0 < within.tasks[0].difference < 1e-6 * 1.01
    beyond = verify(changed(recorded, 3.0), str(checkpoint))
    assert not beyond.holds
    assert beyond.tasks[0].difference > TOLERANCE


def test_other_code_is_another_platform(record, checkpoint):
    older = record.model_copy(update={"evaluator": record.evaluator.model_copy(update={"version": "0.0.1"})})
    (difference,) = verify(older, str(checkpoint)).elsewhere
    assert difference.startswith("icl-bench 0.0.1")


def test_an_unknown_processor_cannot_be_the_same(record, checkpoint, monkeypatch):
    monkeypatch.setattr(environment, "processor", lambda device: None)
    verification = verify(made_elsewhere(record, processor=None), str(checkpoint))
    assert verification.elsewhere == ["on a processor that is not known"]


def test_numbers_that_are_no_prompt_errors_count_too(record):
    def with_changes(**changes):
        result = record.tasks[TASK].model_copy(update=changes)
        return record.model_copy(update={"tasks": record.tasks | {TASK: result}})

    def with_score(**changes):
        estimates = record.tasks[TASK].estimates
        return {"estimates": estimates | {"score": score.model_copy(update=changes)}}

    curves, score = record.tasks[TASK].error_curves, record.tasks[TASK].score
    curve = [curves.model[0] + curves.zero[0], *curves.model[1:]]
    others = {
        "error_curves.model[0] is ": {"error_curves": curves.model_copy(update={"model": curve})},
        "score.low is ": with_score(low=score.low - 0.01),
        "recorded as undefined": with_score(value=None, low=None, high=None),
    }
    for difference, changes in others.items():
        assert difference in disagreement(record, with_changes(**changes))
        assert not same_numbers(record, with_changes(**changes))
    assert same_numbers(record, record)
    less = record.model_copy(update={"tasks": {TASK: record.tasks[TASK]}})
    assert disagreement(record, less) == "on vector_mqar is not recorded"
    assert disagreement(less, record) == "on vector_mqar is recorded alone"


def forged(record: ResultRecord) -> ResultRecord:
    """A record of half the errors, in which everything follows from them."""
    suite = load_suite("tiny")
    tasks = {}
    for name, result in record.tasks.items():
        halves = [error / 2 for error in result.prompt_errors]
        curves = {
            key: [error / 2 for error in getattr(result.error_curves, key)]
            for key in ("model", "model_low", "model_high")
        }
        tasks[name] = result.model_copy(
            update={
                "prompt_errors": halves,
                "error_curves": result.error_curves.model_copy(update=curves),
                "estimates": estimates(
                    suite, name, np.array(halves), {}, suite_anchors(suite, suite.task(name))
                ),
            }
        )
    return record.model_copy(update={"tasks": tasks})


@pytest.mark.parametrize("facts", [{}, {"threads": 7}], ids=["same-platform", "elsewhere"])
def test_a_forgery_that_agrees_with_itself_is_detected_by_evaluating_again(record, checkpoint, facts):
    """No computation on a record alone detects it; evaluating the weights does."""
    forgery = made_elsewhere(forged(record), **facts)
    audit(forgery, load_suite("tiny"), "it")
    verification = verify(forgery, str(checkpoint))
    assert [verification.task_holds(agreement) for agreement in verification.tasks] == [False] * len(TASKS)


def test_errors_far_above_that_of_answering_0_are_weighed_by_their_own_size(record):
    """A model that diverges rounds in its own digits."""
    result = record.tasks[TASK]
    huge = [1e12, *result.prompt_errors[1:]]
    records = [
        record.model_copy(
            update={
                "tasks": {TASK: result.model_copy(update={"prompt_errors": np.multiply(huge, by).tolist()})}
            }
        )
        for by in (1.0, 1 + 1e-5)
    ]
    assert disagreement(*records) is None


def test_other_weights_or_another_config_are_no_answer_to_the_question(record, checkpoint, tmp_path):
    tiny_files(tmp_path / "other", seed=1)
    with raises(CheckError, "other-weights", naming="other"):
        verify(record, str(tmp_path / "other"))
    other = record.tasks[TASK].checkpoint.model_copy(update={"parameters": 7})
    lie = record.tasks[TASK].model_copy(update={"checkpoint": other})
    with raises(CheckError, "other-training", naming=f"tasks.{TASK}"):
        verify(record.model_copy(update={"tasks": {TASK: lie}}), str(checkpoint))
    shutil.rmtree(checkpoint / "vector_mqar")
    with raises(CheckError, "lacks-task", naming="vector_mqar"):
        verify(record, str(checkpoint))


def test_the_model_is_the_one_that_the_record_names(record, checkpoint, tiny):
    assert model_of(record) == str(checkpoint)
    named = record.model.model_copy(update={"kind": "hub", "id": MODEL, "revision": "a1" * 20})
    assert model_of(record.model_copy(update={"model": named})) == f"{MODEL}@{'a1' * 20}"
    zero = icl_bench.evaluate(lambda xs, ys: np.zeros_like(ys), "tiny", [TASK])
    with raises(InputError, "python-object"):
        model_of(zero)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_verb_shows_a_table_and_answers_by_its_exit_code(record, checkpoint, tmp_path):
    path = tmp_path / "record.json"
    record.save(path)
    record.save(tmp_path / "held.json")
    code, output, _ = run("verify", path)
    assert code == 0
    assert "compared to the bit\nthe numbers hold\n" in output
    assert len([line for line in output.splitlines() if line.endswith("none                  holds")]) == 2
    made_elsewhere(record, threads=7).save(path)
    code, output, _ = run("verify", path, "--model", checkpoint)
    assert (code, "recorded with threads 7, here 1: compared within 0.0001" in output) == (0, True)
    forged = json.loads(path.read_text())
    forged["tasks"][TASK]["prompt_errors"][:2] = reversed(forged["tasks"][TASK]["prompt_errors"][:2])
    path.write_text(json.dumps(forged))
    code, output, _ = run("verify", path)
    assert (code, "the numbers do not hold" in output) == (1, True)
    assert f"{TASK}: prompt_errors[" in output
    code, output, _ = run("verify", path, tmp_path / "held.json")
    assert (code, output.splitlines()[-1]) == (1, "1 of 2 records hold")
    code, _, error = run("verify", path, path, "--model", checkpoint)
    assert (code, error.count("\n"), "--model" in error) == (2, 1, True)
    code, _, error = run("verify", tmp_path / "none.json")
    assert (code, error.count("\n"), str(tmp_path / "none.json") in error) == (2, 1, True)
    assert "`icl-bench evaluate MODEL`" in error
