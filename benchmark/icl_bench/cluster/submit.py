"""Submitting what is left of some work, in as few arrays of jobs as the cluster takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.cluster.limits import Limits
from icl_bench.cluster.slurm import LiveJob, check_submitit, largest_array, live_jobs, submit_array
from icl_bench.cluster.submitted import Array, begin_array, forget_array, hash_of, submitted_arrays
from icl_bench.cluster.work import Work
from icl_bench.errors import InputError
from icl_bench.files import check_folder_place


@dataclass(frozen=True)
class Submission:
    """What became of some work: a key each, and the numbers of the arrays that Slurm was given."""

    submitted: Sequence[str]
    done: Sequence[str]  # before
    in_jobs: Sequence[str]  # that wait or run already
    jobs: int
    arrays: Sequence[str]


def submit(works: Sequence[Work], jobs_folder: Path, limits: Limits, per_job: int = 1) -> Submission:
    """Submit jobs of `per_job` pieces of work each, of what is neither done nor in a job that waits or runs.

    Nothing needs this process once it returns; whoever calls again submits nothing twice. InputError where
    there is no Slurm, where it refuses the jobs, or where `jobs_folder`, which receives the logs, cannot be
    written: then nothing further is submitted.
    """
    check_submitit()
    check_folder_place(jobs_folder)
    arrays_before = submitted_arrays(jobs_folder)
    live = keys_in_jobs(arrays_before, live_jobs(arrays_before))
    _refuse_other_work(works, live)
    done = [work.key for work in works if work.is_done()]
    known = {*done, *live}
    left = [work for work in works if work.key not in known]
    jobs = [left[start : start + per_job] for start in range(0, len(left), per_job)]
    most, arrays = largest_array() if jobs else 1, []
    for start in range(0, len(jobs), most):
        arrays.append(_submit(jobs[start : start + most], jobs_folder, limits))
    in_jobs = [work.key for work in works if work.key in live and work.key not in done]
    return Submission([work.key for work in left], done, in_jobs, len(jobs), arrays)


def keys_in_jobs(
    arrays: Sequence[Array], live: dict[tuple[str, int], LiveJob]
) -> dict[str, tuple[Array, int, LiveJob]]:
    """The work of jobs that wait or run, by key: its array, the job's index in it, and the job."""
    return {
        key: (array, index, live[array.name, index])
        for array in arrays
        for index, keys in enumerate(array.jobs)
        if (array.name, index) in live
        for key in keys
    }


def _refuse_other_work(works: Sequence[Work], live: Mapping[str, tuple[Array, int, LiveJob]]) -> None:
    """InputError where a job does something else under the key of a piece of work."""
    for work in works:
        if work.key in live:
            array, index, job = live[work.key]
            if array.jobs[index][work.key] != hash_of(work.request):
                raise InputError(
                    f"job {job.number} does {work.key} in another way; wait for it, cancel it (scancel "
                    f"{job.number}), or name another folder",
                    code="another-in-job",
                )


def _submit(jobs: Sequence[Sequence[Work]], jobs_folder: Path, limits: Limits) -> str:
    noted = [{work.key: hash_of(work.request) for work in works} for works in jobs]
    array = begin_array(jobs_folder, noted)
    try:
        return submit_array(array, jobs, limits)
    except InputError:
        forget_array(array)
        raise
