"""Each closed form against the plainest computation of the same thing."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises
from sklearn.neighbors import KNeighborsRegressor

from icl_bench.baselines.averaging import Averaging
from icl_bench.baselines.knn import KNearestNeighbours
from icl_bench.baselines.lookup import Lookup
from icl_bench.baselines.parity_bayes import ParityBayes
from icl_bench.errors import InputError


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


shapes = {
    "batch": st.integers(1, 3),
    "points": st.integers(1, 12),
    "d": st.integers(1, 5),
    "k": st.integers(1, 3),
    "seed": st.integers(0, 10_000),
}


@given(**shapes)
@settings(max_examples=60, deadline=None)
def test_averaging_is_x_times_the_mean_of_x_y(batch, points, d, k, seed):
    xs, ys = normal(seed, batch, points, d), normal(seed + 1, batch, points, k)
    predictions = Averaging().predict(xs, ys)
    for prompt in range(batch):
        for i in range(1, points):
            terms = [np.outer(xs[prompt, j], ys[prompt, j]) for j in range(i)]
            np.testing.assert_allclose(
                predictions[prompt, i], xs[prompt, i] @ np.mean(terms, axis=0), rtol=1e-4, atol=1e-5
            )


@given(**shapes, neighbours=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_knn_is_scikit_learns(batch, points, d, k, seed, neighbours):
    # the pitfall: the sum of the neighbours in place of their mean
    xs, ys = normal(seed, batch, points, d), normal(seed + 1, batch, points, k)
    predictions = KNearestNeighbours(neighbours=neighbours).predict(xs, ys)
    for prompt in range(batch):
        for i in range(1, points):
            model = KNeighborsRegressor(min(i, neighbours)).fit(xs[prompt, :i], ys[prompt, :i])
            expected = model.predict(xs[prompt, i : i + 1])[0]
            np.testing.assert_allclose(predictions[prompt, i], expected, rtol=1e-5, atol=1e-6)


def test_knn_takes_three_by_default_and_the_earlier_of_equals():
    xs = np.zeros((1, 6, 2), np.float32)
    ys = np.float32([[[1], [2], [6], [10], [20], [0]]])
    assert KNearestNeighbours().predict(xs, ys)[0, :, 0].tolist() == [0, 1, 1.5, 3, 3, 3]


def test_lookup_finds_the_input_seen_last_and_answers_zero_to_a_new_one():
    key, other, almost = [1.0, 2.0], [2.0, 1.0], [1.0, np.nextafter(np.float32(2), np.float32(3))]
    xs = np.float32([[key, other, almost, key, other, key]])
    ys = np.float32([[[1, 5], [2, 6], [3, 7], [4, 8], [9, 9], [0, 0]]])
    expected = [[0, 0], [0, 0], [0, 0], [1, 5], [2, 6], [4, 8]]  # the last time counts
    assert Lookup().predict(xs, ys)[0].tolist() == expected


@given(points=st.integers(1, 12), d=st.integers(1, 6), seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_parity_bayes_is_the_mean_over_the_subsets_that_agree(points, d, seed, data):
    size = data.draw(st.integers(1, d))
    rng = np.random.default_rng(seed)
    xs = rng.choice(np.float32([-1, 1]), size=(2, points, d))
    truth = rng.choice(d, size=size, replace=False)
    ys = xs[:, :, truth].prod(axis=2, keepdims=True)
    predictions = ParityBayes(sparsity=size).predict(xs, ys)
    for prompt in range(2):
        for i in range(points):
            votes = [
                np.prod(xs[prompt, i, list(subset)])
                for subset in combinations(range(d), size)
                if all(np.prod(xs[prompt, j, list(subset)]) == ys[prompt, j, 0] for j in range(i))
            ]
            assert predictions[prompt, i, 0] == pytest.approx(np.mean(votes), abs=1e-6)


def test_parity_bayes_is_right_once_the_context_determines_the_subset():
    rng = np.random.default_rng(0)
    xs = rng.choice(np.float32([-1, 1]), size=(50, 60, 10))
    ys = xs[:, :, [2, 7]].prod(axis=2, keepdims=True)
    np.testing.assert_array_equal(ParityBayes(sparsity=2).predict(xs, ys)[:, 40:], ys[:, 40:])


def test_parity_bayes_answers_zero_where_no_subset_agrees():
    xs = np.ones((1, 4, 3), np.float32)
    ys = -np.ones((1, 4, 1), np.float32)
    assert ParityBayes(sparsity=2).predict(xs, ys)[0, :, 0].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("xs", "k", "size", "code", "numbers"),
    [
        (np.full((1, 3, 4), 0.5, np.float32), 1, 2, "other-prompts", ()),
        (np.ones((1, 3, 4), np.float32), 2, 2, "other-prompts", ()),
        (np.ones((1, 3, 4), np.float32), 1, 5, "too-many-hypotheses", ("0 ", "5 ", "4 ")),
        (np.ones((1, 3, 60), np.float32), 1, 30, "too-many-hypotheses", ("30 ", "60 ")),
    ],
)
def test_parity_bayes_refuses_prompts_that_are_no_parity(xs, k, size, code, numbers):
    with raises(InputError, code, naming=numbers):
        ParityBayes(sparsity=size).predict(xs, np.ones((1, 3, k), np.float32))
