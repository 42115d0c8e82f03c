"""A model that is better than the exact predictor is warned of: it or its record is not what it seems."""

import pytest
from fabricated import SUITE, record
from leaderboard.site_pages import pages, small_site, texts

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import models
from icl_bench.suites import load_suite
from icl_bench.suites.frozen_errors import load_errors

NAME = "user/model"
TOLD = "Better than the exact predictor. On decision tree its optimality is above 1"


def page(factor: float, task: str) -> str:
    """The page of a model whose errors on a task are those of its exact predictor, times a factor."""
    suite, good = load_suite(SUITE), record(NAME, 0.05)
    best = load_errors(suite, task, suite.task(task).exact)
    changed = good.tasks[task].model_copy(update={"prompt_errors": (factor * best.errors).tolist()})
    found = good.model_copy(update={"tasks": good.tasks | {task: changed}})
    site = small_site([Entry(NAME, [found])])
    return texts(pages(site, models)[f"{SUITE}/models/user__model.html"])


@pytest.mark.parametrize(("factor", "warned"), [(0.5, True), (1.0, False), (1.1, False)])
def test_errors_below_those_of_the_exact_predictor_are_warned_of(factor, warned):
    assert (TOLD in page(factor, "decision_tree")) == warned


def test_the_best_known_predictor_may_be_beaten():
    assert "Better than the exact predictor" not in page(0.5, "two_layer_mlp")
