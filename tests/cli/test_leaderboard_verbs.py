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


def test_rank_and_group_of_one_run_are_marked_and_the_mark_is_reported(monkeypatch):
    runs = {"reference/llama": (0,), "reference/gpt2": (0, 1)}
    rows = [
        Entry(name, [fabricated.record(name, 0.2, seed=k) for k in seeds]) for name, seeds in runs.items()
    ]
    fabricated.show_only(monkeypatch, rows)
    table = run("show", "--format", "markdown")[1]
    cells = {row.split("|")[3].strip(): row.split("|")[1:3] for row in table.splitlines() if "|" in row}
    for name, seeds in runs.items():
        assert ["§" in cell for cell in cells[name]] == [len(seeds) == 1] * 2, name
    assert "§" not in "".join(cells["baseline/ridge"])
    assert "§: a task with one training run; rank and group know nothing there of other seeds" in table
    board = json.loads(run("show", "--json")[1])
    assert {model["name"]: model["one_run"] for model in board["models"]} == {
        "reference/llama": True,
        "reference/gpt2": False,
    }
    assert not any(model["one_run"] for model in board["baselines"])
    rows.pop(0)
    assert "§" not in run("show")[1]


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
