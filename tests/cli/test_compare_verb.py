"""`icl-bench compare`: two names in, a table of differences out."""

import json

import fabricated
import pytest
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.ranking import compare as compare_module


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["compare", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_two_baselines_are_compared_from_their_frozen_errors():
    code, table, _ = run("baseline/lookup", "baseline/zero", "--task", "vector_mqar")
    assert code == 0
    assert table.startswith("A = baseline/lookup, B = baseline/zero, on mini-v1\n")
    assert "1.000 [1.000, 1.000]" in table
    assert "A is better" in table
    document = json.loads(run("baseline/lookup", "baseline/zero", "--task", "vector_mqar", "--json")[1])
    assert document["differences"][0]["difference"] == 1
    assert document["differences"][0]["better"] == "A"


def test_what_cannot_be_compared_is_reported_in_one_line():
    for arguments, message in [
        (["baseline/lasoo", "baseline/zero"], "did you mean 'lasso'"),
        (["baseline/zero", "baseline/tree_bayes", "--task", "sparse_parity"], "serves none of sparse_parity"),
        (["baseline/zero", "nosuch.json"], "no file nosuch.json"),
        (["baseline/zero", "baseline/knn", "--device", "tpu"], "device 'tpu' cannot be used here"),
        (["reference/gtp2", "baseline/zero"], "reference/gpt2"),
    ]:
        code, stdout, stderr = run(*arguments)
        assert (code, stdout) == (2, "")
        assert message in stderr.splitlines()[-1]


def test_the_mean_is_marked_as_one_test_of_its_own():
    chosen = ["--task", "linear_regression", "--task", "vector_mqar"]
    table = run("baseline/ridge", "baseline/zero", *chosen)[1].splitlines()
    assert table[-2].startswith("mean over tasks ")
    assert "< 0.001 *" in table[-2]
    assert table[-1] == "* of a mean alone, not corrected; the others are for 2 tasks (Holm)"
    assert not [line for line in table[:-2] if "*" in line]
    *tasks, mean = json.loads(run("baseline/ridge", "baseline/zero", *chosen, "--json")[1])["differences"]
    assert all(row["p"] <= row["p_corrected"] < 0.001 for row in tasks)
    assert (mean["p"] < 0.001, mean["p_corrected"]) == (True, None)
    gains = [row["gain_a"] for row in tasks]
    assert mean["gain_a"] == pytest.approx(sum(gains) / 2)


def test_graded_tasks_have_a_mean_of_their_own_before_that_of_all():
    chosen = ["--task", "linear_regression,decision_tree,vector_mqar"]
    rows = json.loads(run("baseline/ridge", "baseline/zero", *chosen, "--json")[1])["differences"]
    assert [row["task"] for row in rows[3:]] == ["mean over graded tasks", "mean over tasks"]
    for row, averaged in zip(rows[3:], (rows[:2], rows[:3]), strict=True):
        differences = [task["difference"] for task in averaged]
        assert row["difference"] == pytest.approx(sum(differences) / len(differences))
    lines = run("baseline/ridge", "baseline/zero", *chosen)[1].splitlines()
    assert [line.partition("  ")[0] for line in lines[-3:-1]] == [row["task"] for row in rows[3:]]
    graded = run("baseline/ridge", "baseline/zero", "--task", "linear_regression,decision_tree")[1]
    assert "graded" not in graded  # where all are


@pytest.mark.slow
def test_what_was_trained_once_is_reported(tmp_path):
    """Little is known of its other seeds. Baselines are not trained beforehand."""
    record = str(tmp_path / "record.json")
    fabricated.record("user/model", 0.2).save(record)
    task = ["--task", "sparse_parity"]
    message = "a task with one training run: what another seed would change is told from other models' runs"
    for sides, alone in [
        ([record, "baseline/zero"], "A has"),
        (["baseline/zero", record], "B has"),
        ([record, record], "A and B have"),
        (["baseline/ridge", "baseline/zero"], None),
    ]:
        lines = run(*sides, *task)[1].splitlines()
        shown = [line for line in lines if message in line]
        assert shown == ([f"{alone} {message}"] if alone else [])
        expected = [letter for letter in "AB" if alone and letter in alone]
        assert json.loads(run(*sides, *task, "--json")[1])["trained_once"] == expected


@pytest.mark.slow
def test_a_verdict_of_graded_runs_alone_says_so(tmp_path, monkeypatch):
    """Where no model has two runs of a task, nothing is known of seeds; all-or-nothing tasks do without."""
    record = str(tmp_path / "record.json")
    fabricated.record("user/model", 0.2).save(record)
    monkeypatch.setattr(compare_module, "several_runs", lambda suite, compared: [])
    task = ["--task", "linear_regression,vector_mqar"]
    rows = json.loads(run(record, "baseline/zero", *task, "--json")[1])["differences"]
    assert [row["of_runs"] for row in rows] == [True, False, True, True][: len(rows)]
    table = run(record, "baseline/zero", *task)[1]
    assert table.splitlines()[-1].endswith("other models' runs; (these runs): not known")
    assert [line.endswith("(these runs)") for line in table.splitlines() if " better" in line] == [
        row["of_runs"] for row in rows if row["better"]
    ]
