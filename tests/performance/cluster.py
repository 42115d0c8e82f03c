"""Jobs of a Slurm of one node on this machine: how long submitting and asking take, and what jobs add."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from slurm_cluster import SlurmCluster, slurm_cluster, wait_until

SUBMIT_SECONDS = 10  # aim, for MANY cells
STATUS_SECONDS = 2  # aim, for MANY cells
ADDED_PERCENT = 20  # aim, of the time of FEW cells without Slurm
MANY, FEW = 1_000, 100
_SPEC = """\
schema: 1
name: tiny
width: 16
positions: none
stem: []
layers:
  - repeat: 1
    sublayers: [{norm: rmsnorm, module: {type: attention, heads: 1, positions: rope, bias: false}}]
final_norm: rmsnorm
"""
_COMMAND = (sys.executable, "-m", "icl_bench", "sweep", "mini")
_MANY_TASKS = "linear_regression,sparse_linear_regression,two_layer_mlp,sparse_parity,vector_mqar"


def submitting_and_asking(folder: Path) -> tuple[float, float]:
    """Seconds of the whole commands that submit many cells, and that say what has become of them."""
    with slurm_cluster(largest_array=2 * MANY) as cluster:
        cluster.drain()
        seeds = MANY // len(_MANY_TASKS.split(","))
        options = ["--spec", _spec(folder), "--task", _MANY_TASKS, "--seeds", str(seeds), "--on", "slurm"]
        submitted = _seconds(lambda: _run(cluster, folder, *options))
        return submitted, _seconds(lambda: _run(cluster, folder, "--status"))


def added_by_jobs(folder: Path, sizes: Sequence[int]) -> Iterator[float]:
    """Percent that an array of one-step cells, so many a job, takes longer than a sweep of the same cells
    without Slurm, which starts a process a cell too."""
    grid = ["--spec", _spec(folder), "--task", "sparse_parity", "--seeds", str(FEW), "--steps", "1"]
    with slurm_cluster(cores=os.cpu_count() or 1) as cluster:
        alone = _seconds(lambda: _run(cluster, folder, *grid, "--out", "alone"))
        for size in sizes:
            out = f"jobs-{size}"
            jobs = ["--out", out, "--on", "slurm", "--cells-per-job", str(size)]

            def submit_and_wait(options: Sequence[str] = (*grid, *jobs)) -> None:
                _run(cluster, folder, *options)
                wait_until(lambda: not cluster.run("squeue", "--noheader", "--me"), "end of all jobs", 3_600)

            by_jobs = _seconds(submit_and_wait)
            made = len(list((folder / out).rglob("config.json")))
            if made != FEW:
                sys.exit(f"{made} of {FEW} cells were trained")
            yield 100 * (by_jobs / alone - 1)


def _spec(folder: Path) -> str:
    path = folder / "tiny.yaml"
    path.write_text(_SPEC)
    return str(path)


def _run(cluster: SlurmCluster, folder: Path, *options: str) -> None:
    done = subprocess.run(
        [*_COMMAND, *options],
        cwd=folder,
        env=cluster.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"sweep {' '.join(options)} failed: {done.stderr}")


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
