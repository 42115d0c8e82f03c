"""What has been submitted from a folder: a folder an array of jobs, which holds its logs and who does what.

The file is written before Slurm is asked, and names the array by what Slurm is to call it. So whoever is
killed in between leaves nothing that is submitted twice.
"""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.files import write_text

JOBS = "jobs"  # the folder, beside the results
PLAN_FILE = "work.json"
_NAME = "icl-bench-"
BEGINS = "icl-bench: the job begins"  # in the log of errors, where a job starts, again too
_TAIL_BYTES = 16_384
# what Slurm adds to the log of whatever ends
_ENDINGS = re.compile(
    r"srun: (error: \S+ task 0: (Exited|Terminated|Killed)|got SIGCONT|forcing job|Job step aborted)"
    r"|slurmstepd\S* error: \*\*\*"
)


@dataclass(frozen=True)
class Array:
    """Jobs that were submitted together."""

    folder: Path
    at: str  # when, ISO 8601
    jobs: Sequence[Mapping[str, str]]  # the work of each: by its key, a hash of the request

    @property
    def name(self) -> str:
        """What Slurm calls it."""
        return self.folder.name

    def log_line(self, index: int, key: str) -> str | None:
        """The last line that a job logged of a piece of work, or at all; None where it logged nothing."""
        lines = [line for path in self._logs.get(index, ()) for line in _last_lines(path)]
        of_key = [line for line in lines if line.startswith(f"{key}: ")]
        telling = [line for line in lines if not _ENDINGS.match(line)]
        return next(reversed(of_key or telling or lines), None)

    @cached_property
    def _logs(self) -> dict[int, list[Path]]:
        """The output and the errors of each job, in this order."""
        logs: dict[int, list[Path]] = {}
        for path in sorted(self.folder.iterdir(), key=lambda path: path.suffix, reverse=True):
            if match := re.fullmatch(r"\d+(?:_(\d+))?_0_log\.(?:out|err)", path.name):
                logs.setdefault(int(match[1] or 0), []).append(path)
        return logs


def hash_of(request: str) -> str:
    """What is kept of a request."""
    return hashlib.sha256(request.encode()).hexdigest()[:16]


def begin_array(jobs_folder: Path, jobs: Sequence[Mapping[str, str]]) -> Array:
    """Note an array that is about to be submitted. StorageError where nothing can be written."""
    array = Array(jobs_folder / f"{_NAME}{secrets.token_hex(4)}", datetime.now(UTC).isoformat(), jobs)
    plan = {"schema": 1, "at": array.at, "jobs": jobs}
    write_text(array.folder / PLAN_FILE, json.dumps(plan, indent=1) + "\n")
    return array


def forget_array(array: Array) -> None:
    """Take back the note of an array that Slurm refused."""
    shutil.rmtree(array.folder, ignore_errors=True)


def submitted_arrays(jobs_folder: Path) -> list[Array]:
    """What has been submitted, the oldest first. InputError where a file is not what was written."""
    arrays = [_read(path) for path in jobs_folder.glob(f"{_NAME}*/{PLAN_FILE}")]
    return sorted(arrays, key=lambda array: (array.at, array.name))


def _read(path: Path) -> Array:
    try:
        plan = json.loads(path.read_text())
        jobs = [{str(key): str(value) for key, value in job.items()} for job in plan["jobs"]]
        return Array(path.parent, str(plan["at"]), jobs)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} does not say what was submitted ({error}); remove its folder once its jobs have ended",
            code="damaged-plan",
        ) from None


def _last_lines(path: Path) -> list[str]:
    """The end of a log, from the last start on and without what submitit says of itself."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    lines = (line.strip() for line in text.rpartition(BEGINS)[2].splitlines())
    return [line for line in lines if line and not line.startswith("submitit ")]
