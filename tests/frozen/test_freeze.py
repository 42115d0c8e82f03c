"""Frozen errors of baselines: the same bytes however they were computed, and never changed afterwards."""

import json
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from raising import raises
from small_suite import PROMPTS, InPlace

import icl_bench
from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.least_squares import LeastSquares
from icl_bench.environment import describe_evaluator
from icl_bench.errors import InputError, SpecError, SuiteError, UnknownNameError
from icl_bench.frozen import anchors
from icl_bench.frozen import compute as chunked
from icl_bench.frozen import freeze as freezing
from icl_bench.frozen.errors import (
    BaselineErrors,
    changed_files,
    errors_path,
    freeze_errors,
    load_errors,
)
from icl_bench.frozen.freeze import freeze, missing_baselines, needed_baselines
from icl_bench.resources import cache_folder
from icl_bench.specs.result import without_timings
from icl_bench.suites import Suite, load_prompts
from icl_bench.workers import worker_pool

pytestmark = pytest.mark.slow

TASKS = ["linear_regression", "sparse_parity", "vector_mqar"]


def files(suite: Suite) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((suite.folder / "baselines").rglob("*.npz"))}


def expensive(monkeypatch, name: str = "least_squares") -> None:
    monkeypatch.setattr(BASELINES.entries()[name], "cheap", False)


def test_scores_are_the_same_bytes_with_frozen_errors_as_without(own):
    before = icl_bench.evaluate("baseline/knn", "tiny", TASKS)
    freeze(own, needed_baselines(own, TASKS))
    assert all(load_errors(own, task, "zero").prompts == PROMPTS for task in TASKS)
    after = icl_bench.evaluate("baseline/knn", "tiny", TASKS)
    assert before.suite.hash != after.suite.hash  # these errors decide scores
    assert without_timings(before) == without_timings(
        after.model_copy(update={"suite": before.suite, "evaluator": before.evaluator})
    )


def test_scores_use_the_frozen_errors_and_compute_none(own, monkeypatch):
    freeze(own, needed_baselines(own, ["linear_regression"]))

    def refuse(*arguments):
        raise AssertionError("computed, though frozen")

    monkeypatch.setattr(anchors, "_computed", refuse)
    assert icl_bench.evaluate("baseline/knn", "tiny", ["linear_regression"])


def test_freezing_leaves_the_hashes_of_the_arrays_and_their_cache_as_they_were(own):
    before = json.loads(own.lock_path.read_text())
    arrays = own.arrays_hash
    freeze(own, missing_baselines(own, ["sparse_parity"], ["zero"]))
    after = json.loads(own.lock_path.read_text())
    locked = after.pop("baselines")["sparse_parity"]["zero"]
    assert after == before
    assert own.arrays_hash == arrays
    assert locked["prompts"] == PROMPTS
    assert locked["libraries"]["numpy"] == np.__version__
    assert locked["evaluator"]["version"] == icl_bench.__version__


def test_what_is_frozen_is_left_alone_and_a_lost_file_comes_back(own):
    freeze(own, missing_baselines(own, TASKS, ["averaging"], 50))
    lock, before = own.lock_path.read_bytes(), files(own)
    assert missing_baselines(own, TASKS, ["averaging"]) == []
    errors_path(own, "sparse_parity", "averaging").unlink()
    (entry,) = missing_baselines(own, TASKS, ["averaging"])
    assert entry.prompts == 50  # as locked, though all were asked for
    freeze(own, [entry])
    assert (own.lock_path.read_bytes(), files(own)) == (lock, before)


def test_errors_that_differ_from_the_frozen_ones_are_refused(own):
    (entry,) = missing_baselines(own, ["sparse_parity"], ["averaging"])
    freeze(own, [entry])
    lock, before = own.lock_path.read_bytes(), files(own)
    with raises(SuiteError, "frozen-errors-differ", naming="averaging"):
        freeze(own, [replace(entry, prompts=50)])
    assert (own.lock_path.read_bytes(), files(own)) == (lock, before)


def test_two_processes_that_freeze_at_once_lose_no_entry(own):
    errors = BaselineErrors(np.zeros(9), np.zeros(PROMPTS))
    names = [name for name in BASELINES.entries() if name != "zero"]
    with ThreadPoolExecutor(len(names)) as pool:
        asked = [
            pool.submit(
                freeze_errors, own, "linear_regression", name, errors, describe_evaluator(), {"a": "1"}
            )
            for name in names
        ]
    assert [future.exception() for future in asked] == [None] * len(names)
    assert sorted(own.lock.baselines["linear_regression"]) == sorted(names)


def test_a_run_that_was_cut_off_is_taken_up_and_gives_the_same_bytes(own, monkeypatch):
    entries = missing_baselines(own, ["linear_regression"], ["least_squares"])
    freeze(own, entries)
    lock, whole = own.lock_path.read_bytes(), files(own)
    own.lock_path.write_text(json.dumps({k: v for k, v in json.loads(lock).items() if k != "baselines"}))
    shutil.rmtree(own.folder / "baselines")
    assert [path for path in cache_folder().rglob("*-*.npy")] == []  # nothing is left behind

    monkeypatch.setattr(freezing, "worker_pool", lambda workers: InPlace(stop_after=2))
    with pytest.raises(KeyboardInterrupt):
        freeze(own, entries)
    assert not (own.folder / "baselines").exists()
    chunks = sorted(cache_folder().rglob("*-*.npy"))
    assert len(chunks) == 2
    chunks[0].write_bytes(chunks[0].read_bytes()[:-8])  # damaged: to be made again
    monkeypatch.setattr(freezing, "worker_pool", lambda workers: InPlace(stop_after=2))
    freeze(own, entries)
    assert (own.lock_path.read_bytes(), files(own)) == (lock, whole)


def test_the_bytes_do_not_depend_on_the_number_of_processes(own, monkeypatch):
    monkeypatch.setattr(freezing, "worker_pool", worker_pool)
    monkeypatch.setattr(chunked, "EXPENSIVE_CHUNK", 2)
    written = []
    for workers in (1, 2):
        freeze(own, missing_baselines(own, ["linear_regression"], ["two_layer_nn", "lasso"], 8), workers)
        written.append((own.lock_path.read_bytes(), files(own)))
        shutil.rmtree(own.folder / "baselines")
        lock = json.loads(own.lock_path.read_text())
        del lock["baselines"]
        own.lock_path.write_text(json.dumps(lock))
    assert written[0] == written[1]
    assert list(written[0][1]) == ["lasso.npz", "two_layer_nn.npz"]


def test_an_expensive_base_without_frozen_errors_gives_no_score_and_says_what_to_do(own, monkeypatch):
    expensive(monkeypatch)
    result = icl_bench.evaluate("baseline/knn", "tiny", ["linear_regression"]).tasks["linear_regression"]
    assert result.score.value is None
    assert result.score.reason == (
        "baseline least_squares has no frozen errors for tiny-v1/linear_regression yet; "
        "run `icl-bench baselines compute tiny-v1`"
    )
    assert result.error_curves.baseline is None
    assert result.mean_error.value is not None


def test_errors_frozen_on_fewer_prompts_are_compared_on_those_and_the_record_says_so(own, monkeypatch):
    freeze(own, missing_baselines(own, ["linear_regression"], ["least_squares"], 50))
    result = icl_bench.evaluate("baseline/ridge", "tiny", ["linear_regression"]).tasks["linear_regression"]
    assert result.prompts == len(result.prompt_errors) == PROMPTS
    assert result.score.prompts == result.optimality.prompts == 50
    assert result.mean_error.prompts is None
    prompts = load_prompts(own, "linear_regression")
    ys = prompts.ys[:50, :, 0].astype(np.float64)
    base = LeastSquares().predict(prompts.xs[:50], prompts.ys[:50])[:, :, 0] - ys
    model, zero = sum(result.prompt_errors[:50]), (ys**2).sum()
    assert result.score.value == pytest.approx((zero - model) / (zero - (base**2).sum()), rel=1e-9)
    np.testing.assert_allclose(result.error_curves.baseline, (base**2).mean(axis=0))
    from icl_bench.display.table import as_table

    table = as_table(icl_bench.evaluate("baseline/ridge", "tiny", ["linear_regression"]))
    assert "linear_regression: score, optimality, gain on the first 50 of 96 prompts" in table


@pytest.mark.parametrize("damage", ["cut", "swapped", "gone", "lock", "prompts"])
def test_frozen_errors_that_are_not_the_locked_ones_are_refused(own, damage):
    freeze(own, missing_baselines(own, TASKS[:2], ["zero"]))
    path = errors_path(own, "linear_regression", "zero")
    load_errors(own, "linear_regression", "zero")  # what was read before is no excuse
    lock = json.loads(own.lock_path.read_text())
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "swapped":
        shutil.copy(errors_path(own, "sparse_parity", "zero"), path)
    elif damage == "gone":
        path.unlink()
    else:
        spoilt = {"lock": ("sha256", "0" * 64), "prompts": ("prompts", 12)}[damage]
        lock["baselines"]["linear_regression"]["zero"][spoilt[0]] = spoilt[1]
        own.lock_path.write_text(json.dumps(lock))
    with raises(SuiteError, "frozen-errors-damaged", naming="linear_regression") as raised:
        icl_bench.evaluate("baseline/knn", "tiny", ["linear_regression"])
    assert "\n" not in str(raised.value)
    assert "linear_regression" in str(raised.value)
    assert bool(changed_files(own, "linear_regression")) == (damage != "prompts")
    assert changed_files(own, "sparse_parity") == []


def test_nobody_changes_what_the_next_reader_gets(own):
    freeze(own, missing_baselines(own, TASKS[:1], ["zero"]))
    first = load_errors(own, TASKS[0], "zero")
    for array in (first.curve, first.errors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0
    assert load_errors(own, TASKS[0], "zero").errors is first.errors


def test_a_lock_of_baselines_that_are_no_names_or_tasks_is_refused(own):
    lock = json.loads(own.lock_path.read_text())
    own.lock_path.write_text(json.dumps(lock | {"baselines": {"../../x": {}}}))
    with raises(SpecError, naming=("lock.json", "baselines")):
        _ = own.lock
    own.lock_path.write_text(json.dumps(lock | {"baselines": {"another_task": {}}}))
    with raises(SuiteError, "lock-differs", naming=own.lock_path):
        _ = own.lock


def test_every_baseline_that_serves_a_task_is_missing_until_it_is_frozen(own):
    names = {entry.baseline.type for entry in missing_baselines(own, ["sparse_parity"])}
    assert {"zero", "parity_bayes", "two_layer_nn", "lasso"} <= names
    assert names.isdisjoint({"tree_bayes", "sparse_bayes"})
    cheap = [entry.baseline.cheap for entry in missing_baselines(own, TASKS)]
    assert cheap == sorted(cheap, reverse=True)


def test_what_scores_need_is_zero_the_floor_and_each_tasks_own_baseline_and_exact_predictor(own):
    needed = {(entry.task, entry.baseline.type) for entry in needed_baselines(own, list(own.tasks))}
    assert needed == {(task, "prior_mean") for task in own.tasks} | {
        ("linear_regression", "zero"), ("linear_regression", "least_squares"),
        ("sparse_parity", "zero"), ("sparse_parity", "parity_bayes"),
        ("vector_mqar", "zero"), ("vector_mqar", "lookup"),
        ("decision_tree", "zero"), ("decision_tree", "two_layer_nn"),
    }  # fmt: skip


def test_names_and_numbers_that_cannot_be(own):
    with raises(UnknownNameError, "unknown-baseline", naming="did you mean 'lasso'"):
        missing_baselines(own, TASKS, ["laso"])
    with raises(UnknownNameError, "unknown-task", naming="'sparse_party'"):
        missing_baselines(own, ["sparse_party"], ["zero"])
    with raises(InputError, "serves-none", naming=("tree_bayes", *TASKS)):
        missing_baselines(own, TASKS, ["tree_bayes"])
    for prompts in (0, PROMPTS + 1):
        with raises(InputError, "prompt-count", naming=(prompts, "tiny-v1", PROMPTS)):
            missing_baselines(own, TASKS, ["zero"], prompts)


def test_only_baselines_of_seconds_are_computed_where_they_are_needed():
    assert not BASELINES.entries()["two_layer_nn"].cheap
    assert BASELINES.entries()["zero"].cheap


INTERRUPTED = """
from icl_bench.workers import worker_pool
import time
if __name__ == "__main__":
    with worker_pool(1) as pool:
        waiting = [pool.submit(time.sleep, 0.5) for _ in range(1000)]
        waiting[0].result()
        print("started", flush=True)
        waiting[-1].result()
"""


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_no_process_is_left_when_the_one_that_computes_is_ended(tmp_path, how):
    (tmp_path / "run.py").write_text(INTERRUPTED)
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert run.stdout.readline() == b"started\n"
    run.send_signal(getattr(signal, how))
    assert run.communicate(timeout=20)[0] == b""  # the pipe closes when the last process that holds it ends
    assert run.returncode != 0
