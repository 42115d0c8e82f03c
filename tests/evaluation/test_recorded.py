"""Recorded results of a reference are found by suite, in the order of their seeds."""

import shutil

import numpy as np
import pytest

import icl_bench
from icl_bench.errors import SpecError
from icl_bench.evaluation.contenders import contenders
from icl_bench.evaluation.recorded import recorded_runs

TASK = "linear_regression"
SEEDS = {2: "ridge", 10: "averaging"}  # baselines stand in for runs


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Those of a reference `llama` with two seeds."""
    monkeypatch.setattr("icl_bench.evaluation.recorded.reference_folder", lambda name: tmp_path / name)
    folder = tmp_path / "llama/results"
    folder.mkdir(parents=True)
    for seed, name in SEEDS.items():
        icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).save(folder / f"tiny-v1-seed-{seed}.json")
    return folder


def test_runs_come_by_seed(own, results):
    found = recorded_runs("reference/llama", own, [TASK])
    assert list(found) == [TASK]
    for run, name in zip(found[TASK], SEEDS.values(), strict=True):
        errors = icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors
        np.testing.assert_array_equal(run, errors)


def test_other_suites_and_tasks_are_left_alone(own, results):
    shutil.copy(results / "tiny-v1-seed-2.json", results / "other-v1-seed-0.json")
    assert len(recorded_runs("reference/llama", own, [TASK])[TASK]) == 2
    assert recorded_runs("reference/llama", own, ["sparse_parity"]) == {}


def test_a_damaged_record_is_told_by_its_name(own, results):
    (results / "tiny-v1-seed-10.json").write_text("{")
    with pytest.raises(SpecError, match=r"tiny-v1-seed-10\.json"):
        recorded_runs("reference/llama", own, [TASK])


def test_what_is_recorded_is_not_evaluated_again(own, results, monkeypatch):
    monkeypatch.setattr("icl_bench.evaluation.contenders.open_source", lambda *_: opened)
    monkeypatch.setattr("icl_bench.evaluation.contenders.evaluate_source", pytest.fail)
    opened = icl_bench.evaluation.sources.BaselineSource("zero")
    (found,) = contenders(["reference/llama"], own, [TASK])
    assert len(found.runs[TASK]) == 2
