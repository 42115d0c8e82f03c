"""`icl-bench baselines compute` and what `list` shows of it."""

import json

import pytest
from typer.testing import CliRunner

from icl_bench.baselines.base import BASELINES
from icl_bench.cli import app
from icl_bench.frozen.errors import load_errors
from icl_bench.suites import load_suite


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["baselines", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list_names_every_baseline_with_its_frozen_mean_errors():
    suite = load_suite("mini")
    rows = {row["name"]: row for row in json.loads(run("list", "--json")[1])}
    assert list(rows) == [f"baseline/{name}" for name in BASELINES.entries()]
    shown = rows["baseline/nngp"]["errors"]["mini-v1/two_layer_mlp"]
    task = suite.tasks["two_layer_mlp"]
    assert shown == {"mean_error": load_errors(suite, task.name, "nngp").mean_error(task), "prompts": 2048}
    table = run("list")[1]
    assert "mean squared error on mini-v1" in table
    assert f"{shown['mean_error']:.4g}" in table


def test_what_scores_on_mini_need_is_frozen():
    assert run("compute", "mini", "--needed")[1].startswith("mini-v1: nothing was missing\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["minni"], "unknown suite 'minni'; did you mean 'mini'?"),
        (["mini", "--task", "sparse_party"], "unknown task 'sparse_party' in mini-v1; did you mean"),
        (["mini", "--baseline", "laso"], "unknown baseline 'laso'; did you mean 'lasso'?"),
        (["mini", "--needed", "--baseline", "lasso"], "--needed and --baseline name different sets"),
        (["mini", "--prompts", "0"], "0 prompts; mini-v1 has 2048, give 1 to that many"),
        (["mini", "--workers", "0"], "workers"),
    ],
)
def test_compute_refuses_what_cannot_be_in_one_line(arguments, message):
    code, stdout, stderr = run("compute", *arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert message in stderr
