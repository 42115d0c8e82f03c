"""`evaluate`, `predict` and `baselines list` as they are typed."""

import json
import subprocess
import sys

import numpy as np
import pytest
from models.small import small_model
from typer.testing import CliRunner

from icl_bench.baselines import averaging
from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.cli import app
from icl_bench.errors import CheckError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.records.read import load_record
from icl_bench.suites import load_prompts, load_suite

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_a_baseline_is_scored_and_its_record_written_where_it_says(tmp_path):
    done = run("evaluate", "baseline/least_squares", "--task", "linear_regression")
    assert done.exit_code == 0
    assert "1.000 [1.000, 1.000]" in done.stdout
    path = "results/baseline__least_squares-mini-v1-linear_regression.json"
    assert done.stdout.rstrip().endswith(f"record: {path}")
    assert load_record(tmp_path / path).tasks["linear_regression"].score.value == 1.0
    assert "linear_regression: 2048/2048" in done.stderr


def test_tasks_that_are_not_answered_have_a_row_and_one_reason():
    done = run("evaluate", "baseline/parity_bayes")
    assert done.exit_code == 0
    assert "not evaluated: linear_regression, " in done.stdout
    assert done.stdout.count("answers sparse parity only") == 1


def test_json_is_one_document_on_stdout_and_nothing_else(tmp_path):
    command = [sys.executable, "-c", "from icl_bench.cli import app; app()"]
    arguments = [
        "evaluate",
        "baseline/knn",
        "--task",
        "linear_regression",
        "--json",
        "--output",
        "deep/er/r.json",
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["model"] == {"kind": "baseline", "id": "baseline/knn", "revision": None}
    assert (tmp_path / "deep/er/r.json").read_text() == done.stdout
    assert "record: deep/er/r.json" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "baseline/averagin"], "unknown baseline 'averagin'; did you mean 'averaging'?"),
        (["evaluate", "baseline/zero", "--suite", "mimi"], "unknown suite 'mimi'; did you mean 'mini'?"),
        (["evaluate", "baseline/zero", "--task", "sparse_party"], "did you mean 'sparse_parity'?"),
        (["evaluate", "baseline/zero", "--revision", "main"], "leave out --revision"),
        (["evaluate", "baseline/zero", "--device", "cuda"], "runs on the CPU"),
        (["evaluate", "baseline/zero", "--loops", "8"], "no looped layers"),
        (["evaluate", "reference/gpt2", "--loops", "8"], "no looped layers"),
        (["evaluate", "baseline/parity_bayes", "--task", "decision_tree"], "answers sparse parity only"),
        (["predict", "baseline/zero", "mini/decision_trees", "o.npz"], "did you mean 'decision_tree'?"),
        (["predict", "baseline/zero", "mini", "o.npz"], "is not SUITE/TASK"),
        (["predict", "baseline/parity_bayes", "mini/decision_tree", "o.npz"], "answers sparse parity only"),
        (
            ["predict", "baseline/zero", "mini/decision_tree", "/dev/null/o.npz"],
            "cannot write /dev/null/o.npz",
        ),
        (["predict", "baseline/zero", "mini/decision_tree", "o.npz", "--limit", "0"], "--limit"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    errors = [line for line in done.stderr.splitlines() if not line.startswith("decision_tree: ")]
    assert len(errors) == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_broken_rule_is_one_line_and_exit_1(monkeypatch, tmp_path):
    peeking = lambda self, xs, ys: ys.astype(np.float32)  # noqa: E731
    monkeypatch.setattr(averaging.Averaging, "predict", peeking)
    done = run("evaluate", "baseline/averaging", "--task", "sparse_parity")
    assert done.exit_code == CheckError.exit_code == 1
    assert done.stderr.startswith("error: causality: prediction 0 ")
    assert "(prompt 0 of sparse_parity)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_predictions_are_written_beside_their_prompts(tmp_path):
    done = run("predict", "baseline/least_squares", "mini/linear_regression", "out.npz", "--limit", "10")
    assert done.exit_code == 0
    assert "wrote 10 prompts of mini-v1/linear_regression with their predictions to out.npz" in done.stdout
    frozen = load_prompts(load_suite("mini"), "linear_regression")
    with np.load(tmp_path / "out.npz") as arrays:
        assert sorted(arrays) == ["predictions", "xs", "ys"]
        np.testing.assert_array_equal(arrays["xs"], frozen.xs[:10])
        np.testing.assert_array_equal(arrays["ys"], frozen.ys[:10])
        expected = LeastSquares().predict(frozen.xs[:10], frozen.ys[:10])
        np.testing.assert_array_equal(arrays["predictions"], expected)
        assert arrays["predictions"].dtype == np.float32


def test_all_prompts_are_predicted_by_default_and_twice_the_same_bytes(tmp_path):
    for name in ("first.npz", "second.npz"):
        assert run("predict", "baseline/zero", "mini/sparse_parity", name).exit_code == 0
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    with np.load(tmp_path / "first.npz") as arrays:
        assert len(arrays["predictions"]) == load_suite("mini").spec.prompts


def test_the_list_of_baselines_is_the_registry():
    rows = json.loads(run("baselines", "list", "--json").stdout)
    assert [row["name"] for row in rows] == [f"baseline/{name}" for name in BASELINES.entries()]
    table = run("baselines", "list").stdout
    assert all(row["name"] in table and row["predicts"] in table for row in rows)


@pytest.mark.parametrize("verb", [["evaluate"], ["predict"], ["baselines", "list"]])
def test_every_verb_shows_an_example(verb):
    assert "Example: icl-bench" in " ".join(run(*verb, "--help").stdout.split())


def test_a_record_of_one_task_does_not_replace_that_of_all(tmp_path):
    assert run("evaluate", "baseline/zero").exit_code == 0
    (whole,) = (tmp_path / "results").iterdir()
    before = whole.read_bytes()
    assert run("evaluate", "baseline/zero", "--task", "sparse_parity").exit_code == 0
    assert whole.read_bytes() == before
    assert len(load_record(whole).tasks) > 1


def test_a_model_whose_path_is_longer_than_a_file_name_is_scored(tmp_path):
    model = "/".join(["folder" * 20] * 4)
    save_checkpoint(small_model(d=5), tmp_path / model)
    done = run("evaluate", model, "--task", "linear_regression")
    assert done.exit_code == 0, done.stderr
    (record,) = (tmp_path / "results").iterdir()
    assert load_record(record).model.id == model
