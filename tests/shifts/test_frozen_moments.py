"""The frozen prompts of the suites of shifts have the moments, supports and independence that are stated."""

from math import ceil

import numpy as np
import pytest

from icl_bench.function_classes.streams import GRID
from icl_bench.suites import Suite, generate, load_suite
from icl_bench.suites.generate import Arrays, Queries, generate_queries

pytestmark = pytest.mark.slow

PROMPTS = 512


@pytest.fixture(scope="module", params=["mini-shifts", "paper-shifts"])
def suite(request) -> Suite:
    return load_suite(request.param)


def frozen(suite: Suite, name: str) -> Arrays:
    """The first frozen prompts, in float64 where they are numbers."""
    xs, ys, parameters = generate(suite.task(name), suite.name, "eval", 0, PROMPTS)
    return Arrays(xs.astype(np.float64), ys.astype(np.float64), parameters)


def asked(suite: Suite, name: str) -> Queries:
    queries = generate_queries(suite.task(name), suite.name, "eval", 0, PROMPTS)
    assert queries is not None
    return queries


def assert_mean(values: np.ndarray, expected: float) -> None:
    """Means of prompts, which are independent, within five standard errors."""
    means = values.reshape(PROMPTS, -1).mean(axis=1)
    assert abs(means.mean() - expected) < 5 * means.std() / np.sqrt(PROMPTS) + 1e-9


def test_skewed_inputs_and_those_of_a_subspace_keep_their_mean_square(suite):
    for name in ("linear_skewed", "mlp_skewed", "linear_subspace"):
        xs = frozen(suite, name).xs
        assert_mean(np.square(xs).sum(axis=2), xs.shape[2])
    d = xs.shape[2]
    values = np.linalg.svd(xs, compute_uv=False)
    assert values[:, ceil(d / 2) :].max() < GRID * np.sqrt(d * xs.shape[1])  # the grid's rounding
    assert values[:, ceil(d / 2) - 1].min() > 0.01
    xs = frozen(suite, "linear_skewed").xs
    share = np.linalg.eigvalsh(xs.mT @ xs)[:, -1] / np.square(xs).sum(axis=(1, 2))
    assert share.mean() > 0.5  # 1 / Σ 1/i² is above 0.6


@pytest.mark.parametrize(("name", "size"), [("third", 1 / 3), ("triple", 3)])
def test_sizes_of_inputs_and_weights(suite, name, size):
    scaled = frozen(suite, f"linear_inputs_{name}")
    assert_mean(np.square(scaled.xs), size**2)
    assert_mean(np.square(scaled.parameters["w"].astype(np.float64)), 1)
    scaled = frozen(suite, f"linear_weights_{name}")
    assert_mean(np.square(scaled.xs), 1)
    assert_mean(np.square(scaled.parameters["w"].astype(np.float64)), size**2)


def test_signs_are_fair_and_independent(suite):
    xs = frozen(suite, "linear_signs").xs
    assert set(np.unique(xs)) == {-1, 1}
    assert_mean(xs, 0)
    assert_mean(xs[..., 0] * xs[..., 1], 0)


def test_noise_is_standard_and_independent_of_inputs_and_weights(suite):
    xs, ys, parameters = frozen(suite, "linear_noise")
    noise = ys[..., 0] - np.einsum("bid,bd->bi", xs, parameters["w"].astype(np.float64))
    assert_mean(noise, 0)
    assert_mean(np.square(noise), 1)
    assert_mean(noise[:, 1:] * noise[:, :-1], 0)
    assert_mean(noise * xs[..., 0], 0)
    assert_mean(noise * parameters["w"][:, :1], 0)


def test_contexts_lie_in_one_orthant_and_queries_anywhere(suite):
    signs = np.sign(frozen(suite, "linear_orthants").xs)
    assert (signs == signs[:, :1]).all()
    assert_mean(signs[:, 0], 0)
    queries = np.sign(asked(suite, "linear_orthants").xs.astype(np.float64))
    assert_mean(queries, 0)
    assert_mean(queries * signs, 0)


def test_a_repeated_query_is_each_earlier_input_as_often(suite):
    xs, queries = frozen(suite, "linear_repeated").xs, asked(suite, "linear_repeated").xs
    last = xs.shape[1] - 1
    same = (xs[:, :last] == queries[:, last, None]).all(axis=2)
    assert (same.sum(axis=1) == 1).all()
    counts = same.sum(axis=0)
    assert np.abs(counts - PROMPTS / last).max() < 5 * np.sqrt(PROMPTS / last)


def test_sizes_of_functions(suite):
    base, task = load_suite(suite.name.replace("-shifts", "")), suite.task
    assert task("linear_longer").points == 2 * base.task("linear_regression").points
    kept = (frozen(suite, "sparse_denser").parameters["w"] != 0).sum(axis=1)
    assert set(kept) == {base.task("sparse_linear_regression").function_class.sparsity + 1}
    width = base.task("two_layer_mlp").function_class.width // 4
    assert frozen(suite, "mlp_narrower").parameters["W1"].shape[2] == width
    leaves = frozen(suite, "tree_deeper").parameters["leaves"]
    assert leaves.shape[1] == 2 ** (base.task("decision_tree").function_class.depth + 1)
    pairs = base.task("vector_mqar").points - 1
    assert task("retrieval_fewer").points == pairs // 2 + 1
    assert task("retrieval_more").points == 2 * pairs + 1


def test_inputs_of_trees_and_parities_are_biased(suite):
    xs = frozen(suite, "tree_biased").xs
    assert_mean(xs, 0.5)
    assert_mean(np.square(xs - 0.5), 1)
    xs = frozen(suite, "parity_biased").xs
    assert set(np.unique(xs)) == {-1, 1}
    assert_mean(xs, 0.5)
    assert_mean((xs[..., 0] - 0.5) * (xs[..., 1] - 0.5), 0)


def test_a_quarter_of_the_keys_come_again_and_half_of_the_queries_ask_for_one(suite):
    xs = frozen(suite, "retrieval_reassigned").xs
    keys = xs[:, :-1]
    times = (keys[:, :, None] == keys[:, None]).all(axis=3).sum(axis=2)
    again = (times == 2).sum(axis=1) // 2
    assert set(again) == {keys.shape[1] // 5}
    assert times.max() == 2
    queried = (keys == xs[:, -1:]).all(axis=2).sum(axis=1)
    assert_mean((queried == 2).astype(float), 0.5)


def test_a_noisy_query_keeps_its_length_and_lies_near_its_key(suite):
    base = suite.task("retrieval_noisy").base
    xs = frozen(suite, "retrieval_noisy").xs
    lengths = np.linalg.norm(xs, axis=2)
    d = base.function_class.d
    np.testing.assert_allclose(lengths, np.sqrt(d), atol=GRID * d)
    cosines = np.einsum("bjd,bd->bj", xs[:, :-1], xs[:, -1]).max(axis=1) / d
    assert 0.8 < np.median(cosines) < 0.99  # 1 / √(1 + ¼) is 0.89
    assert not (xs[:, :-1] == xs[:, -1:]).all(axis=2).any()
