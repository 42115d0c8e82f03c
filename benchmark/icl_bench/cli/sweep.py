"""`icl-bench sweep`: train a grid of architectures, tasks and seeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icl_bench.cli.cluster import ClusterChoice, print_statuses, refuse_at_once
from icl_bench.cli.cluster_options import (
    CellsPerJob,
    Engine,
    Gpus,
    Memory,
    On,
    Partition,
    PrintScript,
    Sbatch,
    ShardOption,
    Status,
    Time,
)
from icl_bench.cli.options import Tasks
from icl_bench.cli.training_options import Changes, Compiled, Device, Precision, RecipeName, Steps
from icl_bench.interruptions import let_signals_interrupt

if TYPE_CHECKING:
    from icl_bench.training.cell import Cell
    from icl_bench.training.sweep import CellResult


Suite = Annotated[str, typer.Argument(metavar="SUITE", help="As mini or paper-v1.", show_default=False)]
Specs = Annotated[
    list[str] | None,
    typer.Option(
        help="Only this spec file, reference/NAME or zoo/NAME; may be given again.",
        show_default="every reference",
    ),
]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds of each, from 0.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder of all runs.", show_default="runs")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes side by side.", show_default="one a core; one on cuda")
]
Together = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Runs of one shape, as seeds of a cell, that one process trains together.",
        show_default="1; on cuda the seeds",
    ),
]
OnlyList = Annotated[bool, typer.Option("--list", help="Say what is done and left; train nothing.")]
_MOST_LINES = 20  # that say why a cell is not done


def sweep(
    suite: Suite,
    spec: Specs = None,
    task: Tasks = None,
    seeds: Seeds = 1,
    steps: Steps = None,
    recipe: RecipeName = None,
    changes: Changes = None,
    out: Out = None,
    workers: Workers = None,
    together: Together = None,
    device: Device = "cpu",
    precision: Precision = None,
    compiled: Compiled = False,
    only_list: OnlyList = False,
    on: On = Engine.local,
    cells_per_job: CellsPerJob = 1,
    time: Time = "1:00:00",
    memory: Memory = "4G",
    gpus: Gpus = 0,
    partition: Partition = None,
    sbatch: Sbatch = None,
    print_script: PrintScript = False,
    status: Status = False,
    shard: ShardOption = None,
) -> None:
    """Train every architecture on every task, once a seed, with the suite's recipe or another.

    Cells that are done are skipped; those that were stopped are resumed. The runs of an architecture and
    seed lie side by side in OUT/SUITE/NAME/seed-SEED, which `icl-bench evaluate` scores as one model. Exits
    with 1 where a cell is left: it failed, another process trains it, or its folder holds another run.

    With --on slurm each job trains its cells one after the other; the same command submits what is left. A
    job that its time limit or another job cuts off saves, is queued again and goes on to the same weights.

    Example: icl-bench sweep mini --spec reference/gpt2 --spec reference/llama --seeds 3
    Example: icl-bench sweep mini --seeds 3 --on slurm --time 2:00:00 --cells-per-job 4
    Example: icl-bench sweep mini --status
    """
    from icl_bench.specs.run_names import RUNS

    out = out or Path(RUNS)
    if status:
        _print_status(suite, out)
        return

    from icl_bench.specs.recipe import parse_changes
    from icl_bench.training.plan import make_plan
    from icl_bench.training.sweep import grid_cells
    from icl_bench.training.sweep import sweep as train_cells

    cluster = ClusterChoice(
        on, cells_per_job, time, memory, gpus, partition, sbatch, print_script, shard, workers or 1
    )
    cluster.check()
    recipe_keys: dict[str, Any] = {"steps": steps, "recipe": recipe, "changes": parse_changes(changes or ())}
    recipe_keys |= {"precision": precision, "compiled": compiled}
    if on is not Engine.local:
        _refuse_list(only_list)
        cells = grid_cells(suite, spec, task, seeds, partial(make_plan, **recipe_keys), out)
        _submit(cluster, cells, out, device, together, workers)
        return
    let_signals_interrupt()
    with _saying_how_to_continue():
        results = train_cells(
            suite,
            specs=spec,
            tasks=task,
            seeds=seeds,
            out=out,
            workers=workers,
            together=together,
            device=device,
            shard=shard,
            list_only=only_list,
            progress=True,
            **recipe_keys,
        )
    left = _print_cells(results)
    raise typer.Exit(1 if left and not only_list else 0)


def _submit(
    cluster: ClusterChoice,
    cells: "list[Cell]",
    out: Path,
    device: str,
    together: int | None,
    workers: int | None,
) -> None:
    from icl_bench.cluster.submitted import JOBS
    from icl_bench.training.cell_job import TrainCell

    if cluster.print_script:
        cluster.print_for_sbatch(len(cells))
        return
    refuse_at_once(together=together, workers=workers)
    _refuse_device(device, cluster.gpus)
    _refuse_other_runs(cells)
    cluster.submit([TrainCell.of_cell(cell, device) for cell in cells], out / JOBS)


def _refuse_list(only_list: bool) -> None:
    """InputError where jobs are asked to list."""
    from icl_bench.errors import InputError

    if only_list:
        raise InputError(
            "--list says what is there; leave out --on, or ask for --status", code="list-elsewhere"
        )


def _refuse_device(device: str, gpus: int) -> None:
    """InputError where a job's GPUs and the device that it trains on do not go together."""
    from icl_bench.errors import InputError

    if device not in ("cpu", "cuda"):
        raise InputError(f"jobs train on cpu or cuda, not on {device}; give --device cuda", code="job-device")
    if (device == "cpu") != (gpus == 0):
        remedy = "give --gpus 1" if gpus == 0 else "give --device cuda, or leave out --gpus"
        raise InputError(f"jobs have {gpus} GPUs and train on {device}; {remedy}", code="job-device")


def _refuse_other_runs(cells: "list[Cell]") -> None:
    """InputError where folders hold what these cells would not make."""
    from icl_bench.errors import InputError

    others = [cell for cell in cells if cell.state() == "another run"]
    if others:
        raise InputError(
            f"{len(others)} of {len(cells)} folders hold another run, as {others[0].folder}; name another "
            "--out",
            code="other-runs",
        )


def _print_status(suite: str, out: Path) -> None:
    """Of every cell of a suite that was submitted into a folder of runs; it needs no training code."""
    from icl_bench.cluster.status import work_statuses
    from icl_bench.cluster.submitted import JOBS
    from icl_bench.specs.checkpoint_files import CONFIG_FILE
    from icl_bench.suites import load_suite
    from icl_bench.training.log import last_step

    name = load_suite(suite).name
    statuses = work_statuses(out / JOBS, lambda key: (out / key / CONFIG_FILE).is_file())

    def columns(key: str) -> dict[str, Any]:
        _, model, seed, task = key.split("/")
        return {
            "model": model,
            "task": task,
            "seed": int(seed.rpartition("-")[2]),
            "steps": last_step(out / key),
        }

    print_statuses([each for each in statuses if each.key.startswith(f"{name}/")], columns)


@contextmanager
def _saying_how_to_continue() -> Iterator[None]:
    """On an interruption, which goes on to whoever started the verb."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            "stopped, and saved; continue with the same command, or see what is left by --list", err=True
        )
        raise


def _print_cells(cells: "list[CellResult]") -> int:
    """A line a cell: how far it is on development prompts, the steps at which its optimality passed 0.5 and
    0.9, whether it converged, and what twice the steps would add. Returns how many are not done."""
    from icl_bench.display.text_table import text_table

    rows = [
        {
            "model": cell.model,
            "task": cell.task,
            "seed": cell.seed,
            "state": cell.state,
            "steps": f"{cell.steps:,} of {cell.budget:,}",
            "loss": cell.loss,
            "optimality": cell.outcome.optimality,
            "to 0.5": cell.outcome.steps_to_learn["0.5"],
            "to 0.9": cell.outcome.steps_to_learn["0.9"],
            "converged": _yes_or_no(cell.outcome.converged) if cell.state == "done" else None,
            "twice adds": cell.outcome.doubling_gain if cell.state == "done" else None,
        }
        for cell in cells
    ]
    droppable = ("to 0.5", "loss", "twice adds", "steps", "to 0.9", "converged", "optimality")
    typer.echo(text_table(rows, droppable=droppable, floatfmt=".4g", missingval="-", intfmt=","))
    left = sum(cell.state != "done" for cell in cells)
    typer.echo(f"{len(cells) - left} of {len(cells)} runs done" + (f", {left} left" if left else ""))
    told = [f"{cell.name}: {cell.message}" for cell in cells if cell.message is not None]
    for line in told[:_MOST_LINES]:
        typer.echo(line)
    if len(told) > _MOST_LINES:
        typer.echo(f"and {len(told) - _MOST_LINES} more")
    return left


def _yes_or_no(converged: bool | None) -> str | None:
    return None if converged is None else "yes" if converged else "no"
