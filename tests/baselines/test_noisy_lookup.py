"""Retrieval by a noisy key, against the closed form of its weights and against cruder ones."""

import numpy as np
import pytest
from raising import raises
from scipy.special import pbdv

from icl_bench.baselines.base import get_baseline
from icl_bench.baselines.noisy_lookup import NoisyLookup
from icl_bench.errors import InputError
from icl_bench.scoring.scores import squared_errors
from icl_bench.suites import Prompts, find_task, load_prompts


@pytest.fixture(scope="module", params=["mini-shifts", "paper-shifts"])
def prompts(request) -> Prompts:
    return load_prompts(find_task(f"{request.param}/retrieval_noisy")[0], "retrieval_noisy").part(slice(256))


def weighed(weights: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The answer to the last point of each prompt."""
    return (weights[:, None] @ ys[:, :-1])[:, 0] / weights.sum(axis=1, keepdims=True)


def test_the_weights_are_those_of_the_closed_form(prompts):
    """∫_0^∞ s^(d−1) exp(−s²/2 + as) ds = Γ(d) exp(a²/4) D_{−d}(−a), D a parabolic cylinder function."""
    xs, ys = prompts.xs.astype(np.float64), prompts.ys.astype(np.float64)
    keys, query, d = xs[:, :-1], xs[:, -1], xs.shape[2]
    along = np.einsum("bjd,bd->bj", keys, query) / np.linalg.norm(query, axis=1, keepdims=True) / 0.5
    lengths = np.square(keys / 0.5).sum(axis=2)
    weights = np.exp(along**2 / 4 - (lengths - lengths.max()) / 2) * pbdv(-d, -along)[0]
    answer = NoisyLookup(deviation=0.5).answers(xs, ys)[:, -1]
    np.testing.assert_allclose(answer, weighed(weights, ys), atol=1e-12)


def test_seeing_no_length_beats_the_weights_of_a_query_that_was_not_put_back(prompts):
    xs, ys = prompts.xs.astype(np.float64), prompts.ys.astype(np.float64)
    product = np.einsum("bjd,bd->bj", xs[:, :-1], xs[:, -1]) / 0.25
    crude = weighed(np.exp(product - product.max(axis=1, keepdims=True)), ys)
    exact = NoisyLookup(deviation=0.5).answers(xs, ys)[:, -1]
    assert np.square(exact - ys[:, -1]).mean() < np.square(crude - ys[:, -1]).mean()
    nearest = squared_errors(get_baseline("knn", prompts.task).predict(prompts.xs, prompts.ys), prompts.ys)
    assert np.square(exact - ys[:, -1]).mean() < nearest[:, -1].mean()


def test_a_query_without_noise_is_refused():
    with raises(InputError, "other-task-only", naming="vector_mqar"):
        get_baseline("noisy_lookup", find_task("mini/vector_mqar")[1])
