"""Each shift makes the distribution that it states, on linear regression and on parity."""

import numpy as np
import pytest

from icl_bench.baselines.lookup import Lookup
from icl_bench.function_classes.linear_regression import LinearRegression
from icl_bench.function_classes.sparse_parity import SparseParity
from icl_bench.function_classes.streams import GRID, raw_words, uniform_rotations
from icl_bench.function_classes.vector_mqar import VectorMQAR
from icl_bench.shifts.base import Drawn
from icl_bench.specs.suite import SHIFTS

D, POINTS, PROMPTS = 4, 12, 2_000
LINEAR, PARITY, RETRIEVAL = LinearRegression(dims=D), SparseParity(dims=D, sparsity=2), VectorMQAR(dims=D)


def shifted(name: str, function_class=LINEAR, **numbers: int) -> tuple[Drawn, Drawn]:
    """Prompts before the shift and after it."""
    shift = SHIFTS.parse({"type": name, **numbers})
    own = function_class.words(POINTS)
    raw = raw_words(f"moments/{name}", 0, PROMPTS, own + shift.words(function_class, POINTS))
    drawn = Drawn(*function_class.sample(raw[:, :own], POINTS))
    return drawn, shift.apply(drawn, raw[:, own:], function_class)


def test_rotations_are_orthogonal_and_uniform() -> None:
    Q = uniform_rotations(raw_words("rotations", 0, 20_000, D * D), D)
    np.testing.assert_allclose(Q @ Q.mT, np.broadcast_to(np.eye(D), Q.shape), atol=1e-12)
    entries = Q.reshape(len(Q), -1)
    assert np.abs(entries.mean(axis=0)).max() < 5 / np.sqrt(D * len(Q))
    np.testing.assert_allclose(np.square(entries).mean(axis=0), 1 / D, atol=5 * 0.25 / np.sqrt(len(Q)))
    assert 0.45 < (np.linalg.det(Q) > 0).mean() < 0.55


@pytest.mark.parametrize(("name", "rank"), [("skewed", D), ("subspace", D // 2)])
def test_another_covariance_keeps_the_mean_square(name: str, rank: int) -> None:
    _, after = shifted(name)
    squares = np.square(after.xs.astype(np.float64)).sum(axis=2).mean()
    assert squares == pytest.approx(D, rel=0.05)
    values = np.linalg.svd(after.xs.astype(np.float64), compute_uv=False)
    assert (values[:, :rank] > 0.01).all()
    assert (values[:, rank:] < GRID * POINTS).all()  # the grid's rounding


def test_eigenvalues_of_skewed_inputs_fall_as_the_squares_of_one_over_i() -> None:
    _, after = shifted("skewed")
    xs = after.xs.astype(np.float64)
    spectra = np.linalg.eigvalsh(xs.mT @ xs / POINTS)[:, ::-1].mean(axis=0)
    wanted = 1.0 / np.arange(1, D + 1) ** 2
    wanted *= D / wanted.sum()
    assert spectra[0] == pytest.approx(wanted[0], rel=0.1)
    assert (np.diff(spectra) < 0).all()


@pytest.mark.parametrize(("times", "over"), [(1, 3), (3, 1)])
def test_sizes_are_changed_as_stated(times: int, over: int) -> None:
    before, after = shifted("scaled_inputs", times=times, over=over)
    np.testing.assert_allclose(after.xs, before.xs * times / over, atol=1.01 * GRID)
    before, after = shifted("scaled_weights", times=times, over=over)
    np.testing.assert_allclose(after.parameters["w"], before.parameters["w"] * times / over, atol=1.01 * GRID)
    np.testing.assert_array_equal(after.xs, before.xs)


def test_noise_is_standard_normal_and_independent_of_the_inputs() -> None:
    before, after = shifted("noise")
    noise = after.noise[:, :, 0]
    count = noise.size
    assert abs(noise.mean()) < 5 / np.sqrt(count)
    assert np.square(noise).mean() == pytest.approx(1, abs=5 * np.sqrt(2 / count))
    correlations = [(noise * before.xs[:, :, k]).mean() for k in range(D)]
    assert np.abs(correlations).max() < 5 / np.sqrt(count)
    assert np.abs((noise[:, 1:] * noise[:, :-1]).mean()) < 5 / np.sqrt(count)


def test_a_context_lies_in_one_orthant_and_its_queries_anywhere() -> None:
    before, after = shifted("orthants")
    signs = np.sign(after.xs)
    np.testing.assert_array_equal(signs, np.broadcast_to(signs[:, :1], signs.shape))
    assert np.abs(signs[:, 0].mean(axis=0)).max() < 5 / np.sqrt(PROMPTS)
    np.testing.assert_array_equal(after.queries, before.xs)
    np.testing.assert_array_equal(np.abs(after.xs), np.abs(before.xs))


def test_inputs_are_moved_and_biased_as_stated() -> None:
    before, after = shifted("moved")
    np.testing.assert_array_equal(after.xs, before.xs + np.float32(0.5))
    _, after = shifted("biased", PARITY)
    assert set(np.unique(after.xs)) == {-1.0, 1.0}
    share, count = (after.xs > 0).mean(), after.xs.size
    assert share == pytest.approx(0.75, abs=5 * np.sqrt(0.75 * 0.25 / count))


def test_keys_come_again_and_their_last_value_counts() -> None:
    _, after = shifted("reassigned", RETRIEVAL)
    targets = RETRIEVAL.evaluate(after.parameters, after.xs)
    answers = Lookup().answers(after.xs, targets)
    np.testing.assert_array_equal(answers[:, -1], targets[:, -1])
    keys = after.xs[:, :-1]
    same = (keys[:, :, None] == keys[:, None]).all(axis=3)
    counts = same.sum(axis=2)
    assert (np.sort(counts, axis=1) == [1] * 7 + [2] * 4).all()  # two of eleven pairs repeat a key
    asked = (keys == after.xs[:, -1:]).all(axis=2).sum(axis=1)
    assert set(asked) == {1, 2}
    assert (asked == 2).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(PROMPTS))
    twice = np.flatnonzero(asked == 2)[0]
    first, last = np.flatnonzero((keys[twice] == after.xs[twice, -1]).all(axis=1))
    np.testing.assert_array_equal(targets[twice, -1], after.parameters["values"][twice, last])
    assert not np.array_equal(targets[twice, -1], after.parameters["values"][twice, first])


def test_a_noisy_query_is_near_its_key_and_as_long() -> None:
    before, after = shifted("noisy_query", RETRIEVAL)
    lengths = np.linalg.norm(after.xs[:, -1].astype(np.float64), axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(D), atol=GRID * D)
    np.testing.assert_array_equal(after.answered_at, before.xs)
    np.testing.assert_array_equal(after.xs[:, :-1], before.xs[:, :-1])
    cosines = (after.xs[:, -1] * before.xs[:, -1]).sum(axis=1) / D
    assert 0.8 < cosines.mean() < 0.95
