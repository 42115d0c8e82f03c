"""`icl-bench compare`: two names in, a table of differences out."""

import json

import fabricated
import pytest
from typer.testing import CliRunner

from icl_bench.cli import app


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
    assert "≤ 0.001 *" in table[-2]
    assert table[-1] == "* of the mean alone, not corrected; the others are for 2 tasks (Holm)"
    assert not [line for line in table[:-2] if "*" in line]
    *tasks, mean = json.loads(run("baseline/ridge", "baseline/zero", *chosen, "--json")[1])["differences"]
    assert [row["p_corrected"] / row["p"] for row in tasks] == [2, 2]
    assert (mean["p"] > 0, mean["p_corrected"]) == (True, None)


@pytest.mark.slow
def test_what_was_trained_once_is_reported(tmp_path):
    """Its intervals know nothing of other seeds. Baselines are not trained beforehand."""
    record = str(tmp_path / "record.json")
    fabricated.record("user/model", 0.2).save(record)
    task = ["--task", "sparse_parity"]
    message = "with one training run: nothing there tells what another seed would change"
    for sides, alone in [
        ([record, "baseline/zero"], "A has a task"),
        (["baseline/zero", record], "B has a task"),
        ([record, record], "A and B have a task"),
        (["baseline/ridge", "baseline/zero"], None),
    ]:
        lines = run(*sides, *task)[1].splitlines()
        assert [line for line in lines if message in line] == ([f"{alone} {message}"] if alone else [])
        expected = [letter for letter in "AB" if alone and letter in alone]
        assert json.loads(run(*sides, *task, "--json")[1])["trained_once"] == expected
