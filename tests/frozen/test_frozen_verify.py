"""Frozen errors can be checked by anyone: computed again they are the same, and others are distinguished."""

import json

import pytest
from raising import raises
from small_suite import PROMPTS, InPlace

from icl_bench.environment import describe_evaluator
from icl_bench.errors import InputError, SuiteError
from icl_bench.frozen import verify
from icl_bench.frozen.errors import BaselineErrors, errors_path, freeze_errors, load_errors
from icl_bench.frozen.freeze import freeze, missing_baselines
from icl_bench.frozen.verify import recompute
from icl_bench.resources import cache_folder

TASKS = ["linear_regression", "sparse_parity"]


@pytest.fixture(autouse=True)
def in_this_process(own, monkeypatch):
    monkeypatch.setattr(verify, "worker_pool", lambda workers: InPlace())


def test_what_is_frozen_is_found_again_to_the_bit(own):
    freeze(own, missing_baselines(own, TASKS, ["zero", "knn", "ridge"]))
    recomputed = list(recompute(own, TASKS, prompts=50))
    assert {errors.pair.name for errors in recomputed} == {
        f"{t}/{b}" for t in TASKS for b in ("zero", "knn", "ridge")
    }
    assert all(errors.same and errors.holds and errors.largest == errors.mean == 0 for errors in recomputed)
    assert all(errors.pair.prompts == 50 for errors in recomputed)
    assert not list(cache_folder().rglob("*-*.npy"))


@pytest.mark.parametrize(("factor", "holds"), [(1 + 1e-4, True), (1.1, False), (0.9, False)])
def test_errors_that_were_frozen_otherwise_are_reported_with_their_size(own, factor, holds):
    freeze(own, missing_baselines(own, ["linear_regression"], ["zero", "knn"]))
    right = load_errors(own, "linear_regression", "knn")
    lock = json.loads(own.lock_path.read_text())
    del lock["baselines"]["linear_regression"]["knn"]
    own.lock_path.write_text(json.dumps(lock))
    changed = BaselineErrors(right.curve, right.errors * factor)
    freeze_errors(own, "linear_regression", "knn", changed, describe_evaluator(), {})

    (knn,) = recompute(own, ["linear_regression"], ["knn"], prompts=PROMPTS)
    zero = load_errors(own, "linear_regression", "zero").errors.mean()
    assert knn.mean == pytest.approx((1 - factor) * right.errors.mean() / zero)
    assert knn.largest == pytest.approx(abs(1 - factor) * right.errors.max() / zero)
    assert (knn.same, knn.holds) == (False, holds)


def test_what_is_not_frozen_cannot_be_checked(own):
    with raises(InputError, "not-frozen", naming="`icl-bench baselines compute tiny-v1`"):
        list(recompute(own, TASKS))


def test_a_named_baseline_that_is_not_frozen_or_serves_nothing_is_reported(own):
    freeze(own, missing_baselines(own, TASKS, ["zero", "knn"]))
    with raises(InputError, "not-frozen", naming=("ridge", *TASKS)):
        list(recompute(own, TASKS, ["knn", "ridge"]))
    with raises(InputError, "serves-none", naming=("tree_bayes", *TASKS)):
        list(recompute(own, TASKS, ["knn", "tree_bayes"]))


@pytest.mark.parametrize("baseline", ["knn", "zero"])
def test_files_that_do_not_hold_are_reported_before_anything_is_computed(own, monkeypatch, baseline):
    freeze(own, missing_baselines(own, TASKS, ["zero", "knn"]))
    monkeypatch.setattr(verify, "computed_errors", pytest.fail)
    path = errors_path(own, TASKS[1], baseline)
    path.write_bytes(path.read_bytes()[:-1])
    with raises(SuiteError, "frozen-errors-damaged", naming=f"sparse_parity/{baseline}.npz"):
        list(recompute(own, TASKS, ["knn"]))
    path.unlink()
    with raises(SuiteError, "frozen-errors-damaged", naming=f"sparse_parity/{baseline}.npz"):
        list(recompute(own, TASKS, ["knn"]))
