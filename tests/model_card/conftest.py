"""A model of two tasks, and the records of exactly its weights."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from models.small import saved, small_model

import icl_bench
from icl_bench.suites import load_suite

TASKS = ["linear_regression", "sparse_parity"]
ATTENTION = {"type": "attention", "heads": 2, "positions": "none", "bias": True}
SMALL = {"layers": [{"repeat": 2, "sublayers": [{"norm": "layernorm", "module": ATTENTION}]}]}


@pytest.fixture(scope="session")
def scored(tmp_path_factory) -> SimpleNamespace:
    """The folder of a model, one record of each of its tasks, and the paths of these records."""
    folder, suite = tmp_path_factory.mktemp("scored") / "my_model", load_suite("mini")
    for task in TASKS:
        spec = suite.tasks[task].function_class
        saved(folder / task, small_model(f"{suite.name}/{task}", spec.d, spec.k, **SMALL))
    records = {task: icl_bench.evaluate(folder, tasks=[task]) for task in TASKS}
    paths = {task: folder.parent / f"{task}.json" for task in TASKS}
    for task, record in records.items():
        record.save(paths[task])
    return SimpleNamespace(folder=folder, records=records, paths=paths, suite=suite)


@pytest.fixture
def both(scored) -> list[Path]:
    """The paths of both records."""
    return list(scored.paths.values())
