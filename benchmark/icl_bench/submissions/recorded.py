"""What is recorded of submissions on a suite: results, the check on fresh prompts, and what was replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_bench.errors import SpecError
from icl_bench.probes.run import recorded_findings
from icl_bench.records.ranked import fresh_records
from icl_bench.records.read import load_record
from icl_bench.records.record_files import SUPERSEDED, reason_file, recorded_files
from icl_bench.records.store import board_records, borrowed_records
from icl_bench.resources import data_folder
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import Run, Submission
from icl_bench.submissions.closed import check_closed_records
from icl_bench.submissions.submission_folder import SUBMISSION_FILE, SubmissionFolder, submission_entries
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
    borrowed: Sequence[ResultRecord] = ()  # of tasks that the suite lists and others own
    findings: Mapping[str, Mapping[str, Sequence[Finding]]] = field(default_factory=dict)  # of probes

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

    SpecError where a record cannot be read, or is not of its submission, or is of the open division where the
    submission is declared closed.
    """
    recorded = [_recorded(entry, suite) for entry in submissions]
    return [submission for submission in recorded if submission.records or submission.borrowed]


def _recorded(entry: SubmissionFolder, suite: Suite) -> RecordedSubmission:
    model, root = entry.submission.model, entry.path.parent
    records = board_records(model, suite, root)
    check_closed_records(entry.submission, suite, records, entry.path / SUBMISSION_FILE)
    return RecordedSubmission(
        entry.submission,
        suite.name,
        records,
        fresh_records(model, records, suite, root),
        [correction for correction in corrections(entry) if correction.suite == suite.name],
        borrowed_records(model, records, suite, root),
        recorded_findings(model, records, suite, root),
    )


def corrections(entry: SubmissionFolder) -> list[Correction]:
    """Replaced records, by suite, seed and revision; SpecError where one, or its reason, cannot be read."""
    replaced = [
        Correction(file.suite, file.seed, load_record(file.path), _reason(folder / reason_file(file.run)))
        for folder in sorted((entry.results / SUPERSEDED).glob("*"))
        for file in recorded_files(folder)
    ]
    return sorted(replaced, key=lambda each: (each.suite, each.seed, str(each.record.model.revision)))


def _reason(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_REASON).strip()
    except (OSError, UnicodeDecodeError):
        raise SpecError(f"cannot read {path}, why the record beside it was replaced; restore it") from None
