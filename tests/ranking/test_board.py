"""Places say what they cannot separate, and are what their definition says, computed here the long way."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from scipy.stats import t as student

import icl_bench
from icl_bench.leaderboard.terminal import notes
from icl_bench.ranking.board import Board
from icl_bench.ranking.differences import GRADED, MEAN, compare_contenders
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.ranking.spread import holm
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


def test_the_best_mean_is_first_and_what_lacks_a_task_is_last_without_a_place(suite, zero):
    good, bad = model("good", zero, 0.2, runs=3), model("bad", zero, 0.6, runs=3)
    part = Contender("part", {TASKS[0]: model("part", zero, 0.01, runs=3).runs[TASKS[0]]})
    board = Board(suite, [bad, part, good], [model("baseline/base", zero, 0.1)])
    assert [model.name for model in board.models] == ["good", "bad", "part"]
    assert [str(model.places.get(MEAN)) for model in board.models] == ["1", "2", "None"]
    assert board.models[2].mean is None
    assert board.models[2].unplaced
    assert list(board.models[2].scores) == [TASKS[0]]
    assert [(baseline.name, baseline.places) for baseline in board.baselines] == [("baseline/base", {})]
    assert board.baselines[0].mean.value > board.models[0].mean.value


@pytest.mark.parametrize("runs", [1, 2])
def test_fewer_than_three_runs_of_a_task_give_no_place_and_others_theirs(suite, zero, runs):
    few = Contender(
        "few",
        {**model("few", zero, 0.1, runs=3).runs, TASKS[1]: model("few", zero, 0.1, runs=runs).runs[TASKS[1]]},
    )
    board = Board(suite, [few, model("good", zero, 0.2, runs=3), model("bad", zero, 0.6, runs=3)])
    assert [(each.name, str(each.places.get(MEAN))) for each in board.models] == [
        ("few", "None"),
        ("good", "1"),
        ("bad", "2"),
    ]
    assert "3 training runs" in board.models[0].unplaced
    assert [each.one_run for each in board.models] == [runs == 1, False, False]


def test_means_and_places_are_as_defined(suite, zero):
    """Every number of a board again, from errors, for models of which each has a deviation of its own."""
    shares = {"a": 0.30, "b": 0.302, "c": 0.31, "d": 0.33, "e": 0.5}
    models = [model(name, zero, share, noise=0.2, runs=3) for name, share in shares.items()]
    board = Board(suite, models)
    sampled = {task: sample_task(suite, task, models)["gain"] for task in TASKS}
    values = np.mean([each.values for each in sampled.values()], axis=0)
    seeds = [each.seeds.variance / 3 / 4 for each in sampled.values()]  # of the mean over two tasks
    names = [each.name for each in models]
    p_values = {}
    for k in range(5):
        prompts = sum(np.var(each.resampled[:, k]) for each in sampled.values()) / 4
        total = prompts + sum(seeds)
        degrees = total**2 / sum(part**2 / 10 for part in seeds)
        low, high = student(degrees, values[k], np.sqrt(total)).interval(0.95)
        (standing,) = (each for each in board.models if each.name == names[k])
        assert standing.mean.value == pytest.approx(values[k])
        assert (standing.mean.low, standing.mean.high) == pytest.approx((low, high))
        for other in range(k):
            drawn = [each.resampled[:, k] - each.resampled[:, other] for each in sampled.values()]
            total = sum(np.var(each) for each in drawn) / 4 + 2 * sum(seeds)
            degrees = total**2 / sum((2 * part) ** 2 / 10 for part in seeds)
            gap = values[k] - values[other]
            p_values[k, other] = 2 * student(degrees).sf(abs(gap) / np.sqrt(total))
    corrected = dict(zip(p_values, holm(np.array(list(p_values.values()))), strict=True))
    for k in range(5):
        better = [
            pair
            for pair, p in corrected.items()
            if k in pair and p < 0.05 and values[sum(pair) - k] > values[k]
        ]
        (standing,) = (each for each in board.models if each.name == names[k])
        assert standing.places[MEAN].number == 1 + len(better)
    assert 1 < len({each.places[MEAN].number for each in board.models}) < 5


def test_places_are_given_within_a_division(suite, zero):
    """What is open takes no place from what is closed, nor changes what it is tested against."""
    shares = {"a": (0.2, "open"), "b": (0.4, "closed"), "c": (0.6, "closed"), "d": (0.8, "open")}
    models = [
        replace(model(name, zero, share, runs=3), division=division)
        for name, (share, division) in shares.items()
    ]
    board = Board(suite, models)
    assert [(each.name, each.division) for each in board.models] == [
        (name, division) for name, (_, division) in shares.items()
    ]
    assert [str(each.places[MEAN]) for each in board.models] == ["1", "1", "2", "2"]
    twins = [replace(models[1], name="twin", division="open"), models[1]]
    assert [str(each.places[MEAN]) for each in Board(suite, twins).models] == ["1", "1"]


def test_equal_models_share_their_place(suite, zero):
    twin = model("a", zero, 0.4, runs=3)
    board = Board(suite, [twin, Contender("b", twin.runs), model("c", zero, 0.8, runs=3)])
    assert [str(each.places[MEAN]) for each in board.models] == ["1=", "1=", "3"]


def test_the_headline_is_the_mean_over_graded_tasks(suite, zero):
    """Where a task is all or nothing, it is counted how many runs learned it."""
    task = suite.task(TASKS[1]).model_copy(update={"learned_at": 0.9})
    two_kinds = replace(suite, tasks={**suite.tasks, TASKS[1]: task})
    shares = {TASKS[0]: (0.3, 0.31, 0.32), TASKS[1]: (0.01, 0.6, 0.02)}
    runs = {name: {k: share * zero[name] for k, share in enumerate(of)} for name, of in shares.items()}
    (standing,) = Board(two_kinds, [Contender("x", runs)]).models
    assert standing.graded == standing.estimates["gain"][TASKS[0]].model_copy(
        update={"low": standing.graded.low, "high": standing.graded.high}
    )
    assert (standing.learned[TASKS[1]].learned, standing.learned[TASKS[1]].runs) == (2, 3)
    assert list(standing.learned) == [TASKS[1]]
    assert set(standing.places) == {GRADED, MEAN}
    assert standing.mean.value == pytest.approx(
        np.mean([np.mean(list(gains.values())) for gains in standing.gains.values()])
    )


def test_means_are_of_each_metric(suite, zero):
    (standing,) = Board(suite, [model("x", zero, 0.3)]).models
    for metric, means in standing.means.items():
        expected = np.mean([estimate.value for estimate in standing.estimates[metric].values()])
        assert means[MEAN].value == pytest.approx(expected)
    assert standing.means["gain"][MEAN].value != pytest.approx(standing.means["score"][MEAN].value)


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


@pytest.mark.parametrize(("runs", "known"), [(1, False), (2, True)])
def test_a_board_says_whether_it_knows_what_other_runs_would_change(suite, zero, runs, known):
    board = Board(suite, [model("good", zero, 0.2, runs=runs), model("bad", zero, 0.6)])
    assert board.resolvable is not None
    assert board.run_spread_known is known
    apart = next(
        note for note in notes(board, board.models, (), (), (), {}, wide=True) if "told apart" in note
    )
    assert ("no model has two" in " ".join(apart.split())) is not known


def test_an_empty_board_is_one_too(suite):
    board = Board(suite, [])
    assert (board.models, board.baselines, board.resolvable) == ([], [], None)
