"""Suites of one's own: made from another, locked, found by every verb, answered by the base's checkpoints."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.errors import InputError, SpecError, SuiteError, UnknownNameError
from icl_bench.resources import SUITES_VARIABLE
from icl_bench.suites import load_prompts, load_suite
from icl_bench.suites.new import new_suite, parse_setting


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """The folder of suites of one's own, and a cache of its own."""
    monkeypatch.setenv(SUITES_VARIABLE, str(tmp_path / "suites"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    return tmp_path / "suites"


def invoke(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_a_changed_task_is_a_variant_and_another_one_stays_that_of_the_base(own):
    suite = new_suite(
        "mine-v1", tasks=["linear_regression", "decision_tree"], changes={"decision_tree.points": 9}
    )
    base = load_suite("mini")
    assert load_suite("mine").name == "mine-v1"
    assert suite.home("linear_regression").name == "mini-v1"
    assert suite.trained_as("decision_tree") == "mini-v1/decision_tree"
    changed = load_prompts(suite, "decision_tree")
    assert changed.xs.shape == (2_048, 9, 4)
    assert not np.array_equal(changed.xs, load_prompts(base, "decision_tree").xs[:, :9])
    assert np.array_equal(
        load_prompts(suite, "linear_regression").xs, load_prompts(base, "linear_regression").xs
    )


def test_other_sizes_make_a_task_that_is_trained_for_itself(own, tmp_path):
    changes = {"dims": 3, "points": 40}  # of more tokens than gpt2 has positions for
    suite = new_suite("wide-v1", tasks=["linear_regression"], changes=changes, prompts=64)
    assert suite.trained_as("linear_regression") == "wide-v1/linear_regression"
    result = icl_bench.train("reference/gpt2", "wide/linear_regression", steps=2, out=tmp_path / "run")
    assert result.plan.task.function_class.d == 3
    assert result.plan.recipe.learning_rate == 1e-3  # of the recipe that came along


@pytest.mark.slow
def test_from_a_suite_to_a_scored_reference_and_a_board(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SUITES_VARIABLE)
    words = ["tasks", "new", "mine-v1", "--task", "linear_regression,sparse_parity"]
    words += ["--set", "linear_regression.points=7", "--set", "shift={type: signs}", "--prompts", "64"]
    code, printed, message = invoke("--suites", "suites", *words)
    assert code == 0, message
    command = printed.splitlines()[-1].replace("MODEL", "reference/gpt2").removeprefix("icl-bench ").split()
    code, printed, message = invoke(*command, "--output", "record.json")
    assert code == 0, message
    record = icl_bench.load_record("record.json")
    assert (record.suite.name, list(record.tasks)) == ("mine-v1", ["linear_regression", "sparse_parity"])
    assert record.tasks["linear_regression"].score.value is not None  # the baselines were computed
    folder = command[:2]
    words = ["leaderboard", "show", "--suite", "mine", "--record", "record.json", "--json"]
    board = json.loads(invoke(*folder, *words)[1])
    assert [model["name"] for model in board["models"]] == ["reference/gpt2"]
    assert invoke(*folder, "tasks", "verify", "--suite", "mine")[0] == 0
    assert "mine-v1" in invoke(*folder, "tasks", "list")[1]
    assert (
        invoke("tasks", "verify", "--suite", "mine")[0] == 0
    )  # `--suites` is kept for what runs in this process


def test_the_folder_reaches_processes_that_are_started(own):
    new_suite("mine-v1", tasks=["linear_regression"], changes={"points": 5}, prompts=64)
    code = "import icl_bench; print(icl_bench.load_suite('mine').spec.prompts)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "64"


def test_shifted_prompts_are_not_called_exact(own):
    suite = new_suite(
        "signs-v1", tasks=["linear_regression"], changes={"shift": {"type": "signs"}}, prompts=64
    )
    assert suite.task("linear_regression").exactness == "best known"
    assert set(np.unique(load_prompts(suite, "linear_regression").xs)) == {-1, 1}


def test_what_cannot_be_is_refused_and_nothing_is_left(own, monkeypatch):
    with raises(UnknownNameError, "unknown-task", naming="'nothing'"):
        new_suite("mine-v1", tasks=["nothing"])
    with raises(InputError, "no-such-key", naming=("depht", "depth", "points")):
        new_suite("mine-v1", tasks=["decision_tree"], changes={"depht": 3})
    with raises(InputError, "no-such-key", naming="decision_tree.points"):
        new_suite("mine-v1", tasks=["linear_regression"], changes={"decision_tree.points": 3})
    with raises(InputError, "zero-anchor", naming="baseline"):
        new_suite("mine-v1", tasks=["linear_regression"], changes={"baseline": "zero"})
    with raises(SpecError, naming=("points", "many")):
        new_suite("mine-v1", tasks=["linear_regression"], changes={"points": "many"})
    with raises(SpecError, naming="name"):
        new_suite("My Suite", tasks=["linear_regression"])
    with raises(InputError, "suite-there", naming="mini-v1"):
        new_suite("mini-v1")
    for text in ("points", "=3", "shift=[1"):
        with raises(InputError, "not-key-value"):
            parse_setting(text)
    assert not own.exists() or list(own.iterdir()) == []
    monkeypatch.delenv(SUITES_VARIABLE)
    with raises(InputError, "no-suites-folder", naming=("--suites", SUITES_VARIABLE)):
        new_suite("mine-v1")


def test_a_suite_of_ones_own_does_not_stand_for_one_that_is_shipped(own):
    (own / "mini-v1").mkdir(parents=True)
    (own / "mini-v1" / "suite.yaml").write_text("schema: 1\n")
    with raises(SuiteError, "suite-twice", naming="mini-v1"):
        load_suite("mini")


def test_a_registry_without_entries_says_so():
    message = str(UnknownNameError("task", "x", []))
    assert message.endswith("; there is none")


def test_what_is_said_of_one_task_wins(own):
    changes = {"linear_regression.points": 7, "points": 5}
    suite = new_suite("mine-v1", tasks=["linear_regression", "decision_tree"], changes=changes, prompts=64)
    assert [task.points for task in suite.tasks.values()] == [7, 5]
    with raises(SpecError, naming="prompts"):
        new_suite("none-v1", prompts=0)
