"""`icl-bench sweep`: train a grid of architectures, tasks and seeds."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.training_options import Changes, Compiled, Device, Precision, RecipeName, Steps
from icl_bench.errors import InputError
from icl_bench.interruptions import let_signals_interrupt
from icl_bench.specs.run_names import RUNS

if TYPE_CHECKING:
    from icl_bench.training.plan import RunPlan
    from icl_bench.training.sweep import Cell, Sweep


def sweep(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="As mini or paper-v1.", show_default=False)],
    spec: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this spec file, or reference/NAME; may be given again.", show_default="every reference"
        ),
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task; may be given again.", show_default="all")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds of each, from 0.")] = 1,
    steps: Steps = None,
    recipe: RecipeName = None,
    changes: Changes = None,
    out: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path(RUNS),
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes side by side.", show_default="one a core; one on cuda"),
    ] = None,
    together: Annotated[
        int | None,
        typer.Option(min=1, help="Seeds that one process trains together.", show_default="1; all on cuda"),
    ] = None,
    device: Device = "cpu",
    precision: Precision = None,
    compiled: Compiled = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Say what is done and left; train nothing.")
    ] = False,
) -> None:
    """Train every architecture on every task, once a seed, with the suite's recipe or another.

    Cells that are done are skipped; one that was stopped is taken up again. The runs of an architecture and
    seed lie side by side in OUT/SUITE/NAME/seed-SEED, which `icl-bench evaluate` scores as one model. Exits
    with 1 where a cell is left: it failed, another process trains it, or its folder holds another run.

    Example: icl-bench sweep mini --spec reference/gpt2 --spec reference/llama --seeds 3
    """
    from icl_bench.cli.train import make_plan
    from icl_bench.progress import progress
    from icl_bench.resources import cores
    from icl_bench.training.sweep import Sweep, steps_made

    plan = partial(
        make_plan,
        steps=steps,
        precision=precision,
        compiled=compiled,
        recipe_name=recipe,
        changes=changes or (),
    )
    cells = _cells(suite, spec, task, seeds, plan, out)
    at_once = workers or (cores() if device == "cpu" else 1)
    batched = _seeds_together(together, compiled, seeds if device != "cpu" else 1)
    trained = Sweep(cells, at_once, device, lambda line: typer.echo(line, err=True), batched)
    if only_list:
        _tell(trained)
        return
    _check_place_and_device(out, device)
    let_signals_interrupt()
    total = sum(cell.plan.recipe.steps for cell in cells)
    with progress(f"{len(cells)} runs", total, start=steps_made(cells)) as advance:
        trained.run(advance)
    left = _tell(trained)
    raise typer.Exit(1 if left else 0)


def _seeds_together(asked: int | None, compiled: bool, default: int) -> int:
    """How many seeds a process trains. InputError where they would have to be compiled."""
    if compiled and asked is not None and asked > 1:
        raise InputError("seeds are not compiled together; leave out --compile or --together")
    return 1 if compiled else asked or default


def _check_place_and_device(out: Path, device: str) -> None:
    """StorageError or InputError where nothing could be trained."""
    from icl_bench.files import check_file_place
    from icl_bench.models.device import usable_device
    from icl_bench.training.run_folder import STATE_FILE
    from icl_bench.workers import worker_pool

    check_file_place(out / STATE_FILE)
    if device != "cpu":
        with worker_pool(1) as pool:  # who asks a GPU holds memory of it until the process ends
            pool.submit(usable_device, device).result()


def _cells(
    suite: str,
    specs: list[str] | None,
    tasks: list[str] | None,
    seeds: int,
    plan: "Callable[[str, str, int], RunPlan]",
    out: Path,
) -> "list[Cell]":
    """The grid, the first seed of everything first. InputError where two specs lead to one folder."""
    from icl_bench.evaluation.run import chosen_tasks
    from icl_bench.models.reference import PREFIX, reference_names
    from icl_bench.suites import load_suite
    from icl_bench.training.sweep import Cell

    of = load_suite(suite)
    sources = specs or [PREFIX + name for name in reference_names(of.name)]
    cells = [
        Cell(source, plan(source, f"{of.name}/{task}", seed), out)
        for seed in range(seeds)
        for source in sources
        for task in chosen_tasks(of, tasks)
    ]
    _refuse_shared_folders(cells)
    return cells


def _refuse_shared_folders(cells: "list[Cell]") -> None:
    taken: dict[Path, Cell] = {}
    for cell in cells:
        other = taken.setdefault(cell.folder, cell)
        if other is not cell:
            raise InputError(
                f"--spec {other.source} and --spec {cell.source} both lead to {cell.folder}; "
                "give each spec once, and each file a `name:` of its own"
            )


def _tell(trained: "Sweep") -> int:
    """Print a line a cell: how far it is on development prompts, the steps at which its optimality passed 0.5
    and 0.9, and whether twice the steps would add next to nothing. Returns how many are not done.
    """
    from icl_bench.display.text_table import text_table
    from icl_bench.training.convergence import outcome

    rows = []
    for cell in trained.cells:
        log, plan = cell.rows(), cell.plan
        last = log[-1] if log else {"step": 0, "loss": None, "dev_optimality": None}
        ended = outcome(log, plan.recipe, int(last["step"] or 0))
        state = trained.state(cell)
        rows.append(
            {
                "model": plan.architecture.name,
                "task": plan.task.name,
                "seed": plan.seed,
                "state": state,
                "steps": f"{int(last['step'] or 0):,} of {plan.recipe.steps:,}",
                "loss": last["loss"],
                "optimality": last["dev_optimality"],
                "to 0.5": ended.steps_to_learn["0.5"],
                "to 0.9": ended.steps_to_learn["0.9"],
                "converged": _yes_or_no(ended.converged) if state == "done" else None,
            }
        )
    typer.echo(text_table(rows, floatfmt=".4g", missingval="-", intfmt=","))
    left = sum(row["state"] != "done" for row in rows)
    typer.echo(f"{len(rows) - left} of {len(rows)} runs done" + (f", {left} left" if left else ""))
    for cell, message in trained.failed.items():
        if trained.state(cell) == "failed":
            typer.echo(f"{cell.name}: {message}")
    return left


def _yes_or_no(converged: bool | None) -> str | None:
    return None if converged is None else "yes" if converged else "no"
