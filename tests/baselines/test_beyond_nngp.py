"""nngp is the best predictor that is linear in y. Sampling the networks, which is not linear, does better."""

import numpy as np
import pytest
from jaxtyping import Float

from icl_bench.baselines.base import get_baseline
from icl_bench.function_classes.two_layer_mlp import TwoLayerMLP
from icl_bench.suites import generate, load_suite

PROMPTS = 1_024
NETWORKS = 1_000
LONGEST = 14  # context lengths from here on have too few networks of any weight
NOISE = 1e-6  # of the targets, whose variance is about 40


def posterior_means(
    xs: Float[np.ndarray, "prompts points d"], ys: Float[np.ndarray, "prompts points"], width: int
) -> Float[np.ndarray, "prompts points"]:
    """E[y | W1, context] averaged over draws of W1, weighted by the likelihood of the context.

    Given W1 the targets are Gaussian, with covariance H Hᵀ for the hidden units H = relu(x W1).
    """
    prompts, points, d = xs.shape
    W1 = np.random.default_rng(0).normal(size=(NETWORKS, d, width))
    means = np.zeros((prompts, points))
    for prompt in range(prompts):
        hidden = np.maximum(xs[prompt] @ W1, 0)
        root = np.linalg.cholesky(hidden @ hidden.transpose(0, 2, 1) + NOISE * np.eye(points))
        whitened = np.zeros((NETWORKS, points))
        log_likelihood = np.zeros(NETWORKS)
        for i in range(points):
            weights = np.exp(log_likelihood - log_likelihood.max())
            given = (root[:, i, :i] * whitened[:, :i]).sum(axis=1)
            means[prompt, i] = weights @ given / weights.sum()
            whitened[:, i] = (ys[prompt, i] - given) / root[:, i, i]
            log_likelihood -= whitened[:, i] ** 2 / 2 + np.log(root[:, i, i])
    return means


@pytest.mark.slow
def test_the_average_of_nngp_and_of_sampled_networks_has_an_optimality_above_1():
    task = load_suite("mini").task("two_layer_mlp")
    assert isinstance(task.function_class, TwoLayerMLP)
    xs, ys, _ = generate(task, "mini-v1", "dev", 0, PROMPTS)
    linear = get_baseline("nngp", task).predict(xs, ys)[:, :, 0].astype(np.float64)
    targets = ys[:, :, 0].astype(np.float64)
    short = slice(LONGEST)
    sampled = posterior_means(xs[:, short].astype(np.float64), targets[:, short], task.function_class.width)
    average = linear.copy()
    average[:, short] = (linear[:, short] + sampled) / 2
    zero, error, lower = (np.square(answer - targets).sum(axis=1) for answer in (0, linear, average))
    gain = (error - lower) / (zero - error).mean()
    assert gain.mean() > 3 * gain.std() / np.sqrt(PROMPTS)
    assert 0.001 < gain.mean() < 0.005
