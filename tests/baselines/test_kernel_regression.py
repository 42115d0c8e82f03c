"""One factorisation a prompt against a dense solve a prompt and context length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_bench.baselines.kernel_regression import LEAST_NOISE, posterior_means


@given(
    batch=st.integers(1, 3),
    points=st.integers(1, 12),
    k=st.integers(1, 3),
    power=st.integers(-60, 60),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_it_is_the_dense_solve_of_every_prefix(batch, points, k, power, seed):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** (power + rng.integers(-3, 4, size=(batch, points)))  # of each point's deviation
    root = rng.normal(size=(batch, points, points))
    covariance = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(points)
    covariance *= scale[:, :, None] * scale[:, None, :]
    ys = rng.normal(size=(batch, points, k)) * scale[:, :, None]
    means = posterior_means(covariance, ys)
    for prompt in range(batch):
        unit = covariance[prompt] / np.outer(scale[prompt], scale[prompt])
        for i in range(points):
            weights = np.linalg.solve(unit[:i, :i], unit[:i, i])
            expected = weights @ (ys[prompt, :i] / scale[prompt, :i, None])
            np.testing.assert_allclose(means[prompt, i] / scale[prompt, i], expected, rtol=1e-8, atol=1e-9)


def test_a_point_of_variance_zero_is_answered_by_zero_and_tells_nothing():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(1, 6, 6))
    covariance, ys = root @ root.transpose(0, 2, 1), rng.normal(size=(1, 6, 2))
    without = posterior_means(np.delete(np.delete(covariance, 2, 1), 2, 2), np.delete(ys, 2, 1))
    covariance[:, 2] = covariance[:, :, 2] = 0
    means = posterior_means(covariance, ys)
    assert not means[:, 2].any()
    np.testing.assert_allclose(np.delete(means, 2, 1), without, rtol=1e-10)


@pytest.mark.parametrize("noise", [LEAST_NOISE, 1e-4, 1.0])
def test_copies_of_one_point_are_answered_by_their_mean(noise):
    ys = np.random.default_rng(0).normal(size=(1, 400, 1))
    means = posterior_means(np.ones((1, 400, 400)) + noise * np.eye(400), ys)[0, 1:, 0]
    count = np.arange(1, 400)
    expected = np.cumsum(ys[0, :-1, 0]) / (count + noise)
    np.testing.assert_allclose(means, expected, atol=1e-12 + 1e-14 / noise)  # rounding beside the noise
