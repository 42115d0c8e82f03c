"""Where submissions lie, and reading them.

`submissions/<owner>__<model>/submission.yaml` is what was submitted; beside it lie its recorded results, as
`icl_bench.records.record_files` says.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from icl_bench.entries.hub import HubKind
from icl_bench.entries.language_model import LANGUAGE_MODEL
from icl_bench.errors import SpecError
from icl_bench.evaluation.fresh import load_fresh_record
from icl_bench.models.shipped import COLLECTIONS
from icl_bench.records.read import load_record
from icl_bench.records.record_files import RESULTS, recorded_files
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.plain_yaml import Lines, PlainYAMLError, load_plain
from icl_bench.specs.result import ModelIdentity, ResultRecord
from icl_bench.specs.schema import all_faults
from icl_bench.specs.submission import Run, Submission

SUBMISSION_FILE = "submission.yaml"
MAX_BYTES = 100_000
MAX_FAULTS = 100  # faults of one file


@dataclass(frozen=True)
class Fault:
    """What is wrong with a submission, where, and what to do."""

    path: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class SubmissionText:
    """A submission's file: its bytes, and the plain data in it (None where it is not plain data)."""

    path: Path
    content: bytes
    value: Any

    def fault(self, location: tuple[Any, ...], message: str) -> Fault:
        """A fault at a path of keys and indices."""
        return Fault(self.path, self._lines.at(location), message)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.content)


@dataclass(frozen=True)
class SubmissionFolder:
    """A submission, and where its results are."""

    path: Path
    submission: Submission

    @property
    def results(self) -> Path:
        """The folder of recorded results; it need not exist."""
        return self.path / RESULTS

    def records(self) -> dict[str, ResultRecord]:
        """Recorded results by run, as `mini-v1-seed-0`; SpecError where a file is no record."""
        return {file.run: load_record(file.path) for file in recorded_files(self.results)}

    def fresh_records(self) -> dict[str, FreshRecord]:
        """Recorded results on fresh prompts by run; SpecError where a file is none."""
        files = recorded_files(self.results, fresh=True)
        return {file.run: load_fresh_record(file.path) for file in files}


def run_folder(submission: Submission, run: Run, fetched: Path) -> Path:
    """Where a run's files are, in the folder that a submission is fetched to."""
    return fetched / submission.run_name(run)


def run_identity(submission: Submission, run: Run) -> ModelIdentity:
    """What records of a run say that they are of."""
    kind = HubKind().type if submission.spec is not None else LANGUAGE_MODEL
    return ModelIdentity(kind=kind, id=submission.model, revision=run.revision)


def submission_entries(root: Path) -> list[SubmissionFolder]:
    """Every submission below `root`, by name, without what comes with icl-bench; SpecError where one cannot
    be read."""
    files = sorted(root.glob(f"*/{SUBMISSION_FILE}"))
    return [
        SubmissionFolder(file.parent, read_submission(file))
        for file in files
        if file.parent.name not in COLLECTIONS
    ]


def submission_file(path: Path) -> Path:
    """`submission.yaml` of a folder, or the file itself."""
    return path if os.path.isfile(path) or path.suffix == ".yaml" else path / SUBMISSION_FILE


def read_submission(path: Path) -> Submission:
    """The submission of a folder or file; SpecError about the first fault, with its line."""
    _, submission, faults = inspect_submission(path)
    if submission is None:
        raise first_fault(faults)
    return submission


def first_fault(faults: list[Fault]) -> SpecError:
    """The error that reports the first of some faults."""
    more = f" (and {len(faults) - 1} more: `icl-bench submissions validate`)" if len(faults) > 1 else ""
    return SpecError(f"{faults[0]}{more}")


def inspect_submission(path: Path) -> tuple[SubmissionText, Submission | None, list[Fault]]:
    """The text, the submission where it follows its schema, and every fault where it does not."""
    file = submission_file(path)
    text, fault = _read(file)
    if fault:
        return text, None, [fault]
    submission, placed = all_faults(Submission, text.value)
    faults = sorted((text.fault(*fault) for fault in placed[:MAX_FAULTS]), key=lambda fault: fault.line or 0)
    if len(placed) > MAX_FAULTS:
        faults.append(Fault(file, None, f"{len(placed) - MAX_FAULTS:,} more faults; fix those above first"))
    return text, submission, faults


def _read(file: Path) -> tuple[SubmissionText, Fault | None]:
    nothing = SubmissionText(file, b"", None)
    if os.path.islink(file) or (os.path.exists(file) and not os.path.isfile(file)):  # no error of long names
        return nothing, Fault(file, None, "is not a plain file; put the file itself there")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        return nothing, Fault(file, None, f"cannot be read ({error.strerror}); name a submission's folder")
    if len(content) > MAX_BYTES:
        return nothing, Fault(file, None, f"is larger than {MAX_BYTES:,} bytes; shorten it")
    try:
        value = load_plain(content)
    except UnicodeDecodeError as error:
        return nothing, Fault(file, None, f"is not UTF-8 ({error.reason}); save it as UTF-8")
    except PlainYAMLError as error:
        return nothing, Fault(file, error.line, f"{error}; fix the YAML")
    return SubmissionText(file, content, value), None
