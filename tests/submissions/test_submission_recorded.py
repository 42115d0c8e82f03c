"""What is recorded of submissions stands on the board and is compared, with what it replaced and why."""

from pathlib import Path

import pytest
from raising import raises
from submissions.submitted import COMMIT, MODEL, OTHER, REVISION, SUITE, TASKS, Submitted, tiny_files

from icl_bench.errors import SpecError
from icl_bench.leaderboard import entries
from icl_bench.leaderboard.board_data import board_data
from icl_bench.leaderboard.entries import board_of, recorded_entries
from icl_bench.ranking import contenders as contenders_module
from icl_bench.ranking.contenders import contenders
from icl_bench.records import store
from icl_bench.records.store import board_records
from icl_bench.submissions import recorded
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.recorded import installed_submissions, recorded_submissions


@pytest.fixture
def board(submitted: Submitted, records: Path, tmp_path, monkeypatch) -> Path:
    """The folder of all submissions; one of them is recorded, and one is not yet."""
    for module in (store, recorded):
        monkeypatch.setattr(module, "data_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(entries, "suite_models", lambda suite: [])
    record_submission(submitted.entry, records, COMMIT)
    return tmp_path / "submissions"


def supersede(submitted: Submitted, tmp_path: Path, revision: str, reason: str) -> None:
    """Record other weights in the place of those of `revision`."""
    weights = len(reason)
    submitted.change(lambda value: value.update(supersedes={"revision": revision, "reason": reason}))
    submitted.add_run(
        0,
        f"{weights:02x}" * 20,
        tiny_files(tmp_path / f"files-{weights}", training={"seed": 0, "n": weights}),
    )
    submitted.lay_out(tmp_path / f"fetched-{weights}")
    submitted.evaluate(tmp_path / f"fetched-{weights}", tmp_path / f"records-{weights}")
    record_submission(submitted.entry, tmp_path / f"records-{weights}")


def test_it_is_read_with_its_fresh_results(board, tiny, submitted):
    (row,) = recorded_submissions(tiny, installed_submissions())
    assert row.submission == submitted.entry.submission
    assert (list(row.records), list(row.fresh), row.corrections) == ([0], [0], [])
    assert row.fresh[0].commit == COMMIT
    assert row.listed(0) == row.submission.runs[0]


def test_it_stands_on_the_board_and_is_re_evaluated(board, tiny):
    (entry,) = recorded_entries(tiny, installed_submissions())
    (row,) = board_data(board_of(tiny, [entry]), [entry]).models
    assert (row.name, row.kind, row.state) == (MODEL, "submission", "re-evaluated")
    assert row.division == "open"
    assert set(row.tasks) == set(TASKS)
    assert [run.revision for run in row.submission.runs] == [REVISION]
    assert {result.task for result in row.submission.fresh} == set(TASKS)


def test_what_the_submission_does_not_list_is_self_reported(board, tiny, submitted):
    """As between a merge and what records its results: those of the commit before still stand there."""
    submitted.change(lambda value: value["runs"][0].update(revision=OTHER))
    (entry,) = recorded_entries(tiny, installed_submissions())
    (row,) = board_data(board_of(tiny, [entry]), [entry]).models
    assert row.state == "self-reported"
    assert [(run.revision, run.files) for run in row.submission.runs] == [(REVISION, {})]


def test_it_is_compared_by_what_is_recorded(board, tiny, monkeypatch):
    monkeypatch.setattr(contenders_module, "open_source", pytest.fail)
    (contender,) = contenders([MODEL], tiny, ["linear_regression"])
    record = board_records(MODEL, tiny)[0]
    assert contender.name == MODEL
    assert contender.runs["linear_regression"][0].tolist() == record.tasks["linear_regression"].prompt_errors
    assert list(contender.runs) == ["linear_regression"]


def test_every_correction_keeps_its_record_and_its_reason(board, tiny, submitted, tmp_path):
    supersede(submitted, tmp_path, REVISION, "The first reason.")
    second = submitted.value["runs"][0]["revision"]
    supersede(submitted, tmp_path, second, "Another, later on.")
    (row,) = recorded_submissions(tiny, installed_submissions())
    reasons = {correction.record.model.revision: correction.reason for correction in row.corrections}
    assert reasons == {REVISION: "The first reason.", second: "Another, later on."}
    assert row.records[0].model.revision == submitted.value["runs"][0]["revision"]
    assert row.fresh == {}


def test_results_of_another_model_are_not_taken_for_its_own(board, tiny):
    path = board / "someone__model/results" / f"{SUITE}-seed-0.json"
    path.write_text(path.read_text().replace(MODEL, "someone/other"))
    with raises(SpecError, "other-place", naming=("someone/other", "someone/model")):
        recorded_entries(tiny, installed_submissions())


def test_fresh_results_of_another_revision_are_refused(board, tiny):
    path = board / "someone__model/results" / f"{SUITE}-seed-0.fresh.json"
    path.write_text(path.read_text().replace(REVISION, OTHER))
    with raises(SpecError, "other-record", naming=path):
        recorded_entries(tiny, installed_submissions())


@pytest.mark.parametrize(
    "name", ["../submissions/someone__model", "someone__model", "x" * 5_000, "a\0/b", "."]
)
def test_what_is_no_name_of_a_model_has_no_results(board, tiny, name):
    assert board_records(name, tiny) == {}
