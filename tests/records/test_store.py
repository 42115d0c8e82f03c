"""Recorded results of a reference are found by suite, in the order of their seeds."""

import shutil

import numpy as np
import pytest
from raising import raises

import icl_bench
from icl_bench.errors import InputError, SpecError
from icl_bench.ranking import contenders as contenders_module
from icl_bench.ranking.contenders import contenders
from icl_bench.records import store
from icl_bench.records.store import board_records, runs_of
from icl_bench.specs.result import CheckpointIdentity, ResultRecord

TASK = "linear_regression"
SEEDS = {2: "ridge", 10: "averaging"}  # baselines stand in for runs


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Those of a reference `llama` with two seeds."""
    monkeypatch.setattr(store, "data_folder", lambda name: tmp_path / name)
    folder = tmp_path / "submissions/reference/llama/results"
    folder.mkdir(parents=True)
    for seed, name in SEEDS.items():
        trained(f"baseline/{name}", seed).save(folder / f"tiny-v1-seed-{seed}.json")
    return folder


def trained(model: str, seed: int) -> ResultRecord:
    """The record of a model as if it were llama, trained with a seed."""
    record = icl_bench.evaluate(model, "tiny", [TASK])
    checkpoint = {"sha256": "0" * 64, "spec": {"name": "llama"}, "parameters": 1, "training": {"seed": seed}}
    result = record.tasks[TASK].model_copy(update={"checkpoint": CheckpointIdentity(**checkpoint)})
    return record.model_copy(update={"tasks": {TASK: result}})


def test_runs_come_by_seed(own, results):
    runs = runs_of(list(board_records("reference/llama", own).values()))
    assert list(runs) == [TASK]
    for run, name in zip(runs[TASK].values(), SEEDS.values(), strict=True):
        errors = icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).tasks[TASK].prompt_errors
        np.testing.assert_array_equal(run, errors)


def test_other_suites_and_tasks_are_left_alone(own, results):
    shutil.copy(results / "tiny-v1-seed-2.json", results / "other-v1-seed-0.json")
    assert len(runs_of(list(board_records("reference/llama", own).values()))[TASK]) == 2
    assert board_records("reference/mamba", own) == {}


def test_a_damaged_record_is_reported_by_its_name(own, results):
    (results / "tiny-v1-seed-10.json").write_text("{")
    with raises(SpecError, "unparsable", naming="tiny-v1-seed-10.json"):
        runs_of(list(board_records("reference/llama", own).values()))


def test_a_record_in_the_wrong_place_is_refused(own, results):
    shutil.copy(results / "tiny-v1-seed-2.json", results / "tiny-v1-seed-3.json")
    with raises(SpecError, "other-place", naming=("seed-3.json", "tasks.linear_regression")):
        runs_of(list(board_records("reference/llama", own).values()))
    (results / "tiny-v1-seed-3.json").unlink()
    shutil.copytree(results, results.parent.parent / "mamba/results")
    with raises(SpecError, "other-place", naming="mamba"):
        runs_of(list(board_records("reference/mamba", own).values()))
    text = (results / "tiny-v1-seed-2.json").read_text()
    (results / "tiny-v1-seed-2.json").write_text(text.replace('"tiny-v1"', '"mini-v1"'))
    with raises(InputError, "other-suite", naming=("mini-v1", "tiny-v1")):
        runs_of(list(board_records("reference/llama", own).values()))


def test_what_is_recorded_is_not_evaluated_again(own, results, monkeypatch):
    monkeypatch.setattr(contenders_module, "open_source", lambda *_: opened)
    monkeypatch.setattr(contenders_module, "evaluate_source", pytest.fail)
    opened = icl_bench.entries.baseline.BaselineSource("zero")
    (llama,) = contenders(["reference/llama"], own, [TASK])
    assert len(llama.runs[TASK]) == 2
