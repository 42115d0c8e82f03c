"""Ranks say what they cannot separate, and are what their definition says, computed here the long way."""

import json
from itertools import pairwise

import numpy as np
import pytest
import yaml
from scipy.stats import norm

import icl_bench
from icl_bench.ranking.board import Board
from icl_bench.ranking.compare import compare_contenders
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

TASKS = ["linear_regression", "sparse_parity"]


@pytest.fixture
def suite(own):
    """A suite of two tasks."""
    for path in (own.folder / "suite.yaml", own.lock_path):
        value = yaml.safe_load(path.read_text())
        tasks = TASKS if path.name == "suite.yaml" else {name: value["tasks"][name] for name in TASKS}
        path.write_text(json.dumps(value | {"tasks": tasks}))
    return load_suite("tiny")


@pytest.fixture
def zero() -> dict[str, np.ndarray]:
    record = icl_bench.evaluate("baseline/zero", "tiny", TASKS)
    return {task: np.array(result.prompt_errors) for task, result in record.tasks.items()}


def model(
    name: str, zero: dict[str, np.ndarray], share: float, noise: float = 0.05, runs: int = 1
) -> Contender:
    """A model that leaves about this share of zero's error, in each run."""
    rng = np.random.default_rng(sum(name.encode()))
    drawn = {
        task: {seed: errors * np.abs(share + noise * rng.normal(size=len(errors))) for seed in range(runs)}
        for task, errors in zero.items()
    }
    return Contender(name, drawn)


def test_the_best_mean_is_first_and_what_lacks_a_task_is_last_without_a_rank(suite, zero):
    good, bad = model("good", zero, 0.2), model("bad", zero, 0.6)
    part = Contender("part", {TASKS[0]: model("part", zero, 0.01).runs[TASKS[0]]})
    board = Board(suite, [bad, part, good], [model("base", zero, 0.1)])
    assert [model.name for model in board.models] == ["good", "bad", "part"]
    assert [model.rank and model.rank.place for model in board.models] == [1, 2, None]
    assert board.models[2].mean is None
    assert list(board.models[2].scores) == [TASKS[0]]
    assert [(baseline.name, baseline.rank) for baseline in board.baselines] == [("base", None)]
    assert board.baselines[0].mean.value > board.models[0].mean.value


def half_width(drawn: np.ndarray) -> float:
    return np.ptp(np.quantile(drawn, [0.025, 0.975])) / 2


def test_ranks_means_and_groups_are_as_defined(suite, zero):
    shares = {"a": 0.30, "b": 0.302, "c": 0.31, "d": 0.33, "e": 0.5}
    models = [model(name, zero, share, noise=0.2) for name, share in shares.items()]
    board = Board(suite, models)
    drawn = np.mean(
        [sample_task(suite, task, models)["score"].resampled for task in TASKS], axis=0
    )  # (resamples, models)
    names = [model.name for model in models]
    for standing in board.models:
        k = names.index(standing.name)
        ranks = sorted(1 + (row > row[k]).sum() for row in drawn)
        assert (standing.rank.low, standing.rank.high) == (ranks[49], ranks[1949])  # of 2,000
        low, high = np.quantile(drawn[:, k], [0.025, 0.975])
        assert (standing.mean.low, standing.mean.high) == pytest.approx((low, high))
        scores = [estimate.value for estimate in standing.scores.values()]
        assert standing.mean.value == pytest.approx(np.mean(scores))
    expected, leader = [1], 0
    order = [names.index(model.name) for model in board.models]
    for k in range(1, len(order)):
        pairs = (len(order) - leader) * (len(order) - leader - 1) // 2
        apart = drawn[:, order[leader]] - drawn[:, order[k]]
        gap = board.models[leader].mean.value - board.models[k].mean.value
        separated = gap > norm.ppf(1 - 0.025 / pairs) / norm.ppf(0.975) * half_width(apart)
        leader = k if separated else leader
        expected.append(expected[-1] + separated)
    assert [model.rank.group for model in board.models] == expected
    assert 1 < max(expected) < len(models)
    widths = [half_width(drawn[:, a] - drawn[:, b]) for a, b in pairwise(order)]
    assert board.resolvable == pytest.approx(np.median(widths))


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_equal_models_are_in_one_group_on_95_of_100_boards(suite, zero, runs):
    """Where training seeds are all that differs, on one task more than on the other."""
    rng, trials, apart = np.random.default_rng(runs), 60, 0
    for _ in range(trials):
        models = [
            Contender(
                name,
                {
                    task: {seed: errors * rng.normal(0.5, noise) for seed in range(runs)}
                    for (task, errors), noise in zip(zero.items(), (0.1, 0.01), strict=True)
                },
            )
            for name in "abcdef"
        ]
        apart += max(model.rank.group for model in Board(suite, models).models) > 1
    assert apart / trials <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / trials)


def test_equal_models_share_their_place_and_group(suite, zero):
    twin = model("a", zero, 0.4)
    board = Board(suite, [twin, Contender("b", twin.runs), model("c", zero, 0.8)])
    ranks = [model.rank for model in board.models]
    assert [(rank.place, rank.group) for rank in ranks] == [(1, 1), (1, 1), (3, 2)]
    assert [(rank.low, rank.high) for rank in ranks] == [(1, 1), (1, 1), (3, 3)]


def test_the_order_in_which_models_come_changes_nothing(suite, zero):
    models = [model(name, zero, 0.3, runs=1 + (name == "b")) for name in "abcd"]
    assert Board(suite, models).models == Board(suite, models[::-1]).models


def test_several_runs_are_counted_and_widen_the_interval(suite, zero):
    single = model("one", zero, 0.4)
    spread = {
        task: {0: 0.7 * errors[0], 1: errors[0], 2: 1.3 * errors[0]} for task, errors in single.runs.items()
    }
    once, thrice = (Board(suite, [Contender("x", runs)]).models[0] for runs in (single.runs, spread))
    assert (once.runs[TASKS[0]], thrice.runs[TASKS[0]]) == (1, 3)
    assert thrice.mean.high - thrice.mean.low > 2 * (once.mean.high - once.mean.low)


def test_differences_are_those_of_compare_on_fewer_prompts_too(suite, zero):
    a, b = model("a", zero, 0.3), model("b", zero, 0.4)
    few = Contender(
        "few", {task: {0: errors[0][:50]} for task, errors in model("few", zero, 0.5).runs.items()}
    )
    board = Board(suite, [a, b], [few])
    by_other = board.differences("a", ["few", "b"])
    assert by_other == {"few": compare_contenders(suite, a, few), "b": compare_contenders(suite, a, b)}
    assert [difference.prompts for difference in by_other["few"][:2]] == [50, 50]
    assert board.baselines[0].mean.prompts == 50


@pytest.mark.parametrize("order", [["part", "b", "whole"], ["b", "whole", "part"]])
def test_differences_are_those_of_compare_where_one_lacks_a_task(suite, zero, order):
    models = {name: model(name, zero, 0.3 + k / 10) for k, name in enumerate(("a", "b", "whole"))}
    models["part"] = Contender("part", {TASKS[1]: model("part", zero, 0.6).runs[TASKS[1]]})
    by_other = Board(suite, list(models.values())).differences("a", order)
    assert by_other == {name: compare_contenders(suite, models["a"], models[name]) for name in order}
    assert [len(by_other[name]) for name in ("part", "b")] == [1, 3]  # no mean where a task is missing


def test_an_empty_board_is_one_too(suite):
    board = Board(suite, [])
    assert (board.models, board.baselines, board.resolvable) == ([], [], None)
