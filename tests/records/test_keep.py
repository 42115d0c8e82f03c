"""A record that was evaluated is not lost: not to one that is there, not to a full disk."""

import errno
import os
from pathlib import Path

import fabricated
import pytest

from icl_bench.records import keep
from icl_bench.records.keep import keep_at, keep_beside, united
from icl_bench.records.read import load_record
from icl_bench.specs.result import ResultRecord


def part(record: ResultRecord, *tasks: str) -> ResultRecord:
    """A record of some tasks alone."""
    chosen = {task: result for task, result in record.tasks.items() if task in tasks}
    missing = {task: "no checkpoint" for task in record.tasks if task not in tasks}
    return record.model_copy(update={"tasks": chosen, "missing": missing})


@pytest.fixture(scope="module")
def whole() -> ResultRecord:
    return fabricated.record("user/model", 0.2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "results/model.json"


@pytest.mark.parametrize("keep_record", [keep_at, keep_beside])
def test_other_tasks_of_the_model_are_united(whole, place, keep_record):
    first, second = (
        part(whole, "linear_regression", "vector_mqar"),
        part(whole, "linear_regression", "sparse_parity"),
    )
    assert keep_record(first, place).note is None
    kept = keep_record(second, place)
    assert (kept.path, kept.fault) == (place, None)
    assert "vector_mqar" in kept.note
    assert load_record(place) == united(first, second)
    assert load_record(place).tasks == part(whole, "linear_regression", "sparse_parity", "vector_mqar").tasks
    assert load_record(place).missing.keys() == whole.tasks.keys() - load_record(place).tasks.keys()
    assert os.listdir(place.parent) == [place.name]


def test_the_same_evaluation_takes_its_own_place(whole, place):
    keep_beside(part(whole, "linear_regression"), place)
    assert keep_beside(whole, place) == keep.Kept(place)
    assert load_record(place) == whole


def retrained(whole: ResultRecord) -> ResultRecord:
    return fabricated.record("user/model", 0.3)


def of_another_revision(whole: ResultRecord) -> ResultRecord:
    return part(fabricated.record("user/model", 0.2, revision="b2" * 20), "sparse_parity")


def made_elsewhere(whole: ResultRecord) -> ResultRecord:
    environment = whole.environment.model_copy(update={"torch": "9.9"})
    return part(whole, "sparse_parity").model_copy(update={"environment": environment})


@pytest.mark.parametrize("other", [retrained, of_another_revision, made_elsewhere])
def test_what_differs_goes_beside_and_finds_its_place_again(whole, place, other):
    known, record = part(whole, "linear_regression", "sparse_parity"), other(whole)
    keep_beside(known, place)
    for _ in range(2):
        assert keep_beside(record, place).path == place.with_name("model-2.json")
    assert load_record(place) == known
    assert load_record(place.with_name("model-2.json")) == record
    assert len(os.listdir(place.parent)) == 2


def test_what_is_no_record_stays(whole, place):
    place.parent.mkdir()
    place.write_text("notes")
    kept = keep_beside(whole, place)
    assert (place.read_text(), load_record(kept.path)) == ("notes", whole)
    assert str(place) in kept.note


def test_a_named_place_is_the_records(whole, place):
    keep_at(whole, place)
    keep_at(retrained(whole), place)
    assert load_record(place) == retrained(whole)


def test_tasks_that_a_named_place_loses_are_said(whole, place):
    known, record = part(whole, "linear_regression", "sparse_parity"), made_elsewhere(whole)
    keep_at(known, place)
    assert keep_at(record, place).note == "in place of linear_regression, evaluated otherwise"
    assert load_record(place) == record


def full(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """These folders take no more."""
    replace = os.replace

    def refuse(source, target):
        if Path(target).parent in folders:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)


def test_a_full_disk_sends_a_record_to_the_folder_of_temporary_files(whole, place, tmp_path, monkeypatch):
    spare, current = tmp_path / "spare", tmp_path / "current"
    spare.mkdir()
    current.mkdir()
    (spare / place.name).write_text("of somebody else")
    monkeypatch.setattr(keep.tempfile, "gettempdir", lambda: str(spare))
    monkeypatch.chdir(current)

    full(monkeypatch, place.parent)
    kept = keep_beside(whole, place)
    assert kept.path == spare / "model-2.json"
    assert load_record(kept.path) == whole
    assert (kept.fault.code, kept.fault.exit_code) == ("put-elsewhere", 2)
    assert all(text in str(kept.fault) for text in (str(place), "No space left on device", str(kept.path)))

    full(monkeypatch, place.parent, spare)
    assert keep_beside(whole, place).path == current / "model.json"

    full(monkeypatch, place.parent, spare, current)
    kept = keep_beside(whole, place)
    assert (kept.path, kept.fault.code) == (None, "put-nowhere")
    assert str(place) in str(kept.fault)
