"""What verbs print fits a window of 80 columns, and says the same facts in a wider one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.display.initials import short_names
from icl_bench.display.text_table import text_table
from icl_bench.errors import InputError
from icl_bench.suites import load_suite, suite_names

pytestmark = pytest.mark.slow

NARROW = {"TERMINAL_WIDTH": "80", "COLUMNS": "80"}
VERBS = [
    "leaderboard show",
    "leaderboard show --suite paper",
    "leaderboard show --metric optimality --no-baselines",
    "tasks list",
    "tasks show mini/decision_tree",
    "models list",
    "models show reference/llama-ropeless",
    "models blocks",
    "baselines list",
    "compare reference/gpt2 reference/mamba",
    "effects --pairs",
    "evaluate baseline/ridge --limit 64",
    "sweep mini --list",
]


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_wider_than_the_window(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, verb.split(), env=NARROW)
    assert result.exit_code == 0, result.output
    wide = [line for line in result.stdout.splitlines() if len(line) > 80]
    assert wide == []


def verbs(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every group and verb, as the words that name it."""
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from verbs(below, (*words, name))


@pytest.mark.parametrize("command", list(verbs(typer.main.get_command(app))), ids=" ".join)
def test_every_help_fits_too(command):
    printed = CliRunner().invoke(app, [*command, "-h"], env=NARROW).stdout
    assert "Usage" in printed
    assert [line for line in printed.splitlines() if len(line) > 80] == []


def test_nothing_is_left_out_where_the_output_is_no_terminal():
    rows = [{"a": "x" * 90, "b": "y" * 90, "c": "z" * 90}]
    assert text_table(rows, droppable=["b", "a"]).split()[:3] == ["a", "b", "c"]


@pytest.mark.parametrize(("width", "headers"), [(64, "a b c"), (63, "a c"), (43, "a c"), (41, "c")])
def test_as_few_columns_as_needed_are_left_out(monkeypatch, width, headers):
    monkeypatch.setenv("TERMINAL_WIDTH", str(width))
    rows = [{"a": "x" * 20, "b": "y" * 20, "c": "z" * 20}]
    assert text_table(rows, droppable=["b", "a"]).splitlines()[0].split() == headers.split()


def test_a_column_that_is_wrapped_keeps_its_words(monkeypatch):
    monkeypatch.setenv("TERMINAL_WIDTH", "50")
    text = "the mean of the nearest context points, of all while there are fewer"
    table = text_table([{"name": "knn", "predicts": text}], wrapped="predicts")
    assert max(map(len, table.splitlines())) <= 50
    assert re.sub(r"\s+", " ", " ".join(table.splitlines()[2:])).strip() == f"knn {text}"


@pytest.mark.parametrize("suite", suite_names())
def test_the_short_names_of_a_suite_differ(suite):
    short = short_names(list(load_suite(suite).tasks))
    assert len(set(short.values())) == len(short)


def test_tasks_of_equal_initials_are_numbered():
    assert short_names(["linear_regression", "lasso_regression", "two_layer_mlp"]) == {
        "linear_regression": "LR",
        "lasso_regression": "LR2",
        "two_layer_mlp": "TLM",
    }


def test_several_tasks_stand_in_one_option(tmp_path):
    path = tmp_path / "record.json"
    words = ["evaluate", "baseline/zero", "--task", "decision_tree, linear_regression", "-o", str(path)]
    assert CliRunner().invoke(app, words).exit_code == 0
    words = ["evaluate", "baseline/zero", "--task", "decision_tree,nothing", "-o", str(path)]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "'nothing'" in refused.stderr
    assert CliRunner().invoke(app, ["evaluate", "baseline/zero", "--task", ","]).exit_code == 2


def test_a_quick_look_says_that_it_is_one_and_boards_refuse_its_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "baseline/ridge", "--task", "linear_regression", "--limit", "64"]
    shown = CliRunner().invoke(app, words)
    assert "64 of 2,048 prompts: not a board's number" in shown.stdout
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(app, [*words, "--output", "quick.json"]).exit_code == 0
    with raises(InputError, "quick-look", naming=("64", "2,048")):
        icl_bench.load_record("quick.json")
    with raises(InputError, "no-such-limit", naming="5"):
        icl_bench.evaluate("baseline/ridge", tasks="linear_regression", limit=5)


def test_the_version():
    from importlib.metadata import version

    assert CliRunner().invoke(app, ["--version"]).stdout == f"icl-bench {version('icl-bench')}\n"
