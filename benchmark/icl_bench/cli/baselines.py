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
