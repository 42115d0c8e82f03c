"""Where a model's submission goes, and what lies there already."""

from dataclasses import dataclass
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.specs.submission import Submission, folder_name
from icl_bench.submissions.submission_folder import (
    SUBMISSION_FILE,
    SubmissionFolder,
    first_fault,
    inspect_submission,
)


@dataclass(frozen=True)
class SubmissionPlace:
    """The file of a submission, and its text and content where it is there."""

    file: Path
    text: str | None
    submission: Submission | None

    @classmethod
    def of_model(cls, root: Path, model: str) -> "SubmissionPlace":
        """The place of a model's submission below `root`; SpecError where what is there is not one."""
        file = root / folder_name(model) / SUBMISSION_FILE
        if not file.exists() and not file.is_symlink():
            return cls(file, None, None)
        text, submission, faults = inspect_submission(file)
        if submission is None:
            raise first_fault(faults)
        return cls(file, text.content.decode(), submission)

    def recorded_commits(self, suite: str) -> dict[str, str]:
        """The commits of the results that are recorded on a suite, by run."""
        if self.submission is None:
            return {}
        records = SubmissionFolder(self.file.parent, self.submission).records()
        return {
            run: str(record.model.revision) for run, record in records.items() if record.suite.name == suite
        }

    def check_change(self, text: str, wanted: bool) -> None:
        """InputError where another text is there and no change of it is wanted."""
        if self.text is not None and self.text != text and not wanted:
            raise InputError(
                f"{self.file} is there and says something else; give --replace to change it, or --supersede "
                "REASON to replace results that are recorded too"
            )
