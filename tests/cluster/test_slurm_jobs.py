"""Jobs of a real Slurm train to the bits of a local sweep, whatever befalls jobs, node and controller."""

import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from slurm_cluster import SlurmCluster, Verb, wait_until

from icl_bench.cli.cluster_options import Engine
from icl_bench.cli.sweep import sweep
from icl_bench.errors import InputError
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE
from icl_bench.training.cell import saved_step
from icl_bench.training.group import RunGroup
from icl_bench.training.log import last_step
from icl_bench.training.plan import make_plan

pytestmark = pytest.mark.slow

STATES = re.compile(r"(\d+) (done|running|waiting|failed)")
LONG = 3_000  # steps of the tiny model, which take longer than a job needs to be cut off


def states(verb: Verb) -> dict[str, int]:
    """How many cells of the sweep are in each state."""
    counted = verb("sweep", "mini", "--status").splitlines()[-1]
    return dict(Counter({state: int(count) for count, state in STATES.findall(counted)}) + Counter())


def wait_until_done(verb: Verb, cells: int) -> None:
    wait_until(lambda: states(verb) == {"done": cells}, f"end of {cells} cells")


def weights_of_jobs() -> dict[str, bytes]:
    return {path.parent.as_posix(): path.read_bytes() for path in Path("runs").rglob(WEIGHTS_FILE)}


def weights_made_here(spec: Path, tasks: list[str], seeds: int, steps: int) -> dict[str, bytes]:
    """Those of the same runs, trained in this process from the first step to the last."""
    made = {}
    for seed, task in product(range(seeds), tasks):
        folder = Path(f"runs/mini-v1/tiny/seed-{seed}/{task}")
        plan = make_plan(str(spec), f"mini/{task}", seed, steps=steps)
        RunGroup.of_plans({"here" / folder: plan}, "cpu").run_to_end(resume=False)
        made[folder.as_posix()] = ("here" / folder / WEIGHTS_FILE).read_bytes()
    return made


def only_job(cluster: SlurmCluster) -> str:
    """The number of the one job that waits or runs."""
    (number,) = cluster.run("squeue", "--noheader", "--me", "--array", "--format=%i").split()
    return number


def minutes_run(cluster: SlurmCluster) -> int:
    """Whole minutes for which the one job has run."""
    (time,) = cluster.run("squeue", "--noheader", "--me", "--format=%M").split()  # as 1:07
    return int(time.split(":")[-2])


def test_an_array_ends_with_the_bits_of_a_local_sweep(slurm: SlurmCluster, verb: Verb, spec: Path) -> None:
    """Meanwhile a node is drained, the controller is restarted and a job is queued again."""
    tasks = ["sparse_parity", "vector_mqar"]
    grid = ["sweep", "mini", "--spec", str(spec), "--task", ",".join(tasks), "--seeds", "4", "--steps", "100"]
    slurm.drain()
    assert verb(*grid, "--on", "slurm").startswith("8 of 8 submitted in 8 jobs, ")
    assert states(verb) == {"waiting": 8}
    assert re.search(r"waiting +\d+_0 .*(ReqNodeNotAvail|DRAIN)", verb("sweep", "mini", "--status"))
    assert verb(*grid, "--on", "slurm") == "nothing submitted; 8 in jobs that wait or run\n"

    slurm.stop("slurmctld")
    slurm.start("slurmctld", "-D")
    slurm.undrain()
    wait_until(lambda: states(verb).get("running"), "job that runs")
    job = re.search(r"running +(\d+_\d+) ", verb("sweep", "mini", "--status"))
    assert job is not None
    slurm.run("scontrol", "requeue", job[1])
    wait_until_done(verb, 8)
    assert weights_of_jobs() == weights_made_here(spec, tasks, 4, 100)
    assert verb(*grid, "--on", "slurm") == "nothing submitted; 8 done before\n"


def test_a_run_that_is_cut_off_twice_ends_with_the_same_bits(
    slurm: SlurmCluster, verb: Verb, spec: Path
) -> None:
    """It is queued again, then cancelled and submitted anew."""
    grid = ["sweep", "mini", "--spec", str(spec), "--task", "sparse_parity", "--steps", str(LONG)]
    run = Path("runs/mini-v1/tiny/seed-0/sparse_parity")
    assert verb(*grid, "--on", "slurm").startswith("1 of 1 submitted in 1 job, ")
    wait_until(lambda: last_step(run), "run that has begun")
    slurm.run("scontrol", "requeue", only_job(slurm))
    wait_until(lambda: saved_step(run), "step that is saved")
    before = saved_step(run) or 0
    wait_until(lambda: (last_step(run) or 0) > before, "run that goes on")
    slurm.run("scancel", only_job(slurm))
    wait_until(lambda: states(verb) == {"failed": 1}, "job that has ended")
    assert "stopped, and saved" in verb("sweep", "mini", "--status")
    assert (saved_step(run) or 0) > before
    assert not (run / CONFIG_FILE).exists()
    assert verb(*grid, "--on", "slurm").startswith("1 of 1 submitted in 1 job, ")
    wait_until_done(verb, 1)
    assert weights_of_jobs() == weights_made_here(spec, ["sparse_parity"], 1, LONG)


@pytest.mark.parametrize("cut_off", ["time limit", "preemption"])
def test_a_job_that_slurm_cuts_off_saves_is_queued_again_and_goes_on(
    slurm: SlurmCluster, verb: Verb, spec: Path, cut_off: str
) -> None:
    run = Path("runs/mini-v1/tiny/seed-0/sparse_parity")
    grid = ["sweep", "mini", "--spec", str(spec), "--task", "sparse_parity", "--steps", "1000000"]
    verb(*grid, "--on", "slurm", "--partition", "yields")
    wait_until(lambda: last_step(run), "run that has begun")
    number = only_job(slurm)
    (array,) = Path("runs/jobs").iterdir()
    log = array / f"{number}_0_log.out"
    if cut_off == "time limit":
        slurm.run("scontrol", "update", f"JobId={number}", f"TimeLimit={minutes_run(slurm) + 1}")
    else:
        slurm.run("sbatch", "--partition=main", "--exclusive", "--output=none", "--wrap=sleep 1")
    wait_until(lambda: saved_step(run), "step that is saved")
    if cut_off == "time limit":
        slurm.run("scontrol", "update", f"JobId={number}", "TimeLimit=60")
    before = saved_step(run) or 0
    wait_until(lambda: log.read_text().count("Loading pickle") == 2, "second start")
    wait_until(lambda: (last_step(run) or 0) > before, "run that goes on")
    with pytest.raises(InputError) as refused:
        sweep("mini", spec=[str(spec)], task=["sparse_parity"], steps=7, on=Engine.slurm)
    assert refused.value.code in ("another-in-job", "other-runs")
    slurm.run("scancel", number)
    wait_until(lambda: states(verb) == {"failed": 1}, "job that has ended")


def test_a_job_that_does_other_work_under_the_same_name(slurm: SlurmCluster, verb: Verb, spec: Path) -> None:
    grid = ["sweep", "mini", "--spec", str(spec), "--task", "sparse_parity", "--on", "slurm"]
    slurm.drain()
    verb(*grid, "--steps", "1")
    with pytest.raises(InputError) as refused:
        sweep("mini", spec=[str(spec)], task=["sparse_parity"], steps=2, on=Engine.slurm)
    assert refused.value.code == "another-in-job"
    slurm.run("scancel", "--me")
    assert verb(*grid, "--steps", "2").startswith("1 of 1 submitted")
    slurm.undrain()
    wait_until_done(verb, 1)
