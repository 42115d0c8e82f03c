"""Evaluations, baselines and printed scripts on a real Slurm give what the same verbs give on one machine."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from slurm_cluster import SlurmCluster, Verb, wait_until
from small_suite import tasks_folder  # noqa: F401

import icl_bench
from icl_bench.records.agree import same_numbers

pytestmark = pytest.mark.slow

MODELS = ("baseline/ridge", "baseline/zero", "baseline/least_squares")


def wait_until_ended(cluster: SlurmCluster) -> None:
    wait_until(lambda: not cluster.run("squeue", "--noheader", "--me"), "end of all jobs")


def test_models_are_evaluated_by_jobs_and_here_alike(slurm: SlurmCluster, verb: Verb) -> None:
    models = ["evaluate", *MODELS, "--task", "linear_regression"]
    assert verb(
        *models[:2], *models[-2:], "--output", "results/baseline__ridge-mini-v1-linear_regression.json"
    )
    printed = verb(*models, "--output", "results", "--on", "slurm", "--cells-per-job", "2")
    assert printed.startswith("2 of 3 submitted in 1 job, ")
    assert "; 1 done before" in printed
    wait_until_ended(slurm)
    assert verb(*models, "--output", "results", "--status").endswith(
        "2 done, 0 running, 0 waiting, 0 failed\n"
    )
    printed = verb(*models, "--output", "here")
    assert printed.count(" of 3: baseline/") == 3
    assert verb(*models, "--output", "here").count(" was there\n") == 3
    for path in Path("here").iterdir():
        here, there = icl_bench.load_record(path), icl_bench.load_record(Path("results") / path.name)
        assert same_numbers(here, there)


def test_baselines_are_computed_by_jobs_and_frozen_here(
    slurm: SlurmCluster,
    verb: Verb,
    tasks_folder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compute = ["baselines", "compute", "tiny", "--task", "linear_regression"]
    compute += ["--baseline", "ridge", "--baseline", "least_squares"]

    def enter(place: str) -> None:
        """Work on another copy of the suite, with another cache."""
        shutil.copytree(tasks_folder, place)
        monkeypatch.setenv("ICL_BENCH_SUITES", str(Path(place).absolute()))
        monkeypatch.setenv("HF_HOME", str(Path(f"cache-{place}").absolute()))

    def hashes() -> dict[str, str]:
        frozen = icl_bench.load_suite("tiny").lock.baselines["linear_regression"]
        return {name: lock.sha256 for name, lock in frozen.items()}

    enter("jobs")
    assert verb(*compute, "--on", "slurm").startswith("2 of 2 submitted in 2 jobs, ")
    wait_until_ended(slurm)
    assert verb(*compute, "--status").endswith("2 done, 0 running, 0 waiting, 0 failed\n")
    with monkeypatch.context() as patch:
        patch.setattr("icl_bench.frozen.compute._compute_chunk", None)  # nothing is left to compute
        verb(*compute)
    by_jobs = hashes()
    enter("here")
    verb(*compute)
    assert by_jobs == hashes()
    assert set(by_jobs) == {"ridge", "least_squares"}


def test_a_printed_script_does_what_jobs_do(
    slurm: SlurmCluster, verb: Verb, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = ["sweep", "mini", "--spec", str(spec), "--task", "sparse_parity,vector_mqar", "--steps=1"]
    asked = [*grid, "--on=slurm", "--print", "--cells-per-job", "1", "--time", "0:30:00", "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["icl-bench", *asked])
    script = Path("sweep.sh")
    script.write_text(verb(*asked))
    assert not Path("runs").exists()
    slurm.run("sbatch", "--chdir", os.getcwd(), str(script))
    wait_until_ended(slurm)
    assert verb(*grid, "--list").endswith("2 of 2 runs done\n"), [p.read_text() for p in Path().glob("*.log")]
    assert not list(Path("runs").rglob("run.lock"))
