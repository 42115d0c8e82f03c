"""The covariance against that of the networks themselves, and the answers against what is known of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.nngp import NNGP, arc_cosine_kernel
from icl_bench.function_classes.streams import raw_words
from icl_bench.function_classes.two_layer_mlp import TwoLayerMLP
from icl_bench.suites import generate, load_suite


def networks(
    prompts: int, points: int, dims: int, width: int
) -> tuple[np.ndarray, np.ndarray, TwoLayerMLP, dict]:
    function_class = TwoLayerMLP(dims=dims, width=width)
    raw = raw_words("tests/nngp/dev", 0, prompts, function_class.words(points))
    xs, parameters = function_class.sample(raw, points)
    return xs, function_class.evaluate(parameters, xs), function_class, parameters


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("width", [1, 6])
def test_the_covariance_is_that_of_the_networks_at_any_width(width):
    xs, _, function_class, parameters = networks(40_000, 4, 3, width)
    shared = np.concatenate([xs[0], -xs[0, :1]])  # the same points for every network, two of them opposite
    ys = function_class.evaluate(parameters, np.broadcast_to(shared, (len(xs), 5, 3)))[:, :, 0]
    products = ys[:, :, None] * ys[:, None, :]
    expected = width / 2 * arc_cosine_kernel(shared[None].astype(np.float64))[0]
    standard_error = products.std(axis=0) / np.sqrt(len(xs))
    assert (np.abs(products.mean(axis=0) - expected) <= 4 * standard_error + 1e-12).all()


@given(points=st.integers(1, 12), d=st.integers(2, 5), k=st.integers(1, 2), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_it_is_a_dense_solve_a_context_length(points, d, k, seed):
    xs, ys = normal(seed, 1, points, d), normal(seed + 1, 1, points, k)
    covariance = arc_cosine_kernel(xs.astype(np.float64))[0]
    covariance[np.diag_indices(points)] *= 1 + 1e-10
    predictions = NNGP().predict(xs, ys)[0]
    for i in range(points):
        weights = np.linalg.solve(covariance[:i, :i], covariance[:i, i])
        size = 1 + np.abs(weights) @ np.abs(ys[0, :i])
        assert (np.abs(predictions[i] - weights @ ys[0, :i]) <= 1e-5 * size).all()


def test_in_one_dimension_a_point_on_either_side_tells_the_whole_function():
    xs, ys, _, _ = networks(50, 30, 1, 8)
    predictions = NNGP().predict(xs, ys)
    positive, negative = (np.maximum.accumulate(sign * xs > 0, axis=1) for sign in (1, -1))
    seen = np.zeros_like(positive)
    seen[:, 1:] = (positive & negative)[:, :-1]
    assert seen.mean() > 0.8
    np.testing.assert_allclose(predictions[seen], ys[seen], rtol=1e-4, atol=1e-4)


def test_repeated_points_are_answered_as_before_and_the_origin_by_zero():
    xs, ys = normal(0, 3, 6, 4).repeat(2, axis=1), normal(1, 3, 6, 1).repeat(2, axis=1)
    xs[:, 8] = 0
    predictions = NNGP().predict(xs, ys)
    again = [1, 3, 5, 7, 11]
    np.testing.assert_allclose(predictions[:, again], ys[:, again], rtol=1e-4)
    assert not predictions[:, 8].any()


def test_contradicting_targets_of_one_point_are_averaged():
    xs = np.broadcast_to(normal(0, 1, 1, 3), (1, 40, 3))
    ys = normal(1, 1, 40, 1)
    expected = np.cumsum(ys[0, :-1, 0]) / np.arange(1, 40)
    np.testing.assert_allclose(NNGP().predict(xs, ys)[0, 1:, 0], expected, atol=1e-4)


def test_its_mean_error_is_the_known_one_at_paper_size():
    # reference figure over 101 points: 0.30 of the error of answering 0, where least squares is far above 1
    task = load_suite("paper").tasks["two_layer_mlp"]
    xs, ys, _ = generate(task, "paper-v1", "dev", 0, 256)

    def errors(name: str) -> np.ndarray:
        predictions = get_baseline(name, task).predict(xs, ys)
        return np.square(predictions - ys, dtype=np.float64).mean(axis=(1, 2))

    zero, excess = errors("zero"), errors("nngp") - 0.30 * errors("zero")
    assert abs(excess.mean()) <= 3 * excess.std() / np.sqrt(len(xs)) + 0.005 * zero.mean()
    assert errors("least_squares").mean() > 1.5 * zero.mean()
