"""What scores and boards are measured between: frozen where it is frozen, else computed, and a floor."""

import numpy as np

from icl_bench.baselines.base import get_baseline
from icl_bench.frozen.anchors import anchor_errors, floor_name, suite_anchors
from icl_bench.frozen.errors import load_errors
from icl_bench.frozen.freeze import freeze, missing_baselines, needed_baselines
from icl_bench.function_classes.sparse_parity import SparseParity
from icl_bench.suites import load_prompts

PARITY = "sparse_parity"


def test_the_floor_is_the_prior_mean_and_is_the_same_frozen_or_not(own):
    task, prompts = own.task(PARITY), load_prompts(own, PARITY)
    computed = suite_anchors(own, task).floor
    answers = get_baseline("prior_mean", task).predict(prompts.xs, prompts.ys)
    squared = (answers.astype(np.float64) - prompts.ys)[:, :, 0] ** 2
    np.testing.assert_allclose(computed.errors, squared.sum(axis=1))
    np.testing.assert_allclose(computed.curve, squared.mean(axis=0))
    assert computed.errors.mean() < suite_anchors(own, task).zero.errors.mean()
    freeze(own, needed_baselines(own, [PARITY]))
    frozen = load_errors(own, PARITY, "prior_mean")
    for floor in (suite_anchors(own, task).floor, anchor_errors(own, prompts).floor, computed):
        assert np.array_equal(floor.errors, frozen.errors)
        assert np.array_equal(floor.curve, frozen.curve)
    assert np.array_equal(suite_anchors(own, task).first(5).floor.errors, frozen.errors[:5])


def test_where_the_prior_mean_is_not_known_the_floor_is_zero(own, monkeypatch):
    monkeypatch.setattr(SparseParity, "prior_mean", lambda self, xs: None)
    task = own.task(PARITY)
    assert floor_name(task) == "zero"
    anchors = suite_anchors(own, task)
    assert np.array_equal(anchors.floor.errors, anchors.zero.errors)
    assert {pair.baseline.type for pair in needed_baselines(own, [PARITY])} == {"zero", "parity_bayes"}


def test_a_floor_frozen_on_fewer_prompts_is_computed_on_all(own):
    freeze(own, missing_baselines(own, [PARITY], ["prior_mean"], 10))
    assert suite_anchors(own, own.task(PARITY)).floor.prompts == own.spec.prompts
