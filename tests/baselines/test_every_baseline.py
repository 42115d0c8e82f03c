"""What holds for every baseline in the registry; a new one is tested by being registered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.baselines.boolean_bayes import BooleanBayes
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.errors import InputError
from icl_bench.function_classes.sparse_parity import SparseParity

pytestmark = pytest.mark.slow

# what a task would say, and sizes that keep this file quick
NEEDED = {
    "dnf3_bayes": {"clauses": 1},
    "nearest_bayes": {"labelled": 2},
    "in_distribution_ideal": {"predictor": LeastSquares()},
    "noisy_lookup": {"deviation": 0.5},
    "parity_bayes": {"sparsity": 1},
    "prior_mean": {"function_class": SparseParity(dims=3, sparsity=1)},
    "sparse_bayes": {"sparsity": 1},
    "tree_bayes": {"depth": 2},
    "two_layer_nn": {"steps": 20},
    "xgboost": {"rounds": 1},
}
# what answers without a context is the prior mean, which is not 0 at every x
PRIOR_MEANS = {"parity_bayes", "prior_mean"} | {
    name for name, entry in BASELINES.entries().items() if issubclass(entry, BooleanBayes)
}
ALL = [entry(**NEEDED.get(name, {})) for name, entry in BASELINES.entries().items()]


def of_size(baseline: Baseline, d: int) -> Baseline:
    """As it answers prompts of d inputs: prior_mean is of a function class with its sizes."""
    if baseline.type != "prior_mean":
        return baseline
    return baseline.model_copy(update={"function_class": SparseParity(dims=d, sparsity=1)})


@pytest.fixture(params=ALL, ids=lambda baseline: baseline.type)
def baseline(request) -> Baseline:
    return request.param


def signs(seed: int, shape: tuple[int, int, int], k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Inputs that every baseline reads: ±1, and the first coordinate as the target."""
    rng = np.random.default_rng(seed)
    xs = rng.choice(np.float32([-1, 1]), size=shape)
    return xs, np.ascontiguousarray(xs[:, :, :1]).repeat(k, axis=2)


def test_the_named_baselines_are_there():
    assert {"zero", "averaging", "least_squares", "knn", "parity_bayes", "lookup"} <= set(BASELINES.entries())


def test_each_says_what_it_predicts_and_what_it_serves(baseline):
    assert baseline.summary
    assert baseline.serves
    assert type(baseline).__doc__


@given(batch=st.integers(0, 5), points=st.integers(1, 9), d=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.type)
def test_answers_have_the_shape_of_the_targets_and_start_at_zero(baseline, batch, points, d, seed):
    xs, ys = signs(seed, (batch, points, d))
    predictions = of_size(baseline, d).predict(xs, ys)
    assert predictions.shape == ys.shape
    assert predictions.dtype == np.float32
    assert np.isfinite(predictions).all()
    if baseline.type not in PRIOR_MEANS:
        assert not predictions[:, 0].any()


@given(points=st.integers(2, 9), d=st.integers(1, 5), seed=st.integers(0, 99), data=st.data())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.type)
def test_no_answer_reads_its_own_target_or_what_comes_after(baseline, points, d, seed, data):
    i = data.draw(st.integers(0, points - 1))
    xs, ys = signs(seed, (3, points, d))
    other_xs, other_ys = signs(seed + 100, (3, points, d))
    changed_xs, changed_ys = xs.copy(), ys.copy()
    changed_xs[:, i + 1 :], changed_ys[:, i:] = other_xs[:, i + 1 :], -2 * other_ys[:, i:]
    baseline = of_size(baseline, d)
    before, after = baseline.predict(xs, ys), baseline.predict(changed_xs, changed_ys)
    np.testing.assert_array_equal(before[:, : i + 1], after[:, : i + 1])


def test_a_prompt_is_answered_alike_alone_and_among_others(baseline):
    several_slices, few = (300, 70, 9), (20, 12, 9)  # xgboost takes prompts one by one, and long
    baseline = of_size(baseline, 9)
    xs, ys = signs(0, few if baseline.type == "xgboost" else several_slices)
    whole = baseline.predict(xs, ys)
    for j in (0, len(xs) // 2, len(xs) - 1):
        np.testing.assert_array_equal(baseline.predict(xs[j : j + 1], ys[j : j + 1])[0], whole[j])


def test_inputs_are_left_as_they_were(baseline):
    xs, ys = signs(1, (4, 12, 3))
    kept_xs, kept_ys = xs.copy(), ys.copy()
    xs.flags.writeable = ys.flags.writeable = False  # as memory-mapped prompts are
    baseline.predict(xs, ys)
    np.testing.assert_array_equal(xs, kept_xs)
    np.testing.assert_array_equal(ys, kept_ys)


@pytest.mark.parametrize(
    ("xs_shape", "ys_shape"),
    [
        ((4, 3), (4, 3)),
        ((2, 4, 3), (2, 5, 1)),
        ((2, 4, 3), (3, 4, 1)),
        ((2, 4, 0), (2, 4, 1)),
        ((2, 0, 3), (2, 0, 1)),
    ],
)
def test_arrays_that_are_no_prompts_are_refused_with_both_shapes(baseline, xs_shape, ys_shape):
    with raises(InputError, "not-prompts", naming=(xs_shape, ys_shape)):
        baseline.predict(np.ones(xs_shape, np.float32), np.ones(ys_shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_prompts_that_are_not_finite_are_refused(baseline, bad):
    xs, ys = signs(2, (2, 4, 3))
    ys[1, 2] = bad
    with raises(InputError, "not-finite"):
        baseline.predict(xs, ys)


def degenerate(kind: str, seed: int, points: int, d: int) -> np.ndarray:
    """Inputs (2, points, d) that make matrices singular, distances 0 or splits impossible."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(2, points, d))
    built = {
        "normal": normal,
        "zero": 0 * normal,
        "constant": 0 * normal + normal[:, :1],
        "each point twice": normal.repeat(2, axis=1)[:, :points],
        "one direction": normal[:, :, :1] * rng.normal(size=d),
        "signs": np.sign(normal),
        "first coordinate constant": np.concatenate([0 * normal[:, :, :1] + 1, normal[:, :, 1:]], axis=2),
    }
    return built[kind]


KINDS = [
    "normal",
    "zero",
    "constant",
    "each point twice",
    "one direction",
    "signs",
    "first coordinate constant",
]


@given(
    kind=st.sampled_from(KINDS),
    targets=st.sampled_from(["normal", "zero", "constant"]),
    points=st.sampled_from([1, 2, 3, 5, 12]),  # fewer and more than d
    d=st.sampled_from([1, 2, 4]),
    k=st.integers(1, 2),
    powers=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    seed=st.integers(0, 1_000),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.type)
def test_hard_prompts_have_finite_answers_or_one_clear_error(
    baseline, kind, targets, points, d, k, powers, seed
):
    xs = (degenerate(kind, seed, points, d) * 10.0 ** powers[0]).astype(np.float32)
    ys = (degenerate(targets, seed + 1, points, k) * 10.0 ** powers[1]).astype(np.float32)
    try:
        predictions = of_size(baseline, d).predict(xs, ys)
    except InputError as error:
        predictions, message = None, str(error)
    if predictions is None:
        assert baseline.serves != "every task"  # what serves every task has an answer to every prompt
        assert "\n" not in message
    else:
        assert np.isfinite(predictions).all()


@given(
    kind=st.sampled_from(KINDS),
    powers=st.tuples(st.integers(-44, 38), st.integers(-44, 38)),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.type)
def test_prompts_at_the_ends_of_float32_have_finite_answers_or_one_clear_error(baseline, kind, powers, seed):
    unit = [degenerate(kind, seed, 6, 3), degenerate("normal", seed + 1, 6, 1)]
    scaled = [
        array / max(1, np.abs(array).max()) * 10.0**power for array, power in zip(unit, powers, strict=True)
    ]
    xs, ys = (array.astype(np.float32) for array in scaled)
    try:
        predictions, message = baseline.predict(xs, ys), ""
    except InputError as error:
        predictions, message = np.zeros(0), str(error)
    assert np.isfinite(predictions).all()
    assert "\n" not in message
    if message:
        assert max(powers) > 9 or baseline.serves != "every task"
