"""Recorded results of the references are those of the shipped weights, on this suite's prompts."""

from hashlib import sha256

import numpy as np
import pytest

from icl_bench.entries.open import open_source
from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.models.shipped import shipped_runs
from icl_bench.records.audit import check_of_suite
from icl_bench.records.store import all_records
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.suites import load_prompts, load_suite, suite_names

pytestmark = pytest.mark.slow

RECORDED = [
    (suite, name)
    for suite in suite_names()
    for name in reference_names(suite)
    if all_records(PREFIX + name, load_suite(suite))
]
FEW = 32  # prompts


def test_there_are_recorded_results():
    assert ("mini-v1", "gpt2") in RECORDED


@pytest.mark.parametrize(("suite", "name"), RECORDED)
def test_records_are_of_clean_code_this_suite_and_the_shipped_weights(suite, name):
    records = all_records(PREFIX + name, load_suite(suite))
    for record in records:
        check_of_suite(record, load_suite(suite), name)
        assert record.evaluator.dirty is False
        (seed,) = {result.checkpoint.training["seed"] for result in record.tasks.values()}
        weights = shipped_runs(PREFIX + name, suite, seed).glob("*/model.safetensors")
        shipped = {path.parent.name: path for path in weights}
        for task, path in shipped.items():
            assert record.tasks[task].checkpoint.sha256 == sha256(path.read_bytes()).hexdigest()
        if seed == 0:
            assert shipped.keys() == record.tasks.keys() == load_suite(suite).tasks.keys()


@pytest.mark.parametrize(("suite", "name"), RECORDED)
def test_the_recorded_errors_come_out_again(suite, name):
    loaded = load_suite(suite)
    record = all_records(PREFIX + name, loaded)[0]
    source = open_source(f"reference/{name}", loaded)
    for task, result in record.tasks.items():
        prompts = load_prompts(loaded, task)
        xs, ys = prompts.xs[:FEW], prompts.ys[:FEW]
        squared = squared_errors(source.task_predictor(loaded.task(task)).predictor.predict(xs, ys), ys)
        errors = scored_sums(squared, result.scored_points)
        # weights are the same; sums in another order may differ in the last digits of float32
        scale = result.scored_points.total(result.error_curves.zero)
        np.testing.assert_allclose(errors, result.prompt_errors[:FEW], rtol=1e-3, atol=1e-5 * scale)
