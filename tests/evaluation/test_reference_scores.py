"""Recorded results of several seeds become one score a model and task."""

import shutil

import numpy as np
import pytest

import icl_bench
from icl_bench.errors import SpecError
from icl_bench.evaluation.freeze import freeze, needed_entries
from icl_bench.evaluation.reference_scores import reference_scores
from icl_bench.evaluation.seeds import seeds_estimate
from icl_bench.suites.frozen_errors import load_errors

TASK = "linear_regression"


@pytest.fixture
def recorded(own, tmp_path, monkeypatch):
    """A reference `one` with two seeds, as which two baselines stand in."""
    freeze(own, needed_entries(own, [TASK]))
    monkeypatch.setattr(
        "icl_bench.evaluation.reference_scores.reference_names", lambda suite: ["one", "none"]
    )
    monkeypatch.setattr(
        "icl_bench.evaluation.reference_scores.reference_folder", lambda name: tmp_path / name
    )
    (tmp_path / "one/results").mkdir(parents=True)
    for seed, name in enumerate(("ridge", "averaging")):
        icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]).save(
            tmp_path / f"one/results/tiny-v1-seed-{seed}.json"
        )
    return tmp_path / "one/results"


def test_seeds_are_taken_together(own, recorded):
    (found,) = reference_scores(own)
    records = [icl_bench.evaluate(f"baseline/{name}", "tiny", [TASK]) for name in ("ridge", "averaging")]
    seeds = [np.array(record.tasks[TASK].prompt_errors) for record in records]
    base, zero = (load_errors(own, TASK, name).errors for name in ("least_squares", "zero"))
    assert (found.model, found.task, found.seeds) == ("one", TASK, 2)
    assert found.score == seeds_estimate(own, TASK, seeds, base, zero)
    assert found.score.value == pytest.approx(np.mean([r.tasks[TASK].score.value for r in records]))
    assert found.optimality == found.score  # the baseline of this task is its exact predictor


def test_results_of_other_suites_are_left_alone(own, recorded):
    shutil.copy(recorded / "tiny-v1-seed-0.json", recorded / "other-v1-seed-0.json")
    assert reference_scores(own)[0].seeds == 2


def test_a_damaged_record_is_told_by_its_name(own, recorded):
    (recorded / "tiny-v1-seed-1.json").write_text("{")
    with pytest.raises(SpecError, match=r"tiny-v1-seed-1\.json"):
        reference_scores(own)
