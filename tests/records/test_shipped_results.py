"""Recorded results of shipped models are those of the shipped weights, on this suite's prompts."""

from hashlib import sha256

import numpy as np
import pytest

from icl_bench.entries.open import open_source
from icl_bench.models.shipped import REFERENCE, collection_of, shipped_folder, suite_models
from icl_bench.records.audit import check_of_suite
from icl_bench.records.reproduce import board_row, training_commands
from icl_bench.records.store import all_records
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE
from icl_bench.suites import load_prompts, load_suite, suite_names
from icl_bench.training.log import LOG_FILE

pytestmark = pytest.mark.slow

RECORDED = [
    (suite.name, name)
    for suite in map(load_suite, suite_names())
    for name in suite_models(suite)
    if suite.name in suite.training_suites and all_records(name, suite)
]
FEW = 32  # prompts


def test_there_are_recorded_results():
    assert ("mini-v1", "reference/gpt2") in RECORDED
    assert ("mini-conditioning-v1", "zoo/looped-8") in RECORDED


@pytest.mark.parametrize(("suite", "name"), RECORDED)
def test_records_are_of_clean_code_this_suite_and_the_shipped_weights(suite, name):
    suite = load_suite(suite)
    for record in all_records(name, suite):
        check_of_suite(record, suite, name)
        assert record.evaluator.dirty is False
        (seed,) = {result.checkpoint.training["seed"] for result in record.tasks.values()}
        weights = {task: shipped_folder(name, suite, task, seed) / WEIGHTS_FILE for task in suite.tasks}
        shipped = {task: path for task, path in weights.items() if path.is_file()}
        for task, path in shipped.items():
            assert record.tasks[task].checkpoint.sha256 == sha256(path.read_bytes()).hexdigest()
        if seed == 0:
            assert shipped.keys() == record.tasks.keys()
        if seed == 0 and collection_of(name) == REFERENCE:
            assert shipped.keys() == suite.tasks.keys()
        _check_left_can_be_trained(name, suite, seed, shipped.keys())


def _check_left_can_be_trained(name, suite, seed, shipped):
    """A result without weights has its run's config and curve, and the command that trains it with a hash."""
    (row,) = [row for row in board_row(name, suite) if row.seed == seed]
    left = {task: result for task, result in row.record.tasks.items() if task not in shipped}
    commands = training_commands(row, shipped)
    assert len(commands) == len(left)
    for (task, result), command in zip(left.items(), commands, strict=True):
        assert command.startswith(
            f"OMP_NUM_THREADS=1 icl-bench train {name} {suite.trained_as(task)} --seed {seed} "
        )
        assert command.endswith(f"# SHA-256 {result.checkpoint.sha256}")
        folder = shipped_folder(name, suite, task, seed)
        config = read_config(folder)
        assert config.training == result.checkpoint.training
        assert (folder / LOG_FILE).is_file()


@pytest.mark.parametrize(("suite", "name"), RECORDED)
def test_the_recorded_errors_come_out_again(suite, name):
    loaded = load_suite(suite)
    record = all_records(name, loaded)[0]
    source = open_source(name, loaded)
    for task, result in record.tasks.items():
        prompts = load_prompts(loaded, task)
        xs, ys = prompts.xs[:FEW], prompts.ys[:FEW]
        squared = squared_errors(source.task_predictor(loaded.task(task)).predictor.predict(xs, ys), ys)
        errors = scored_sums(squared, result.scored_points)
        # weights are the same; sums in another order may differ in the last digits of float32
        scale = result.scored_points.total(result.error_curves.zero)
        np.testing.assert_allclose(errors, result.prompt_errors[:FEW], rtol=1e-3, atol=1e-5 * scale)
