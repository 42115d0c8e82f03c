"""Draws follow their priors, within the sampling error that their number allows."""

import numpy as np
import pytest
from small_classes import draw, same, small

from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.suite import FUNCTION_CLASSES

PROMPTS = 4_000
SIGMAS = 5.0


def sample(points: int, prompts: int = PROMPTS, **spec) -> tuple:
    return draw(FUNCTION_CLASSES.parse(spec), prompts, points, key="draws")


def assert_mean(values: np.ndarray, expected: float, variance: float) -> None:
    """The mean of independent values is within five standard errors."""
    assert abs(values.mean() - expected) < SIGMAS * (variance / values.size) ** 0.5


def assert_standard_normal(values: np.ndarray) -> None:
    assert_mean(values, 0.0, 1.0)
    assert_mean(values.astype(np.float64) ** 2, 1.0, 2.0)


def zero_error(ys: np.ndarray) -> np.ndarray:
    """The squared error of the answer 0, one number a prompt."""
    return (ys.astype(np.float64) ** 2).mean(axis=(1, 2))


def assert_zero_error(ys: np.ndarray, expected: float) -> None:
    errors = zero_error(ys)
    assert_mean(errors, expected, errors.var())


def test_linear_regression():
    xs, ys, parameters = sample(6, type="linear_regression", dims=20)
    assert_standard_normal(xs)
    assert_standard_normal(parameters["w"])
    assert_zero_error(ys, 20.0)


def test_sparse_linear_regression():
    _, ys, parameters = sample(6, type="sparse_linear_regression", dims=20, sparsity=3)
    active = parameters["w"] != 0
    assert (active.sum(axis=1) == 3).all()
    assert_standard_normal(parameters["w"][active])
    share = 3 / 20
    for coordinate in active.T:
        assert_mean(coordinate, share, share * (1 - share))
    assert_zero_error(ys, 3.0)


@pytest.mark.parametrize("active", [3, 5, 12])
def test_a_curriculum_keeps_sparse_weights_on_active_coordinates(active):
    """As by Garg et al. and Campbell et al.; drawn from all 20, many prompts would be 0 throughout."""
    function_class = FUNCTION_CLASSES.parse({"type": "sparse_linear_regression", "dims": 20, "sparsity": 3})
    raw = raw_words("draws", 0, PROMPTS, function_class.words(6))
    xs, parameters = function_class.sample_active(raw, 6, active)
    kept = parameters["w"] != 0
    assert (kept.sum(axis=1) == 3).all()
    assert not kept[:, active:].any()
    share = 3 / active
    for coordinate in kept[:, :active].T if active > 3 else []:
        assert_mean(coordinate, share, share * (1 - share))
    assert_standard_normal(parameters["w"][kept])
    assert_zero_error(function_class.evaluate(parameters, xs), 3.0)


def test_with_fewer_active_coordinates_than_weights_all_are_kept():
    function_class = FUNCTION_CLASSES.parse({"type": "sparse_linear_regression", "dims": 20, "sparsity": 3})
    raw = raw_words("draws", 0, PROMPTS, function_class.words(6))
    xs, parameters = function_class.sample_active(raw, 6, 2)
    assert ((parameters["w"] != 0) == (np.arange(20) < 2)).all()
    assert_zero_error(function_class.evaluate(parameters, xs), 2.0)


@pytest.mark.parametrize("name", ["linear_regression", "two_layer_mlp", "decision_tree", "sparse_parity"])
def test_a_curriculum_hides_inputs_alone_where_the_sources_do(name):
    """Both sources draw these functions from all coordinates, whatever is active."""
    function_class = small(name)
    raw = raw_words("draws", 0, 100, function_class.words(6))
    assert same(function_class.sample_active(raw, 6, 1)[1], function_class.sample(raw, 6)[1])


def test_two_layer_mlp():
    """The paper's targets, not rescaled: the error of 0 is dims · width / 2 = 1,000."""
    _, ys, parameters = sample(4, prompts=1_000, type="two_layer_mlp", dims=20, width=100)
    assert_standard_normal(parameters["W1"])
    assert_standard_normal(parameters["W2"])
    assert_zero_error(ys, 1_000.0)


def test_decision_tree():
    xs, ys, parameters = sample(6, type="decision_tree", dims=20, depth=4)
    assert_standard_normal(xs)
    assert_standard_normal(parameters["leaves"])
    nodes = parameters["nodes"].ravel()
    counts = np.bincount(nodes, minlength=20)
    assert len(counts) == 20
    assert np.abs(counts - nodes.size / 20).max() < SIGMAS * (nodes.size * 0.05 * 0.95) ** 0.5
    assert_zero_error(ys, 1.0)


def test_the_leaves_of_a_tree_differ():
    _, _, parameters = sample(2, type="decision_tree", dims=20, depth=4)
    assert (np.diff(np.sort(parameters["leaves"], axis=1), axis=1) > 0).all()


def test_sparse_parity():
    xs, ys, parameters = sample(6, type="sparse_parity", dims=10, sparsity=2)
    assert set(np.unique(xs)) == {-1.0, 1.0}
    assert_mean(xs, 0.0, 1.0)
    assert_mean(ys, 0.0, 1.0)
    first, second = parameters["subset"].T
    counts = np.bincount(first * 10 + second, minlength=100)
    assert np.count_nonzero(counts) == 45
    assert np.abs(counts[counts > 0] - PROMPTS / 45).max() < SIGMAS * (PROMPTS / 45) ** 0.5


@pytest.mark.parametrize("dims", [2, 20])
def test_vector_mqar(dims):
    xs, ys, parameters = sample(9, type="vector_mqar", dims=dims)
    for vectors in (xs[:, :-1], parameters["values"]):
        assert np.abs((vectors.astype(np.float64) ** 2).sum(axis=2) - dims).max() < 1e-6 * dims
        assert_mean(vectors[..., 0], 0.0, 1.0)
        # a coordinate's square has mean 1 and fourth moment 3d / (d + 2) on the sphere of radius sqrt(d)
        assert_mean(vectors[..., 0].astype(np.float64) ** 2, 1.0, 3 * dims / (dims + 2) - 1)
    repeats = (xs[:, -1:] == xs[:, :-1]).all(axis=2)
    assert (repeats.sum(axis=1) == 1).all()
    assert np.abs(repeats.sum(axis=0) - PROMPTS / 8).max() < SIGMAS * (PROMPTS / 8) ** 0.5
    assert np.array_equal(ys[:, -1], parameters["values"][repeats])
