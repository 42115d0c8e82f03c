"""A cache of its own for every test, and a tiny suite in a data folder of its own."""

import shutil
from pathlib import Path

import pytest

from icl_bench.resources import data_folder
from icl_bench.suites import Suite, catalogue, load_suite
from icl_bench.suites.lock import lock_suite

PROMPTS = 40


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """Where suites are cached during the test."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "icl-bench" / "suites"


@pytest.fixture
def tasks_folder(tmp_path, monkeypatch) -> Path:
    """A data folder `tasks` that holds `tiny-v1`, not locked: mini-v1 with 40 prompts a task."""
    folder = tmp_path / "tasks"
    shutil.copytree(data_folder("tasks") / "mini-v1", folder / "tiny-v1")
    (folder / "tiny-v1" / "lock.json").unlink()
    declared = (folder / "tiny-v1" / "suite.yaml").read_text(encoding="utf-8")
    declared = declared.replace("name: mini-v1", "name: tiny-v1").replace(
        "prompts: 2048", f"prompts: {PROMPTS}"
    )
    (folder / "tiny-v1" / "suite.yaml").write_text(declared, encoding="utf-8")
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tmp_path / name)
    return folder


@pytest.fixture
def tiny(tasks_folder) -> Suite:
    """The suite `tiny-v1`, locked."""
    suite = load_suite("tiny-v1")
    lock_suite(suite)
    return suite
