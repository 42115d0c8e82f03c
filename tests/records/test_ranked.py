"""Submissions are ranked by fresh prompts: whoever knows the frozen ones by heart gains nothing."""

from typing import Any

import numpy as np
import pytest
from fabricated import MARKUP, SUITE, submission
from fabricated_record import record
from leaderboard.site_pages import pages, small_site
from leaderboard.site_reading import text

from icl_bench.evaluation.gaps import PromptSample, errors_by_fresh
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import boards, models
from icl_bench.records.ranked import ranked_on_fresh, ranked_records
from icl_bench.specs.fresh import FreshRecord, FreshTask
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

NAME, TASK = "user/model", "decision_tree"
COUNT = 2_048


def on_fresh(of: ResultRecord, task: str = TASK, **changes: Any) -> FreshRecord:
    """A record of fresh prompts on one task, with the frozen prompts' errors in another order."""
    anchors = suite_anchors(load_suite(SUITE), load_suite(SUITE).task(task))
    order = np.random.default_rng(1).permutation(COUNT)
    columns = {
        "prompt_errors": np.array(of.tasks[task].prompt_errors),
        "zero_errors": anchors.zero.errors,
        "exact_errors": anchors.exact.errors,
    }
    known = {name: errors[order].tolist() for name, errors in columns.items()} | changes
    fresh = FreshTask(
        sha256=known.pop("sha256", of.tasks[task].checkpoint.sha256),
        prompts=len(known["prompt_errors"]),
        gap=Estimate(value=0.0, low=-0.01, high=0.01, reason=None),
        **known,
    )
    about = {name: getattr(of, name) for name in ("model", "suite", "evaluator", "environment")}
    return FreshRecord(schema=2, commit="c3" * 20, tasks={task: fresh}, **about)


def memorised(honest: ResultRecord, task: str = TASK) -> ResultRecord:
    """The same model, had it learned the frozen prompts of a task by heart."""
    result = honest.tasks[task].model_copy(update={"prompt_errors": [0.0] * COUNT})
    return honest.model_copy(update={"tasks": honest.tasks | {task: result}})


def test_what_was_learned_by_heart_gains_nothing() -> None:
    honest = record(NAME, 0.2)
    suite = load_suite(SUITE)
    fresh = {0: on_fresh(honest)}
    assert ranked_on_fresh({0: honest}, fresh) == {TASK}
    ranked = [ranked_records({0: run}, fresh, suite)[0] for run in (honest, memorised(honest))]
    errors = [np.array(each.tasks[TASK].prompt_errors) for each in ranked]
    np.testing.assert_array_equal(*errors)
    # the fresh prompts are the frozen ones in another order: nothing made them harder or easier
    assert errors[0].mean() == pytest.approx(np.mean(honest.tasks[TASK].prompt_errors), rel=1e-9)
    other = "linear_regression"
    assert ranked[0].tasks[other] == honest.tasks[other]


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "e5" * 32},
        {"prompt_errors": [1.0], "zero_errors": [1.0], "exact_errors": [1.0]},
    ],
    ids=["other weights", "fewer prompts"],
)
def test_fresh_errors_that_are_not_of_every_run_are_left_out(changes: dict[str, Any]) -> None:
    runs = {seed: record(NAME, 0.2, seed=seed) for seed in (0, 1)}
    whole = {seed: on_fresh(run) for seed, run in runs.items()}
    assert ranked_on_fresh(runs, whole) == {TASK}
    for partly in ({0: whole[0]}, {0: whole[0], 1: on_fresh(runs[1], **changes)}, {}):
        assert ranked_on_fresh(runs, partly) == set()
        assert ranked_records(runs, partly, load_suite(SUITE)) == runs


def test_harder_prompts_do_not_count_against_a_model() -> None:
    rng = np.random.default_rng(0)
    exact = rng.gamma(2.0, size=COUNT)
    zero = 3 + rng.gamma(2.0, size=COUNT)
    frozen = PromptSample(zero, zero, exact)
    harder = PromptSample(1.2 * (exact + 1) + 0.1 * rng.normal(size=COUNT), zero, exact + 1)
    errors = errors_by_fresh(frozen, harder)
    assert errors.mean() == pytest.approx(1.2 * exact.mean(), abs=0.02)
    assert np.corrcoef(errors, exact)[0, 1] > 0.9  # pairs with other models on the frozen prompts


def test_pages_and_data_say_by_what_a_model_is_ranked() -> None:
    honest = record(NAME, 0.2)
    cheat = memorised(honest)
    said = submission([cheat], MARKUP)
    by_name = {}
    for fresh in ({}, {0: on_fresh(honest)}):
        submitted = type(said)(**(vars(said) | {"fresh": fresh}))
        site = small_site([Entry(NAME, [cheat], submitted)])
        (model,) = site.boards[0].data.models
        by_name[bool(fresh)] = model
        page = text(pages(site, models)[f"{SUITE}/models/user__model.html"])
        board = text(pages(site, boards)["index.html"])
        assert ("The board ranks it by these prompts on decision tree" in page) == bool(fresh)
        assert ("Submissions are ranked by fresh prompts" in board) == bool(fresh)
        assert model.ranked_on_fresh == [TASK] * bool(fresh)
    gains = {on: model.tasks[TASK].estimates["gain"].value for on, model in by_name.items()}
    assert gains[False] > 1
    assert gains[True] == pytest.approx(0.8, abs=0.1)
    assert by_name[False].above_exact == [TASK]
    assert by_name[True].above_exact == []
