"""What goes wrong on a real Slurm: a line each, nothing lost, and a repeat goes on."""

import resource
import sys
from pathlib import Path

import pytest
from slurm_cluster import SlurmCluster, Verb, wait_until

from icl_bench.cli.cluster_options import Engine
from icl_bench.cli.sweep import sweep
from icl_bench.errors import InputError

pytestmark = pytest.mark.slow

TASKS = "sparse_parity,vector_mqar"


@pytest.fixture
def grid(spec: Path) -> list[str]:
    return ["sweep", "mini", "--spec", str(spec), "--task", TASKS, "--steps", "1"]


def wait_until_ended(cluster: SlurmCluster) -> None:
    wait_until(lambda: not cluster.run("squeue", "--noheader", "--me"), "end of all jobs")


def test_jobs_that_slurm_refuses_leave_nothing(verb: Verb, grid: list[str], spec: Path) -> None:
    line = verb(*grid, "--on", "slurm", "--partition", "nowhere", code=2)
    assert line.startswith("error: sbatch refused the jobs: "), line
    assert "Invalid partition name" in line
    with pytest.raises(InputError) as refused:
        sweep("mini", spec=[str(spec)], on=Engine.slurm, partition="nowhere")
    assert refused.value.code == "jobs-refused"
    assert not list(Path("runs/jobs").iterdir())
    assert verb("sweep", "mini", "--status") == "nothing was submitted from here\n"


def test_a_job_that_fails_before_python_starts(
    slurm: SlurmCluster, verb: Verb, grid: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        verb(*grid, "--on", "slurm", "--cells-per-job", "2")
    wait_until_ended(slurm)
    printed = verb("sweep", "mini", "--status")
    assert printed.count("/nowhere/python: No such file or directory") == 2
    assert printed.endswith("0 done, 0 running, 0 waiting, 2 failed\n")
    assert verb(*grid, "--on", "slurm", "--cells-per-job", "2").startswith("2 of 2 submitted in 1 job")
    wait_until_ended(slurm)
    assert verb("sweep", "mini", "--status").endswith("2 done, 0 running, 0 waiting, 0 failed\n")


def test_a_cell_that_fails_stops_no_other_of_its_job(
    slurm: SlurmCluster, verb: Verb, grid: list[str]
) -> None:
    damaged = Path("runs/mini-v1/tiny/seed-0/sparse_parity")
    damaged.mkdir(parents=True)
    (damaged / "state.pt").write_bytes(b"no state")
    verb(*grid, "--on", "slurm", "--cells-per-job", "2")
    wait_until_ended(slurm)
    printed = verb("sweep", "mini", "--status")
    assert "is damaged; remove" in " ".join(printed.split())
    assert printed.endswith("1 done, 0 running, 0 waiting, 1 failed\n")


def test_a_full_disk_costs_nothing_but_a_repeat(slurm: SlurmCluster, verb: Verb, grid: list[str]) -> None:
    """Slurm gives jobs the limits of who submits them: no file may grow beyond a few kilobytes, a checkpoint
    does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        verb(*grid, "--on", "slurm", "--cells-per-job", "2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    wait_until_ended(slurm)
    printed = " ".join(verb("sweep", "mini", "--status").split())
    assert printed.count("free space or name another place") == 2
    assert printed.endswith("0 done, 0 running, 0 waiting, 2 failed")
    verb(*grid, "--on", "slurm", "--cells-per-job", "2")
    wait_until_ended(slurm)
    assert verb("sweep", "mini", "--status").endswith("2 done, 0 running, 0 waiting, 0 failed\n")


def test_a_controller_that_is_down(slurm: SlurmCluster, verb: Verb, grid: list[str]) -> None:
    slurm.drain()
    verb(*grid, "--on", "slurm")
    slurm.stop("slurmctld")
    try:
        for arguments in (("sweep", "mini", "--status"), (*grid, "--on", "slurm")):
            line = verb(*arguments, code=2)
            assert line.startswith("error: squeue failed: "), line
            assert line.endswith("is the cluster up? try again later\n")
    finally:
        slurm.start("slurmctld", "-D")
        slurm.undrain()
    wait_until_ended(slurm)
    assert verb("sweep", "mini", "--status").endswith("2 done, 0 running, 0 waiting, 0 failed\n")
