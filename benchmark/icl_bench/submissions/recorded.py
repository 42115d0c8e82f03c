"""What is recorded of submissions on a suite: results, the check on fresh prompts, and what was replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.errors import SpecError
from icl_bench.evaluation.fresh import load_fresh_record
from icl_bench.records.read import load_record
from icl_bench.records.store import submitted_records
from icl_bench.resources import data_folder
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import Run, Submission
from icl_bench.submissions.submission_folder import (
    SUPERSEDED,
    SubmissionFolder,
    reason_file,
    record_file,
    recorded_files,
    submission_entries,
)
from icl_bench.suites import Suite

MAX_REASON = 4_000  # characters that are read


@dataclass(frozen=True)
class Correction:
    """Recorded results of one run that others replaced, and why."""

    suite: str
    seed: int
    record: ResultRecord
    reason: str


@dataclass(frozen=True)
class RecordedSubmission:
    """A submission with its recorded results on one suite, by seed."""

    submission: Submission
    suite: str
    records: Mapping[int, ResultRecord]
    fresh: Mapping[int, FreshRecord]
    corrections: list[Correction]

    def listed(self, seed: int) -> Run | None:
        """The run that a record is of, None where the submission lists another revision by now."""
        revision = self.records[seed].model.revision
        runs = [run for run in self.submission.runs_of(self.suite) if run.seed == seed]
        return next((run for run in runs if run.revision == revision), None)


def installed_submissions() -> list[SubmissionFolder]:
    """Every submission of this installation, by name; SpecError where one cannot be read."""
    return submission_entries(data_folder("submissions"))


def recorded_submissions(suite: Suite, submissions: Sequence[SubmissionFolder]) -> list[RecordedSubmission]:
    """Those of the submissions that have results on a suite.

    SpecError where a record cannot be read, or is not of its submission.
    """
    found = [_recorded(entry, suite) for entry in submissions]
    return [one for one in found if one.records]


def _recorded(entry: SubmissionFolder, suite: Suite) -> RecordedSubmission:
    records = submitted_records(entry.submission.model, suite, entry.path.parent)
    fresh = {}
    for seed, record in records.items():
        path = entry.results / record_file(f"{suite.name}-seed-{seed}", fresh=True)
        if path.is_file():
            fresh[seed] = load_fresh_record(path)
            if fresh[seed].model != record.model:
                raise SpecError(f"{path} is not of the record beside it; restore the file")
    return RecordedSubmission(
        entry.submission,
        suite.name,
        records,
        fresh,
        [one for one in corrections(entry) if one.suite == suite.name],
    )


def corrections(entry: SubmissionFolder) -> list[Correction]:
    """Replaced records, by suite, seed and revision; SpecError where one, or its reason, cannot be read."""
    found = []
    for folder in sorted((entry.results / SUPERSEDED).glob("*")):
        for run, path in recorded_files(folder, "json").items():
            suite, _, seed = run.rpartition("-seed-")
            reason = _reason(folder / reason_file(run))
            found.append(Correction(suite, int(seed), load_record(path), reason))
    return sorted(found, key=lambda one: (one.suite, one.seed, str(one.record.model.revision)))


def _reason(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_REASON).strip()
    except (OSError, UnicodeDecodeError):
        raise SpecError(f"cannot read {path}, why the record beside it was replaced; restore it") from None
