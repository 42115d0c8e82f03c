"""Recording results: append, or supersede what the submission names; never change a number in silence."""

import os
import re
import shutil
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from icl_bench.errors import CheckError, InputError
from icl_bench.evaluation.fresh import with_gaps_to
from icl_bench.files import whole_folder, write_text
from icl_bench.records.agree import disagreement, same_numbers
from icl_bench.records.record_files import SUPERSEDED, reason_file, record_file
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import Supersedes
from icl_bench.submissions.distinct_runs import check_errors_differ
from icl_bench.submissions.incoming import read_fresh, read_record
from icl_bench.submissions.submission_folder import SubmissionFolder

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Change:
    """What becomes of one run's results: `old` goes to the history, `record` and `fresh` are written."""

    run: str
    message: str  # in a phrase
    old: ResultRecord | None = None
    record: ResultRecord | None = None
    fresh: FreshRecord | None = None


def record_submission(entry: SubmissionFolder, results: Path, commit: str | None = None) -> list[str]:
    """Check the records of every run in `results` and add them to the submission's own; a line a run.

    With a commit, the records on its fresh prompts too; without one those that lie beside them, and the line
    says of which commit. Those that are recorded of the same weights stay. All is written or nothing.
    SpecError or InputError where a record is not what it should be, CheckError where a recorded score would
    change that the submission does not supersede.
    """
    check_commit(commit)
    changes = _changes(entry, results, commit)
    if any(change.old or change.record or change.fresh for change in changes):
        with whole_folder(entry.results) as part:
            if entry.results.is_dir():
                shutil.copytree(entry.results, part, dirs_exist_ok=True)
            for change in changes:
                _apply(change, part, entry.submission.supersedes)
    return [f"{change.run}: {change.message}" for change in changes]


def check_commit(commit: str | None) -> None:
    """InputError where a commit is given that is not 40 hexadecimal digits."""
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise InputError(f"{commit!r:.60} is not a commit; give its 40 hexadecimal digits", code="no-commit")


def _changes(entry: SubmissionFolder, results: Path, commit: str | None) -> list[Change]:
    submission = entry.submission
    recorded, recorded_fresh = entry.records(), entry.fresh_records()
    replaced = submission.supersedes.revisions if submission.supersedes else []
    changes, records = [], {}
    for run in submission.runs:
        name = submission.run_name(run)
        record = records[name] = read_record(results / record_file(name), submission, run)
        fresh, fresh_file = None, results / record_file(name, fresh=True)
        if commit is not None or os.path.lexists(fresh_file):
            fresh = read_fresh(fresh_file, submission, run, record, commit)
        change = _change(name, recorded.get(name), record, fresh, replaced)
        if change.record is None and name in recorded_fresh:
            change = replace(change, fresh=None)  # the first prompts that were drawn for it stay
        elif change.record is None and fresh is not None:
            # the gaps are to the record that stays, not to the one that was sent
            change = replace(change, fresh=with_gaps_to(recorded[name], fresh))
        if commit is None and change.fresh is not None:
            change = replace(change, message=f"{change.message}, with fresh prompts of {change.fresh.commit}")
        changes.append(change)
    check_errors_differ(records)
    for name in sorted(recorded.keys() - {change.run for change in changes}):
        if recorded[name].model.revision not in replaced:
            raise CheckError(
                f"{name} is recorded and no longer a run; keep it, or supersede its revision",
                code="run-removed",
            )
        changes.append(Change(name, "superseded, and no longer a run", old=recorded[name]))
    return changes


def _change(
    name: str,
    old: ResultRecord | None,
    record: ResultRecord,
    fresh: FreshRecord | None,
    replaced: list[str],
) -> Change:
    """What becomes of a run; CheckError where its recorded numbers would change and must not."""
    if old is None:
        return Change(name, "recorded", record=record, fresh=fresh)
    difference = disagreement(record, old)
    if old.model.revision == record.model.revision and difference is None:
        how = "the numbers are identical" if same_numbers(record, old) else "the numbers agree"
        return Change(name, f"recorded already, and {how}", fresh=fresh)
    if old.model.revision not in replaced:
        message = difference or f"its revision is {record.model.revision}"
        raise CheckError(
            f"{name} is recorded of revision {old.model.revision} and {message}; a record changes only where "
            "supersedes names the recorded revision",
            code="not-superseded",
        )
    return Change(name, f"recorded, superseding {old.model.revision}", old=old, record=record, fresh=fresh)


def _apply(change: Change, results: Path, supersedes: Supersedes | None) -> None:
    if change.old is not None and supersedes is not None:
        history = _free_history(results, str(change.old.model.revision)[:12], change.run, supersedes.reason)
        write_text(history / reason_file(change.run), supersedes.reason + "\n")
        for fresh in (False, True):
            file = record_file(change.run, fresh)
            if (results / file).exists():
                (results / file).rename(history / file)
    if change.record is not None:
        change.record.save(results / record_file(change.run))
    if change.fresh is not None:
        change.fresh.save(results / record_file(change.run, fresh=True))


def _free_history(results: Path, revision: str, run: str, reason: str) -> Path:
    """The folder for a replaced record: `<revision>`, or `<revision>-2` where it was replaced before, …

    InputError where that was for the same reason: a submission's `supersedes` replaces a record once.
    """
    for number in count(1):
        folder = results / SUPERSEDED / (revision if number == 1 else f"{revision}-{number}")
        if not (folder / record_file(run)).exists():
            return folder
        if (folder / reason_file(run)).read_text(encoding="utf-8").strip() == reason.strip():
            raise InputError(
                f"{run} of revision {revision} was replaced already for the reason that supersedes gives; "
                "say why again",
                code="same-reason",
            )
    raise AssertionError  # counting does not end
