"""What verbs do in the same way whose work may be done by jobs of a cluster."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from icl_bench.cli.cluster_options import Engine
from icl_bench.cli.start import with_homes

if TYPE_CHECKING:
    from icl_bench.cluster.shard import Shard
    from icl_bench.cluster.status import WorkStatus
    from icl_bench.cluster.work import Work

# options that say who does the work, not what it is
_WITH_VALUE = (
    "--on",
    "--cells-per-job",
    "--time",
    "--memory",
    "--gpus",
    "--partition",
    "--sbatch",
    "--workers",
)
_FLAGS = ("--print",)


@dataclass(frozen=True)
class ClusterChoice:
    """What the options of a verb say about who does its work."""

    on: Engine
    cells_per_job: int
    time: str
    memory: str
    gpus: int
    partition: str | None
    sbatch: list[str] | None
    print_script: bool
    shard: str | None
    workers: int | None = None  # processes of a job, for verbs that have that option

    def part(self) -> "Shard":
        """The part of the work that is done here; all of it where --shard is not given."""
        from icl_bench.cluster.shard import Shard, read_shard

        return Shard(0, 1) if self.shard is None else read_shard(self.shard)

    def check(self) -> None:
        """InputError where options contradict each other."""
        from icl_bench.errors import InputError

        if self.print_script and self.on is Engine.local:
            raise InputError("--print prints a script for --on slurm; give both", code="print-local")
        if self.shard is not None and self.on is not Engine.local:
            raise InputError(
                "--shard is done here, and --on slurm elsewhere; give one of them", code="shard-elsewhere"
            )
        self.part()

    def print_for_sbatch(self, cells: int) -> None:
        """Print the script whose jobs do so many cells."""
        from icl_bench.cluster.script import sbatch_script
        from icl_bench.errors import InputError

        jobs = math.ceil(cells / self.cells_per_job)
        if jobs == 0:
            raise InputError("nothing is left for a script to do; leave out --print", code="nothing-left")
        typer.echo(sbatch_script(_command(sys.argv[1:], self.workers), jobs, self._limits()), nl=False)

    def submit(self, works: "Sequence[Work]", jobs_folder: Path) -> None:
        """Submit what is left, and say how to follow it."""
        from icl_bench.cluster.submit import submit

        submission = submit(works, jobs_folder, self._limits(), self.cells_per_job)
        submitted, jobs, arrays = len(submission.submitted), submission.jobs, submission.arrays
        parts = ["nothing submitted"]
        if submitted:
            in_jobs = f"{jobs:,} job{'s' * (jobs > 1)}, array{'s' * (len(arrays) > 1)} {', '.join(arrays)}"
            parts = [f"{submitted:,} of {len(works):,} submitted in {in_jobs}"]
        if submission.done:
            parts.append(f"{len(submission.done):,} done before")
        if submission.in_jobs:
            parts.append(f"{len(submission.in_jobs):,} in jobs that wait or run")
        typer.echo("; ".join(parts))
        if submitted:
            typer.echo(f"logs: {jobs_folder}\nfollow them by --status; the same command submits what is left")

    def _limits(self) -> Any:
        from icl_bench.cluster.limits import Limits, check_memory, read_minutes, read_options

        return Limits(
            minutes=read_minutes(self.time),
            memory=check_memory(self.memory),
            gpus=self.gpus,
            partition=self.partition,
            cpus=self.workers or 1,
            options=read_options(self.sbatch or []),
        )


def print_statuses(statuses: "Sequence[WorkStatus]", columns: Callable[[str], dict[str, Any]]) -> None:
    """A table of work that was submitted, and how much is in each state; `columns` are those of a key."""
    from collections import Counter

    from icl_bench.display.text_table import text_table

    rows = [
        columns(each.key) | {"state": each.state, "job": each.job, "log or reason": each.message}
        for each in statuses
    ]
    if rows:
        typer.echo(
            text_table(rows, droppable=("steps",), wrapped="log or reason", missingval="-", intfmt=",")
        )
    counts = Counter(each.state for each in statuses)
    states = ", ".join(f"{counts[state]:,} {state}" for state in ("done", "running", "waiting", "failed"))
    typer.echo(states if rows else "nothing was submitted from here")


def refuse_at_once(**options: int | None) -> None:
    """InputError where jobs that do one cell after the other are to do several at once."""
    from icl_bench.errors import InputError

    for name, value in options.items():
        if value is not None and value > 1:
            raise InputError(
                f"jobs of --on slurm do one cell at a time; leave out --{name}, or submit the script of "
                "--print, whose jobs can do more",
                code="cells-at-once",
            )


def _command(arguments: Sequence[str], workers: int | None) -> list[str]:
    """The command line that was given, less who does the work, and with the number of processes of a job."""
    kept, words = [], iter(with_homes(arguments))
    for word in words:
        name, equals, _ = word.partition("=")
        if name in _WITH_VALUE:
            if not equals:
                next(words, None)
        elif word not in _FLAGS:
            kept.append(word)
    processes = [] if workers is None else ["--workers", str(workers)]
    return [sys.executable, "-m", "icl_bench", *kept, *processes]
