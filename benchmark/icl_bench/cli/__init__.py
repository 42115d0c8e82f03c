"""The command `icl-bench`: one file a group of verbs; heavy imports happen inside a verb."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from icl_bench.cli.baselines import baselines
from icl_bench.cli.compare import compare
from icl_bench.cli.effects import effects
from icl_bench.cli.errors import VerbGroup
from icl_bench.cli.evaluate import evaluate
from icl_bench.cli.leaderboard import leaderboard
from icl_bench.cli.models import models
from icl_bench.cli.options import HELP_NAMES
from icl_bench.cli.predict import predict
from icl_bench.cli.probe import probe
from icl_bench.cli.submissions import submissions
from icl_bench.cli.submit import submit
from icl_bench.cli.sweep import sweep
from icl_bench.cli.tasks import tasks
from icl_bench.cli.train import train
from icl_bench.cli.verify import reproduce, verify
from icl_bench.resources import SUITES_VARIABLE, data_folder, other_checkout


def _print_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"icl-bench {version('icl-bench')}")
        raise typer.Exit
    return wanted


def _note_other_checkout() -> None:
    """Say which code and tasks are used, where somebody stands in a checkout that has others."""
    here = other_checkout(Path.cwd())
    if here is not None:
        tasks_read = data_folder("tasks")
        typer.echo(
            f"note: the tasks of {tasks_read} are read, not those of the checkout {here}; "
            f"to use that: pip install --editable {here}",
            err=True,
        )


app = typer.Typer(
    cls=VerbGroup,
    name="icl-bench",
    help="Score sequence models on in-context learning: frozen prompts, exact predictors, intervals.",
    context_settings=HELP_NAMES,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def icl_bench(
    wants_version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
    suites: Annotated[
        Path | None,
        typer.Option(help="Folder of suites of your own.", envvar=SUITES_VARIABLE, show_default=False),
    ] = None,
) -> None:
    """Score sequence models on in-context learning: frozen prompts, exact predictors, intervals."""
    _note_other_checkout()
    if suites is not None:
        os.environ[SUITES_VARIABLE] = str(suites.absolute())  # for what this process starts, too


app.command()(evaluate)
app.command()(compare)
app.command()(effects)
app.command()(predict)
app.command()(probe)
app.command()(submit)
app.command()(verify)
app.command()(reproduce)
app.command()(train)
app.command()(sweep)
app.add_typer(tasks, name="tasks")
app.add_typer(baselines, name="baselines")
app.add_typer(models, name="models")
app.add_typer(submissions, name="submissions")
app.add_typer(leaderboard, name="leaderboard")
