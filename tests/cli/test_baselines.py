"""`icl-bench baselines`: what a reader sees, and how it ends."""

import json

from typer.testing import CliRunner

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.lasso import Lasso
from icl_bench.cli import app
from icl_bench.suites import load_suite


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["baselines", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list_names_every_baseline_with_what_it_predicts():
    code, stdout, stderr = run("list")
    assert (code, stderr) == (0, "")
    for name, entry in BASELINES.entries().items():
        (line,) = [line for line in stdout.splitlines() if line.startswith(f"baseline/{name} ")]
        assert entry.summary in line
    rows = json.loads(run("list", "--json")[1])
    assert [row["name"] for row in rows] == [f"baseline/{name}" for name in BASELINES.entries()]


def test_choose_shows_every_candidate_and_ends_with_1_where_the_best_is_not_recorded():
    code, stdout, _ = run("choose", "mini", "--prompts", "32")
    lasso = [line.split() for line in stdout.splitlines() if " lasso " in line]
    for name, task in load_suite("mini").tasks.items():
        rows = [row for row in lasso if row[0] == name]
        assert [float(row[3]) for row in rows] == list(Lasso.candidates["alpha"])
        errors = {float(row[3]): float(row[4]) for row in rows}
        (best,) = [float(row[3]) for row in rows if "best" in row]
        (recorded,) = [float(row[3]) for row in rows if "recorded" in row]
        assert errors[best] == min(errors.values())
        assert recorded == task.baseline_options["lasso"]["alpha"]
    marked = [line for line in stdout.splitlines() if " best " in f"{line} "]
    assert code == (0 if all("recorded" in line for line in marked) else 1)


def test_choose_for_an_unknown_suite():
    assert run("choose", "minni") == (2, "", "error: unknown suite 'minni'; did you mean 'mini'?\n")
