"""Greedy trees against scikit-learn's, wherever its answer does not hang on how it breaks ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.decision_tree import DecisionTree, UnlimitedDecisionTree
from icl_bench.suites import find_task, generate

TIES = 40  # random states: with 3 coordinates, all take the same side of a tie in one case of a million


def scikit_answers(xs: np.ndarray, ys: np.ndarray, depth: int | None, states: int) -> np.ndarray:
    """The answer to the last point of one prompt, from the points before it: (states, k)."""
    trees = [
        DecisionTreeRegressor(max_depth=depth, random_state=state).fit(xs[:-1], ys[:-1].astype(np.float64))
        for state in range(states)
    ]
    return np.stack([tree.predict(xs[-1:]).reshape(-1) for tree in trees])


def tree(depth: int | None) -> DecisionTree | UnlimitedDecisionTree:
    return UnlimitedDecisionTree() if depth is None else DecisionTree(depth=depth)


def prompts(seed: int, points: int, d: int, k: int, values: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole targets, so that sums are exact and ties are ties, and inputs of `values` different numbers."""
    rng = np.random.default_rng(seed)
    xs = rng.integers(values, size=(1, points, d)) / np.float32(4)
    return xs.astype(np.float32), rng.integers(-(2**18), 2**18, size=(1, points, k)).astype(np.float32)


@pytest.mark.slow
@given(
    points=st.integers(2, 24),
    d=st.integers(1, 3),
    k=st.integers(1, 2),
    values=st.sampled_from([2, 5, 1000]),
    depth=st.sampled_from([1, 2, 4, None]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_the_answer_is_scikit_learns_wherever_no_tie_decides(points, d, k, values, depth, seed):
    xs, ys = prompts(seed, points, d, k, values)
    expected = scikit_answers(xs[0], ys[0], depth, TIES)
    spread = np.ptp(expected, axis=0).max()
    if spread <= 1e-6 * np.abs(ys).max():  # all of its trees agree
        answers = tree(depth).predict(xs, ys)[0, -1]
        np.testing.assert_allclose(answers, expected[0], rtol=1e-6, atol=1e-6 * np.abs(ys).max())


@pytest.mark.parametrize("depth", [1, 2])
def test_shallow_trees_at_paper_size_are_scikit_learns(depth):
    # with many points in every node ties do not happen, so every answer must agree
    suite, task = find_task("paper/two_layer_mlp")
    xs, ys, _ = generate(task, suite.name, "dev", 0, 8)
    answers = DecisionTree(depth=depth).predict(xs, ys)
    for prompt in range(8):
        expected = scikit_answers(xs[prompt], ys[prompt], depth, 1)
        assert answers[prompt, -1, 0] == pytest.approx(expected[0, 0], rel=1e-5)


@pytest.mark.parametrize("depth", [4, None])
def test_its_mean_error_is_scikit_learns_where_ties_are_broken_at_random(depth):
    suite, task = find_task("mini/decision_tree")
    xs, ys, _ = generate(task, suite.name, "dev", 0, 300)
    ours = np.square(tree(depth).predict(xs, ys)[:, -1, 0] - ys[:, -1, 0])
    answers = [scikit_answers(x, y, depth, 1)[0, 0] for x, y in zip(xs, ys, strict=True)]
    theirs = np.square(np.array(answers) - ys[:, -1, 0])
    difference = ours - theirs
    assert abs(difference.mean()) <= 4 * difference.std() / np.sqrt(len(difference)) + 1e-6


def test_of_equal_splits_the_first_coordinate_and_the_lowest_threshold_are_taken():
    xs = np.float32([[[0, 0], [1, 1], [0, 1]]])
    ys = np.float32([[[5], [9], [0]]])
    assert DecisionTree().predict(xs, ys)[0, :, 0].tolist() == [0, 5, 5]  # on coordinate 1 it were 9
    xs = np.float32([[[0], [1], [2], [2]]])
    ys = np.float32([[[3], [0], [3], [0]]])
    assert DecisionTree(depth=1).predict(xs, ys)[0, 3, 0] == 1.5  # {0} and {1, 2}, not {0, 1} and {2}


def test_a_point_half_way_between_two_others_goes_below():
    xs = np.float32([[[0], [2], [1]]])
    assert DecisionTree().predict(xs, np.float32([[[5], [9], [0]]]))[0, 2, 0] == 5


def test_an_unlimited_tree_remembers_every_input():
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(3, 20, 4)).astype(np.float32)
    ys = rng.normal(size=(3, 20, 2)).astype(np.float32)
    again = np.concatenate([xs, xs[:, 7:8]], axis=1), np.concatenate([ys, ys[:, :1]], axis=1)
    np.testing.assert_allclose(UnlimitedDecisionTree().predict(*again)[:, -1], ys[:, 7], rtol=1e-6)


@pytest.mark.parametrize("power", [-30, -12, 12, 30])
def test_a_change_of_scale_changes_nothing_else(power):
    xs, ys = prompts(3, 30, 3, 1, 1000)
    scale = np.float32(2.0**power)
    for baseline in (DecisionTree(), UnlimitedDecisionTree()):
        np.testing.assert_array_equal(
            baseline.predict(xs * scale, ys * scale), scale * baseline.predict(xs, ys)
        )


def test_both_are_found_by_name():
    _, task = find_task("mini/decision_tree")
    assert get_baseline("decision_tree", task).depth == 4
    assert get_baseline("decision_tree_unlimited", task).depth is None
