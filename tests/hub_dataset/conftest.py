"""The tiny suites that are published here, and a Hub whose datasets `datasets` loads."""

from pathlib import Path

import datasets
import pytest
import yaml
from models.conftest import hub  # noqa: F401  the fixture
from small_suite import tasks_folder, tiny  # noqa: F401  fixtures

from icl_bench.suites import Suite, load_suite
from icl_bench.suites.lock import lock_suite

QUERIED = {  # of a task whose queries are apart from its context
    "schema": 1,
    "name": "linear_repeated",
    "summary": "Repeats <b>an</b> example.",
    "trained_as": "tiny-v1/linear_regression",
    "exact_note": "Exact.",
    "shift": {"type": "repeated"},
}


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch) -> None:
    """Nothing is kept but in the folder of the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))


@pytest.fixture
def own_suite(tiny, tmp_path, monkeypatch) -> Suite:  # noqa: F811
    """A suite of one's own: a task of `tiny`, and one whose queries are apart from its context."""
    folder = tmp_path / "own/own-v2"
    _write(
        folder / "suite.yaml",
        tiny.spec.model_dump(by_alias=True)
        | {"name": "own-v2", "tasks": ["tiny-v1/sparse_parity", "linear_repeated"]},
    )
    _write(folder / "linear_repeated.yaml", QUERIED)
    monkeypatch.setenv("ICL_BENCH_SUITES", str(tmp_path / "own"))
    lock_suite(load_suite("own"))
    return load_suite("own")


@pytest.fixture
def text_suite(tmp_path, monkeypatch) -> Suite:
    """A suite that is asked in text, with parameters of one byte and of one number a prompt."""
    text = load_suite("text-boolean")
    folder = tmp_path / "own/small-text-v1"
    spec = text.spec.model_dump(by_alias=True)
    _write(folder / "suite.yaml", spec | {"name": "small-text-v1", "prompts": 30, "tasks": ["dnf3"]})
    (folder / "dnf3.yaml").write_bytes((text.folder / "dnf3.yaml").read_bytes())
    monkeypatch.setenv("ICL_BENCH_SUITES", str(tmp_path / "own"))
    lock_suite(load_suite("small-text"))
    return load_suite("small-text")


def _write(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(value))
