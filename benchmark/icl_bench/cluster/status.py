"""What has become of work that was submitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.cluster.slurm import LiveJob, live_jobs
from icl_bench.cluster.submit import keys_in_jobs
from icl_bench.cluster.submitted import Array, submitted_arrays


@dataclass(frozen=True)
class WorkStatus:
    """Of one piece of work."""

    key: str
    state: str  # done, running, waiting, or failed: its job has ended, and it is not done
    job: str | None = None  # as Slurm numbers it, while it waits or runs
    message: str | None = None  # why it waits, or the last line of the log of a job that failed


def work_statuses(jobs_folder: Path, is_done: Callable[[str], bool]) -> list[WorkStatus]:
    """The status of everything that was submitted from a folder, in the order of submission.

    Slurm is asked once, and only where something is not done. InputError where it does not answer.
    """
    arrays = submitted_arrays(jobs_folder)
    places = {  # those of the last submission
        key: (array, index) for array in arrays for index, keys in enumerate(array.jobs) for key in keys
    }
    done = {key: is_done(key) for key in places}
    live = {} if all(done.values()) else keys_in_jobs(arrays, live_jobs(arrays))
    done |= {key: is_done(key) for key, was_done in done.items() if not was_done and key not in live}
    return [
        WorkStatus(key, "done") if done[key] else _status(key, array, index, live, done)
        for key, (array, index) in places.items()
    ]


def _status(
    key: str,
    array: Array,
    index: int,
    live: dict[str, tuple[Array, int, LiveJob]],
    done: dict[str, bool],
) -> WorkStatus:
    """Of what is not done. A job does its work in order: what runs is the first piece that is left."""
    if key not in live:
        return WorkStatus(key, "failed", message=array.log_line(index, key) or "its job has left no log")
    array, index, job = live[key]
    failed = array.log_line(index, key)
    if job.running and failed is not None and failed.startswith(f"{key}: "):
        return WorkStatus(key, "failed", job.number, failed)
    if job.running and key == _first_left(list(array.jobs[index]), done, array, index):
        return WorkStatus(key, "running", job.number)
    return WorkStatus(key, "waiting", job.number, None if job.running else job.reason)


def _first_left(keys: Sequence[str], done: dict[str, bool], array: Array, index: int) -> str | None:
    def failed(key: str) -> bool:
        return (array.log_line(index, key) or "").startswith(f"{key}: ")

    return next((key for key in keys if not done[key] and not failed(key)), None)
