"""`icl-bench compare`: two names in, a table of differences out."""

import json

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
    found = json.loads(run("baseline/lookup", "baseline/zero", "--task", "vector_mqar", "--json")[1])
    assert found["differences"][0]["difference"] == 1
    assert found["differences"][0]["better"] == "A"


def test_what_cannot_be_compared_is_told_in_one_line():
    for arguments, told in [
        (["baseline/lasoo", "baseline/zero"], "did you mean 'lasso'"),
        (["baseline/zero", "baseline/tree_bayes", "--task", "sparse_parity"], "decision trees"),
        (["reference/gtp2", "baseline/zero"], "reference/gpt2"),
    ]:
        code, stdout, stderr = run(*arguments)
        assert (code, stdout) == (2, "")
        assert told in stderr.splitlines()[-1]
