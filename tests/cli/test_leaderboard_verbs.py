"""`icl-bench leaderboard`: what its verbs tell."""

import json
import os
from pathlib import Path

import fabricated
import pytest
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.leaderboard import write
from icl_bench.leaderboard.entries import Entry

pytestmark = pytest.mark.slow


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["leaderboard", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_board_without_models_says_so_and_what_to_do(monkeypatch):
    fabricated.show_only(monkeypatch, [])
    code, printed, _ = run("show", "--suite", "paper")
    assert code == 0
    assert "baseline/ridge" in printed
    assert "no model is recorded on paper-v1 yet" in printed
    assert "icl-bench evaluate MODEL --suite paper-v1" in printed
    assert json.loads(run("show", "--suite", "paper", "--json")[1])["models"] == []


def test_a_board_with_models_does_not():
    code, printed, _ = run("show", "--suite", "mini")
    assert (code, "no model is recorded" in printed) == (0, False)
    assert printed.count(" is made of: ") == 1
    assert "reference/llama-rope-swigluless is made of: no positions, mamba first" in printed


def test_baselines_can_be_left_out():
    whole, models = (run("show", *option)[1] for option in ([], ["--no-baselines"]))
    assert "baseline/ridge" in whole
    assert "baseline/" not in models
    assert [line for line in whole.splitlines() if "reference/" in line] != []
    assert whole.count("reference/") == models.count("reference/")


ONE_RUN = "§: no place, since a task has one training run; three of each are needed"
FEW_RUNS = "-: no place: baselines, and models without three runs on all prompts of a task"


def recorded(monkeypatch, **models: tuple[float, int]) -> list[Entry]:
    """Models by the share of the error that they leave, and how many runs they have."""
    rows = [
        Entry(f"ana/{name}", [fabricated.record(f"ana/{name}", share, seed=k) for k in range(runs)])
        for name, (share, runs) in models.items()
    ]
    fabricated.show_only(monkeypatch, rows)
    return rows


def shown_rows(table: str) -> dict[str, list[str]]:
    """The words of each row by the name of its model."""
    rows = [line.split() for line in table.splitlines() if "/" in line[:16]]
    return {words[1]: words for words in rows}


def test_places_are_of_models_with_three_runs_and_others_have_a_mark_that_is_explained(monkeypatch):
    recorded(monkeypatch, near=(0.01, 3), twin=(0.01, 3), far=(0.5, 3), two=(0.01, 2), once=(0.2, 1))
    table = run("show")[1]
    rows = shown_rows(table)
    assert {name: words[0] for name, words in rows.items() if name.startswith("ana/")} == {
        "ana/near": "1=°",  # ° marks the open division, where models without a suite's recipe are
        "ana/twin": "1=°",
        "ana/far": "3°",
        "ana/two": "-",
        "ana/once": "§",
    }
    assert rows["baseline/ridge"][0] == "-"
    assert [line for line in (ONE_RUN, FEW_RUNS) if line not in table.splitlines()] == []
    assert "place: 1 and how many of its division are significantly better; 1= is shared" in table


def test_a_board_whose_models_all_have_three_runs_explains_no_missing_place(monkeypatch):
    recorded(monkeypatch, near=(0.01, 3), far=(0.5, 3))
    table = run("show")[1]
    assert [mark for mark in ("§", FEW_RUNS) if mark in table] == []
    assert [words[0] for name, words in shown_rows(table).items() if name.startswith("ana/")] == ["1°", "2°"]


def test_how_many_runs_learned_an_all_or_nothing_task_is_shown_and_its_chance_when_wide(monkeypatch):
    recorded(monkeypatch, near=(0.01, 3), far=(0.5, 2))
    rows = shown_rows(run("show")[1])
    assert rows["ana/near"][-2:] == ["3/3", "3/3"]
    assert rows["ana/far"][-2:] == ["0/2", "0/2"]
    assert "/" not in "".join(rows["baseline/ridge"][2:])
    scores = shown_rows(run("show", "--metric", "score")[1])
    assert "/" not in "".join(scores["ana/near"][3:])  # it is of gains alone
    table = run("show", "--format", "markdown")[1].splitlines()
    head = [cell.strip() for cell in table[0].split("|")[1:-1]]
    cells = dict(zip(head, (cell.strip() for cell in table[2].split("|")[1:-1]), strict=True))
    means = ["mean over graded tasks", "mean over tasks"]
    assert head[:6] == ["place", "model", "division", "made of", *means]
    assert cells["sparse_parity learned"] == "3 of 3 [0.46, 1.00]"
    assert cells["mean over graded tasks"].endswith("] (1)")  # the place by it


def test_the_metric_of_a_board_can_be_chosen_and_a_mistyped_one_is_reported(monkeypatch):
    (entry,) = recorded(monkeypatch, near=(0.01, 1))
    task = entry.records[0].tasks["sparse_linear_regression"].estimates
    for metric in ("score", "optimality"):
        cell = shown_rows(run("show", "--metric", metric)[1])["ana/near"][5]
        assert cell == f"{task[metric].value:.2f}", metric
    assert run("show", "--metric", "gain")[1] == run("show")[1] != run("show", "--metric", "score")[1]
    code, stdout, stderr = run("show", "--metric", "gian")
    assert (code, stdout) == (2, "")
    assert "did you mean 'gain'" in stderr


def test_the_json_says_how_often_a_task_was_trained_once(monkeypatch):
    recorded(monkeypatch, once=(0.2, 1), two=(0.2, 2))
    board = json.loads(run("show", "--json")[1])
    assert board["schema"] == 4
    models = {model["name"]: model for model in board["models"]}
    assert {name: model["one_run"] for name, model in models.items()} == {"ana/once": True, "ana/two": False}
    assert {model["unplaced"] for model in models.values()} == {"a task has fewer than 3 training runs"}
    assert not any(model["one_run"] or model["unplaced"] for model in board["baselines"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "."], ". holds something that is not a site; name a new folder with --out"),
        (["--out", "file"], "file is not a folder; name another place"),
        (["--out", "file/sub"], "file is not a folder; name another place"),
        (["--address", "javascript:alert(1)"], "--address 'javascript:alert(1)': it does not begin with"),
        (["--repository", "https://ana:secret@example.org"], "it holds a user name or a password"),
    ],
)
def test_a_site_that_cannot_be_built_is_reported_in_one_line_before_the_work(
    arguments, message, tmp_path: Path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(write, "recorded_entries", pytest.fail)
    code, stdout, stderr = run("build", *arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert message in stderr
    assert "free space" not in stderr
    assert os.listdir(tmp_path) == ["file"]
