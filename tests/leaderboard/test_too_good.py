"""A model that is better than the exact predictor is warned of: it or its record is not what it seems."""

import numpy as np
import pytest
from fabricated import SUITE, show_only
from fabricated_record import record
from leaderboard.site_pages import pages, small_site
from leaderboard.site_reading import having, text
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.frozen.errors import load_errors
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import boards, models
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

NAME = "user/model"
TOLD = "Better than the exact predictor. On decision tree its optimality is above 1"


def entry(task: str, *factors: float | np.ndarray) -> Entry:
    """A model of a run a factor, whose errors on a task are those of its exact predictor times it."""
    suite = load_suite(SUITE)
    best = load_errors(suite, task, suite.task(task).exact)
    runs = []
    for seed, factor in enumerate(factors):
        good = record(NAME, 0.05, seed=seed)
        changed = good.tasks[task].model_copy(update={"prompt_errors": (factor * best.errors).tolist()})
        runs.append(good.model_copy(update={"tasks": good.tasks | {task: changed}}))
    return Entry(NAME, runs)


def page(factor: float, task: str) -> str:
    return text(pages(small_site([entry(task, factor)]), models)[f"{SUITE}/models/user__model.html"])


@pytest.mark.parametrize(("factor", "warned"), [(0.5, True), (1.0, False), (1.1, False)])
def test_errors_below_those_of_the_exact_predictor_are_warned_of(factor, warned):
    assert (TOLD in page(factor, "decision_tree")) == warned


def test_its_row_on_the_board_is_marked():
    honest = Entry("user/honest", [record("user/honest", 0.05)])
    site = small_site([entry("decision_tree", 0.5), honest])
    front = pages(site, boards)["index.html"]
    (table,) = having(front, "ranks")
    marked = {
        row[1].get("data-v"): "⚠" in "".join(row[1].itertext()) for row in table.iter("tr") if len(row) > 3
    }
    assert marked.pop(NAME)
    assert marked.pop("user/honest") is False
    assert not any(marked.values())
    assert "⚠ better than an exact predictor can be" in text(front)
    assert "⚠" not in text(pages(small_site([honest]), boards)["index.html"])


def test_the_terminal_marks_it_too(monkeypatch):
    show_only(monkeypatch, [entry("decision_tree", 0.5)])
    table = CliRunner().invoke(app, ["leaderboard", "show", "--wide", "--format", "markdown"]).stdout
    assert [NAME in line for line in table.splitlines() if "⚠" in line and "|" in line] == [True]
    assert "⚠: better than an exact predictor can be" in table


@pytest.mark.parametrize(("factors", "above"), [((0.95,), True), ((0.95, 0.95), True), ((0.9, 1.0), False)])
def test_runs_that_differ_leave_room_for_luck(factors, above):
    """Two of them say little of a third: the interval has the wide tails of Student's t."""
    (model,) = small_site([entry("decision_tree", *factors)]).boards[0].data.models
    assert model.above_exact == ["decision_tree"] * above


@pytest.mark.parametrize("task", ["decision_tree", "sparse_parity"])
def test_chance_is_no_reason_for_a_warning(task):
    """The exact predictor's errors on other prompts, a thousandth less: sampling explains far more."""
    suite = load_suite(SUITE)
    best = load_errors(suite, task, suite.task(task).exact).errors
    lucky = 0.999 * np.random.default_rng(0).permutation(best)
    (model,) = small_site([entry(task, lucky / best)]).boards[0].data.models
    assert model.tasks[task].estimates["optimality"].value > 1
    assert model.above_exact == []


def test_no_mode_of_runs_hides_that_one_is_too_good():
    (model,) = small_site([entry("sparse_parity", 0.5)]).boards[0].data.models
    assert model.above_exact == ["sparse_parity"]


def test_a_row_that_is_worse_on_fresh_prompts_is_marked_too():
    site = small_site()
    (table,) = having(pages(site, boards)["index.html"], "ranks")
    marked = {row[1].get("data-v") for row in table.iter("tr") if len(row) > 3 and "⚠" in text(row)}
    worse = {
        model.name
        for model in site.boards[0].data.models
        if model.submission and model.submission.worse_on_fresh
    }
    assert marked == worse != set()


def test_the_best_known_predictor_may_be_beaten():
    assert "Better than the exact predictor" not in page(0.5, "two_layer_mlp")
