"""Asking Slurm: what is queued, how large an array may be, and submitting one."""

import io
import re
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icl_bench.cluster.limits import Limits
from icl_bench.cluster.submitted import Array
from icl_bench.cluster.work import Work
from icl_bench.errors import InputError

if TYPE_CHECKING:
    from submitit import SlurmExecutor

ANSWER_SECONDS = 60
MOST_TIMEOUTS = 1_000  # after which a job is not queued again
_RUNNING = ("RUNNING", "COMPLETING", "CONFIGURING", "STAGE_OUT", "SIGNALING", "STOPPED", "SUSPENDED")


@dataclass(frozen=True)
class LiveJob:
    """A job that Slurm has not ended."""

    number: str  # as 123_4
    running: bool
    reason: str  # why it waits


def live_jobs() -> dict[tuple[str, int], LiveJob]:
    """The user's jobs that wait or run, by the name of their array and their index in it.

    InputError where there is no Slurm, or it does not answer.
    """
    output = ask(["squeue", "--noheader", "--array", "--me", "--format=%j|%K|%T|%i|%r"])
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
    return int(match[1]) if match else 1_000


def submit_array(array: Array, jobs: Sequence[Sequence[Work]], limits: Limits) -> str:
    """Submit jobs, each with its work; the array's number. InputError where Slurm refuses them."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    from icl_bench.cluster.job import Job
    from icl_bench.workers import KEEP_MEMORY, ONE_THREAD

    executor = _executor(array)
    setup = [f"export {name}={value}" for name, value in (ONE_THREAD | KEEP_MEMORY).items()]
    executor.update_parameters(job_name=array.name, setup=setup, **limits.parameters())
    try:
        with redirect_stderr(io.StringIO()):  # submitit repeats there what sbatch says
            submitted = executor.submit_array([Job(works) for works in jobs])
    except (FailedJobError, FailedSubmissionError) as error:
        raise InputError(
            f"sbatch refused the jobs: {_last_line(str(error))}; change --partition, --time or --gpus",
            code="jobs-refused",
        ) from None
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


def ask(command: Sequence[str]) -> str:
    """What a command of Slurm prints. InputError where it is not there, or says that something is wrong."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except FileNotFoundError:
        raise InputError(
            f"there is no Slurm here: no command {command[0]}; run this on a machine that submits to the "
            "cluster, or print a script by --print",
            code="no-slurm",
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"{command[0]} does not answer: {error}; try again later", code="slurm-silent"
        ) from None
    if done.returncode:
        raise InputError(
            f"{command[0]} failed: {_last_line(done.stderr)}; is the cluster up? try again later",
            code="slurm-silent",
        )
    return done.stdout


def _executor(array: Array) -> "SlurmExecutor":
    from submitit import SlurmExecutor

    ask(["srun", "--version"])  # the executor wants it, and says so by a traceback
    return SlurmExecutor(array.folder, max_num_timeout=MOST_TIMEOUTS)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        re.sub(r"^(sbatch|squeue|scontrol|srun): (error: )?", "", lines[-1]) if lines else "it says nothing"
    )
