"""`icl-bench baselines`: the predictors that need no training."""

import json
from typing import Annotated

import typer

from icl_bench.cli.errors import VerbGroup

baselines = typer.Typer(cls=VerbGroup, help="The predictors that need no training.")


@baselines.command("list")
def list_baselines(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
) -> None:
    """Name every baseline, what it predicts and which tasks it answers.

    Example: icl-bench baselines list
    """
    from tabulate import tabulate

    from icl_bench.baselines.base import BASELINES

    rows = [
        {"name": f"baseline/{name}", "predicts": entry.summary, "answers": entry.serves}
        for name, entry in BASELINES.entries().items()
    ]
    typer.echo(json.dumps(rows, indent=1) if as_json else tabulate(rows, headers="keys"))


@baselines.command("choose")
def choose_options(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="As mini or paper-v1.", show_default=False)],
    prompts: Annotated[int, typer.Option(min=1, help="Development prompts a task.")] = 2_048,
) -> None:
    """Try the numbers that some baselines choose for each task, on its development stream.

    Prints the mean error of every candidate, and exits with 1 where a task's baseline_options do not hold
    the best.

    Example: icl-bench baselines choose mini
    """
    from tabulate import tabulate

    from icl_bench.evaluation.choose import choose
    from icl_bench.progress import progress
    from icl_bench.suites import load_suite

    of = load_suite(suite)
    chosen = {}
    with progress(f"baselines of {of.name}", len(of.tasks)) as advance:
        for done, task in enumerate(of.tasks.values(), start=1):
            chosen[task.name] = choose(task, of.name, prompts)
            advance(done, task.name)
    rows = [
        {"task": task, "baseline": choice.baseline, "option": f"{choice.field} {value:g}", "error": error}
        | {"best": "best" * (value == choice.best), "recorded": "recorded" * (value == choice.recorded)}
        for task, choices in chosen.items()
        for choice in choices
        for value, error in choice.errors.items()
    ]
    typer.echo(tabulate(rows, headers="keys", floatfmt=".6g"))
    holds = all(one.best == one.recorded for choices in chosen.values() for one in choices)
    raise typer.Exit(0 if holds else 1)
