"""The small frozen suite, for every test here, a record on it and its file."""

from pathlib import Path

import pytest
from small_suite import own, tasks_folder, tiny  # noqa: F401

import icl_bench
from icl_bench.specs.result import ResultRecord


@pytest.fixture
def record(tiny) -> ResultRecord:  # noqa: F811
    """Of a cheap baseline."""
    return icl_bench.evaluate("baseline/averaging", "tiny")


@pytest.fixture
def saved(record, tmp_path) -> Path:
    """The file that holds it."""
    path = tmp_path / "results" / "averaging.json"
    record.save(path)
    return path
