"""`icl-bench tasks`: look at the frozen suites, verify them, export and publish them."""

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icl_bench.cli.chart import chart
from icl_bench.cli.errors import VerbGroup
from icl_bench.cli.export import export, publish
from icl_bench.cli.frozen import format_mean, frozen_means
from icl_bench.cli.options import AsJson, Tasks

if TYPE_CHECKING:
    from icl_bench.specs.suite import TaskSpec
    from icl_bench.suites import Suite

tasks = typer.Typer(cls=VerbGroup, help="Look at the frozen tasks, verify them, export and publish them.")
tasks.command()(chart)
tasks.command()(export)
tasks.command()(publish)

TaskName = Annotated[
    str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
]

SHOWN_POINTS = 3
SHOWN_COORDINATES = 4


@tasks.command("list")
def list_tasks(as_json: AsJson = False) -> None:
    """List every suite and its tasks.

    Example: icl-bench tasks list
    """
    from icl_bench.display.text_table import in_window, text_table
    from icl_bench.suites import load_suite, suite_names

    suites = [load_suite(name) for name in suite_names()]
    if as_json:
        _print_json({"suites": [_suite_facts(suite) for suite in suites]})
        return
    for suite in suites:
        summary = f"{suite.name}: {suite.spec.summary} {suite.spec.prompts:,} prompts a task."
        typer.echo(in_window(summary) + "\n")
        rows = [
            _sizes(task) | {"scored": str(task.scored_points), "baseline": task.baseline, "exact": task.exact}
            for task in suite.tasks.values()
        ]
        typer.echo(text_table(rows, droppable=["exact"]) + "\n")


@tasks.command("show")
def show_task(name: TaskName, as_json: AsJson = False) -> None:
    """Show a task: formula, prior, sizes, predictors, and its first prompt.

    Example: icl-bench tasks show mini/sparse_parity
    """
    from icl_bench.display.text_table import in_window
    from icl_bench.suites import find_task, generate

    suite, task = find_task(name)
    xs, ys, _ = generate(task, suite.name, "eval", 0, 1)
    if as_json:
        _print_json(_facts(suite, task) | {"prompt": {"xs": xs[0].tolist(), "ys": ys[0].tolist()}})
        return
    for label, text in (_facts(suite, task) | {"scored": str(task.scored_points)}).items():
        typer.echo(in_window(f"{label.replace('_', ' '):<16}{_format_value(text)}", " " * 16))
    typer.echo("first prompt")
    last = task.points - 1
    for i in [*range(min(SHOWN_POINTS, last)), last]:
        typer.echo(f"  x_{i} = {_vector(xs[0, i])}  y_{i} = {_vector(ys[0, i])}")


@tasks.command("verify")
def verify_tasks(
    suite: Annotated[str | None, typer.Option(help="Only this suite.", show_default="every suite")] = None,
    as_json: AsJson = False,
) -> None:
    """Regenerate every frozen prompt, and compare them and the frozen errors of baselines with the lock.

    Exits with 1 where a hash differs.

    Example: icl-bench tasks verify --suite mini
    """
    from icl_bench.suites import load_suite, suite_names

    suites = [load_suite(name) for name in ([suite] if suite else suite_names())]
    checked = {each.name: _differences(each, quiet=as_json) for each in suites}
    holds = not any(differences for by_task in checked.values() for differences in by_task.values())
    if as_json:
        _print_json({"holds": holds, "suites": [_verdict(each, checked[each.name]) for each in suites]})
    else:
        for each in suites:
            typer.echo(f"{each.name}, lock {each.lock_hash}")
            for task, differences in checked[each.name].items():
                typer.echo(f"  {task:<25} {'; '.join(differences) if differences else 'holds'}")
    raise typer.Exit(0 if holds else 1)


@tasks.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="SUITE", help="As my-suite-v1.", show_default=False)],
    base: Annotated[str, typer.Option("--from", metavar="SUITE", help="Whose tasks it changes.")] = "mini",
    task: Tasks = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="points, a size, shift, ...; TASK.KEY=VALUE for one task; may be given again.",
            show_default=False,
        ),
    ] = None,
    prompts: Annotated[
        int | None, typer.Option(help="Prompts a task.", min=1, show_default="as the base")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Also compute the errors that scores need.")
    ] = True,
) -> None:
    """Make a suite of your own from another one's tasks, lock it and compute its baselines.

    It is written into the folder that --suites (before the verb) or ICL_BENCH_SUITES names, and is known to
    every verb that is given the same. A changed task has prompts of its own; where x and y keep their sizes,
    checkpoints that were trained on the base answer it; learned positions beyond their prompts are untrained.
    A task that is not changed stays that of the base.

    Example: icl-bench --suites mine tasks new longer-v1 --task linear_regression --set points=21
    """
    from icl_bench.frozen.freeze import freeze, needed_baselines
    from icl_bench.suites.new import new_suite, parse_setting

    suite = new_suite(
        name, base, tasks=task, changes=dict(map(parse_setting, changes or ())), prompts=prompts
    )
    if baselines:
        own = [task for task in suite.tasks if suite.home(task) is suite]
        freeze(suite, needed_baselines(suite, own, None), None, quiet=False)
    typer.echo(f"{suite.name} is in {suite.folder}; score a model on it with:")
    typer.echo(
        f"icl-bench --suites {shlex.quote(str(suite.folder.parent))} evaluate MODEL --suite {suite.name}"
    )


@tasks.command("recipe")
def recipe(
    name: Annotated[str, typer.Argument(metavar="SUITE", help="As mini.", show_default=False)],
) -> None:
    """Print the recipe that a suite's models are trained by, as a file for `icl-bench train --recipe FILE`.

    Example: icl-bench tasks recipe mini
    """
    from icl_bench.suites import load_suite
    from icl_bench.suites.recipes import recipe_text

    typer.echo(recipe_text(load_suite(name)), nl=False)


@tasks.command("lock")
def lock(
    name: Annotated[str, typer.Argument(metavar="SUITE", help="As mini-v2.", show_default=False)],
) -> None:
    """Freeze a new suite: write its lock.json. A suite that has one is refused.

    Example: icl-bench tasks lock mini-v2
    """
    from icl_bench.suites import load_suite
    from icl_bench.suites.lock import lock_suite

    suite = load_suite(name)
    lock_suite(suite)
    typer.echo(f"wrote {suite.lock_path}, SHA-256 {suite.lock_hash}")


def _differences(suite: "Suite", quiet: bool) -> dict[str, list[str]]:
    """What differs from the lock, task by task, showing progress."""
    from icl_bench.frozen.errors import changed_files
    from icl_bench.progress import progress
    from icl_bench.suites.lock import remake

    by_task = {}
    with progress(f"verifying {suite.name}", len(suite.tasks), quiet) as advance:
        for done, task in enumerate(suite.tasks.values(), start=1):
            *_, differences = remake(suite, task)
            by_task[task.name] = differences + changed_files(suite, task.name)
            advance(done, task.name)
    return by_task


def _verdict(suite: "Suite", differences: dict[str, list[str]]) -> dict[str, Any]:
    tasks = [
        {"task": task, "holds": not faults, "differences": faults} for task, faults in differences.items()
    ]
    return {"suite": suite.name, "lock_hash": suite.lock_hash, "tasks": tasks}


def _suite_facts(suite: "Suite") -> dict[str, Any]:
    about = {"suite": suite.name, "summary": suite.spec.summary, "notes": suite.spec.notes}
    return about | {
        "lock_hash": suite.lock_hash if suite.lock_path.exists() else None,
        "tasks": [_facts(suite, task) for task in suite.tasks.values()],
    }


def _facts(suite: "Suite", task: "TaskSpec") -> dict[str, Any]:
    """What there is to know about a task, in the order in which it is shown."""
    sizes = _sizes(task)
    del sizes["task"]
    return {
        "task": f"{suite.name}/{task.name}",
        "summary": task.summary,
        "formula": task.function_class.formula,
        "prior": task.function_class.prior,
        "function_class": task.function_class.model_dump(),
        **sizes,
        "prompts": suite.spec.prompts,
        "baseline": task.baseline,
        "exact": task.exact,
        "exact_note": task.exact_note,
        "mean_errors": frozen_means(suite, task.name),
    }


def _sizes(task: "TaskSpec") -> dict[str, Any]:
    d, k = task.function_class.d, task.function_class.k
    return {"task": task.name, "d": d, "k": k, "points": task.points, "scored": task.scored}


def _format_value(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(f"{mean['baseline']} {format_mean(mean)}" for mean in value) or "none frozen yet"
    return (
        ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
    )


def _vector(values: Any) -> str:
    """A point in short: four digits, and the middle left out where it is long."""
    numbers = [f"{value:.4g}" for value in values.tolist()]
    if len(numbers) > SHOWN_COORDINATES:
        numbers[SHOWN_COORDINATES - 2 : -1] = ["…"]
    return f"({', '.join(numbers)})" if len(numbers) > 1 else numbers[0]


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2))
