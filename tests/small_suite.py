"""A frozen suite of all six function classes, small enough that every test may evaluate on it."""

import shutil
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from icl_bench.frozen import compute, freeze
from icl_bench.suites import Suite, catalogue, load_suite
from icl_bench.suites.lock import lock_suite

TASKS = {
    "linear_regression": ({"dims": 3}, 9, "all", "least_squares", "least_squares"),
    "sparse_parity": ({"dims": 4, "sparsity": 2}, 11, "all", "parity_bayes", "parity_bayes"),
    "vector_mqar": ({"dims": 2}, 5, "last", "lookup", "lookup"),
    "decision_tree": ({"dims": 3, "depth": 2}, 8, "all", "zero", "two_layer_nn"),
}
PROMPTS = 96


@pytest.fixture(scope="session")
def tasks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `tasks` folder with the suite tiny-v1 in it, locked."""
    folder = tmp_path_factory.mktemp("tasks")
    suite = {"schema": 1, "name": "tiny-v1", "summary": "small", "prompts": PROMPTS, "resamples": 2000}
    _write(folder / "tiny-v1/suite.yaml", suite | {"tasks": list(TASKS), "notes": "for tests"})
    for name, (sizes, points, scored, baseline, exact) in TASKS.items():
        task = {"schema": 1, "name": name, "summary": "small", "function_class": {"type": name} | sizes}
        task |= {
            "points": points,
            "scored": scored,
            "baseline": baseline,
            "exact": exact,
            "exact_note": "none",
        }
        _write(folder / f"tiny-v1/{name}.yaml", task)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "data_folder", lambda name: folder)
        lock_suite(load_suite("tiny"))
    return folder


@pytest.fixture
def tiny(tasks_folder, monkeypatch, tmp_path_factory) -> Suite:
    """The suite `tiny`, under its own cache, known to `load_suite` while the test runs."""
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tasks_folder)
    monkeypatch.setenv("HF_HOME", str(tasks_folder.parent / "cache"))
    return load_suite("tiny")


class InPlace(Executor):
    """A pool whose work is done at once, here."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.left = stop_after

    def submit(self, function, *arguments):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.fixture
def own(tiny, tmp_path, monkeypatch) -> Suite:
    """A copy of the tiny suite to freeze errors in; what is computed is computed in this process."""
    shutil.copytree(tiny.folder, tmp_path / "tasks" / "tiny-v1")
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(freeze, "worker_pool", lambda workers: InPlace())
    monkeypatch.setattr(compute, "CHUNK", 40)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return replace(tiny, folder=tmp_path / "tasks" / "tiny-v1")


def _write(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(value))
