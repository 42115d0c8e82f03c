"""Asking Slurm: what is queued, how large an array may be, and submitting one."""

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icl_bench.cluster.commands import ask, last_line
from icl_bench.cluster.limits import Limits
from icl_bench.cluster.submitted import Array
from icl_bench.cluster.work import Work
from icl_bench.errors import InputError
from icl_bench.files import cannot_write

if TYPE_CHECKING:
    from submitit import SlurmExecutor

MOST_TIMEOUTS = 1_000  # after which a job is not queued again
_RUNNING = ("RUNNING", "COMPLETING", "CONFIGURING", "STAGE_OUT", "SIGNALING", "STOPPED", "SUSPENDED")


@dataclass(frozen=True)
class LiveJob:
    """A job that Slurm has not ended."""

    number: str  # as 123_4
    running: bool
    reason: str  # why it waits


def live_jobs(arrays: Sequence[Array]) -> dict[tuple[str, int], LiveJob]:
    """The jobs of arrays that wait or run, whoever submitted them, by the array's name and the index in it.

    InputError where there is no Slurm, or it does not answer.
    """
    names = ",".join(array.name for array in arrays) or "none"
    output = ask(["squeue", "--noheader", "--array", f"--name={names}", "--format=%j|%K|%T|%i|%r"])
    jobs = {}
    for line in output.splitlines():
        name, _, rest = line.strip().partition("|")
        index, state, number, reason = rest.split("|", 3)
        running = state in _RUNNING
        jobs[name, int(index) if index.isdecimal() else 0] = LiveJob(number, running, reason)
    return jobs


def largest_array() -> int:
    """How many jobs an array may have here. InputError as `live_jobs`."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]), re.MULTILINE)
    return max(1, int(match[1])) if match else 1_000


def submit_array(array: Array, jobs: Sequence[Sequence[Work]], limits: Limits) -> str:
    """Submit jobs, each with its work; the array's number. InputError where Slurm refuses them."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    from icl_bench.cluster.job import Job
    from icl_bench.workers import KEEP_MEMORY, ONE_THREAD

    executor = _executor(array)
    setup = [f"export {name}={value}" for name, value in (ONE_THREAD | KEEP_MEMORY).items()]
    executor.update_parameters(
        job_name=array.name, setup=setup, array_parallelism=len(jobs), **limits.parameters()
    )
    try:
        with redirect_stderr(io.StringIO()):  # submitit repeats there what sbatch says
            submitted = executor.submit_array([Job(works) for works in jobs])
    except (FailedJobError, FailedSubmissionError) as error:
        raise InputError(
            f"sbatch refused the jobs: {last_line(str(error))}; give what this cluster takes, as "
            "--partition or --sbatch account=NAME",
            code="jobs-refused",
        ) from None
    except OSError as error:
        raise cannot_write(array.folder, error) from error
    return str(submitted[0].job_id).partition("_")[0]


def check_submitit() -> None:
    """InputError where submitit is not installed."""
    try:
        import submitit  # noqa: F401
    except ImportError:
        raise InputError(
            "jobs are submitted by submitit, which is not installed; pip install 'icl-bench[cluster]', or "
            "submit what --print prints",
            code="no-submitit",
        ) from None


def _executor(array: Array) -> "SlurmExecutor":
    from submitit import SlurmExecutor

    ask(["srun", "--version"])  # the executor wants it, and says so by a traceback
    return SlurmExecutor(array.folder, max_num_timeout=MOST_TIMEOUTS)
