"""The dynamic programme over label groups against every tree, one by one, and against known error curves."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.tree_bayes import TreeBayes
from icl_bench.errors import InputError
from icl_bench.function_classes.decision_tree import DecisionTree
from icl_bench.suites import generate, load_suite

pytestmark = pytest.mark.slow


def leaves_of(nodes: tuple[int, ...], xs: np.ndarray) -> np.ndarray:
    """Which leaf of the tree with these node coordinates, in the order of a heap, each of xs reaches."""
    place = np.zeros(len(xs), int)
    while place[0] < len(nodes):
        place = 2 * place + 1 + (xs[np.arange(len(xs)), np.array(nodes)[place]] > 0)
    return place


def mean_over_trees(xs: np.ndarray, ys: np.ndarray, depth: int) -> np.ndarray:
    """The posterior mean at every context length by going through all d^(2^depth − 1) trees."""
    trees = [leaves_of(nodes, xs) for nodes in product(range(xs.shape[1]), repeat=2**depth - 1)]
    means = np.zeros(ys.shape)
    for i in range(1, len(xs)):
        together = (ys[:i, None] == ys[None, :i]).all(axis=2)
        votes = []
        for leaves in trees:
            if ((leaves[:i, None] == leaves[None, :i]) == together).all():
                there = np.flatnonzero(leaves[:i] == leaves[i])
                votes.append(ys[there[0]] if len(there) else np.zeros(ys.shape[1]))
        means[i] = np.mean(votes, axis=0) if votes else 0.0
    return means


@given(d=st.integers(1, 3), depth=st.integers(1, 2), k=st.integers(1, 2), seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_it_is_the_mean_over_all_trees_that_group_the_context_alike(d, depth, k, seed):
    rng = np.random.default_rng(seed)
    xs = rng.normal(size=(10, d)).astype(np.float32)
    labels = rng.normal(size=(2 ** (depth + 1), k)).astype(np.float32)
    ys = labels[leaves_of(tuple(rng.integers(d, size=2**depth - 1)), xs)]
    predictions = TreeBayes(depth=depth).predict(xs[None], ys[None])[0]
    np.testing.assert_allclose(predictions, mean_over_trees(xs, ys, depth), rtol=1e-5, atol=1e-6)


@given(points=st.integers(1, 9), kinds=st.integers(1, 5), seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_targets_of_no_tree_are_answered_alike_and_by_zero_once_no_tree_fits(points, kinds, seed):
    rng = np.random.default_rng(seed)
    xs = rng.choice(np.float32([-1, 0, 1]), size=(points, 2))  # with repeated points, and 0 as not above 0
    ys = rng.integers(kinds, size=(points, 1)).astype(np.float32)
    predictions = TreeBayes(depth=2).predict(xs[None], ys[None])[0]
    np.testing.assert_allclose(predictions, mean_over_trees(xs, ys, 2), rtol=1e-5, atol=1e-6)


def test_one_coordinate_makes_two_leaves_whatever_the_depth():
    xs = np.float32([[[1], [2], [-1], [-2], [3]]])
    ys = np.float32([[[5], [5], [7], [7], [5]]])
    assert TreeBayes(depth=5).predict(xs, ys)[0, :, 0].tolist() == [0, 5, 0, 7, 5]


@pytest.mark.parametrize("target", ["constant", "all different"])
def test_prompts_with_more_points_than_any_tree_has_leaves_end_in_a_finite_answer(target):
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(3, 200, 6)).astype(np.float32)
    ys = np.ones((3, 200, 1), np.float32) if target == "constant" else rng.normal(size=(3, 200, 1))
    predictions = TreeBayes(depth=3).predict(xs, ys)
    assert np.isfinite(predictions).all()
    assert not predictions[:, 50:].any()  # 50 random points fill several leaves: one label cannot be right


def test_its_error_falls_as_known_from_theory_at_paper_size():
    # reference figures for d = 20, depth 4 and leaves of variance 1
    expected = {5: 0.96, 20: 0.62, 40: 0.22, 70: 0.05, 100: 0.01}
    task = load_suite("paper").tasks["decision_tree"]
    xs, ys, _ = generate(task, "paper-v1", "dev", 0, 1_000)
    squared = (get_baseline("tree_bayes", task).predict(xs, ys) - ys)[:, :, 0].astype(np.float64) ** 2
    standard_error = squared.std(axis=0) / np.sqrt(len(xs))
    for i, error in expected.items():
        assert abs(squared[:, i].mean() - error) <= 3 * standard_error[i] + 0.01, i


def test_it_answers_decision_trees_up_to_a_depth_alone():
    tasks = load_suite("mini").tasks
    assert get_baseline("tree_bayes", tasks["decision_tree"]).depth == 2
    with raises(InputError, "other-task-only", naming="tree_bayes"):
        get_baseline("tree_bayes", tasks["linear_regression"])
    deep = tasks["decision_tree"].model_copy(update={"function_class": DecisionTree(dims=4, depth=6)})
    with raises(InputError, "too-deep", naming=(5, 6)):
        get_baseline("tree_bayes", deep)


def test_it_refuses_sizes_that_would_take_too_long():
    xs, ys = np.ones((1, 3, 200), np.float32), np.ones((1, 3, 1), np.float32)
    with raises(InputError, "too-many-hypotheses", naming=("200 ", "depth 4")):
        TreeBayes(depth=4).predict(xs, ys)
