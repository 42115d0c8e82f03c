"""`icl-bench sweep`: train a grid of architectures, tasks and seeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from icl_bench.training.sweep import Cell


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
    steps: Annotated[
        int | None, typer.Option(help="Train for this many steps.", show_default="the recipe's", min=1)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs"),
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs side by side.", show_default="one a core; one on cuda")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    only_list: Annotated[
        bool, typer.Option("--list", help="Say what is done and left; train nothing.")
    ] = False,
) -> None:
    """Train every architecture on every task, once a seed, with the suite's recipe.

    Cells that are done are skipped; one that was stopped is taken up again. The runs of an architecture and
    seed lie side by side in OUT/SUITE/NAME/seed-SEED, which `icl-bench evaluate` scores as one model. Exits
    with 1 where a cell is left: it failed, or its folder holds another run.

    Example: icl-bench sweep mini --spec reference/gpt2 --spec reference/llama --seeds 3
    """
    from icl_bench.progress import progress
    from icl_bench.resources import cores
    from icl_bench.training.sweep import Sweep, steps_made

    cells = _cells(suite, spec, task, seeds, steps, out)
    if only_list:
        _tell(cells, {})
        return
    at_once = workers or (cores() if device == "cpu" else 1)
    trained = Sweep(cells, at_once, device, lambda line: typer.echo(line, err=True))
    total = sum(cell.plan.recipe.steps for cell in cells)
    with progress(f"{len(cells)} runs", total, start=steps_made(cells)) as advance:
        trained.run(advance)
    left = _tell(cells, trained.failed)
    raise typer.Exit(1 if left else 0)


def _cells(
    suite: str, specs: list[str] | None, tasks: list[str] | None, seeds: int, steps: int | None, out: Path
) -> "list[Cell]":
    """The grid, the first seed of everything first."""
    from icl_bench.cli.train import make_plan
    from icl_bench.evaluation.runner import chosen_tasks
    from icl_bench.models.reference import PREFIX, reference_names
    from icl_bench.suites import load_suite
    from icl_bench.training.sweep import Cell

    of = load_suite(suite)
    sources = specs or [PREFIX + name for name in reference_names(of.name)]
    return [
        Cell(source, make_plan(source, f"{of.name}/{task}", seed, steps=steps), out)
        for seed in range(seeds)
        for source in sources
        for task in chosen_tasks(of, tasks)
    ]


def _tell(cells: "list[Cell]", failed: dict[str, str]) -> int:
    """Print a line a cell; returns how many are not done."""
    from tabulate import tabulate

    rows = []
    for cell in cells:
        log, plan = cell.rows(), cell.plan
        last = log[-1] if log else {"step": 0, "loss": None, "dev_score": None}
        rows.append(
            {
                "model": plan.architecture.name,
                "task": plan.task.name,
                "seed": plan.seed,
                "state": "failed" if cell.name in failed else cell.state(),
                "steps": f"{int(last['step'] or 0):,} of {plan.recipe.steps:,}",
                "loss": last["loss"],
                "dev score": last["dev_score"],
            }
        )
    typer.echo(tabulate(rows, headers="keys", floatfmt=".4g", missingval="-"))
    left = sum(row["state"] != "done" for row in rows)
    typer.echo(f"{len(rows) - left} of {len(rows)} runs done" + (f", {left} left" if left else ""))
    for name, message in failed.items():
        typer.echo(f"{name}: {message}")
    return left
