"""`icl-bench tasks export` and `tasks publish`: frozen prompts as files, and as a dataset on the Hub."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SUITE[/TASK]", help="As mini, or mini/linear_regression.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="Of a suite, a folder; of a task, a file OUT.npz.", show_default=False
        ),
    ],
) -> None:
    """Write a suite's frozen prompts as a folder for `datasets.load_dataset`, or a task's as a NumPy file.

    The folder has a Parquet file a task, a card, Croissant metadata and eval.yaml: what `tasks publish`
    pushes, but for the address and the date of publication. The same bytes every time; no network is asked.

    Example: icl-bench tasks export mini prompts
    """
    from icl_bench.errors import InputError
    from icl_bench.hub_dataset.folder import write_dataset
    from icl_bench.suites import find_task, load_suite
    from icl_bench.suites.export import export_task

    if "/" in name:
        suite, task = find_task(name)
        arrays = export_task(suite, task, out)
        typer.echo(f"wrote {suite.name}/{task.name} to {out}: {', '.join(arrays)}")
        return
    if out.suffix.lower() == ".npz":
        raise InputError(
            f"{name!r} is not SUITE/TASK and {out} is the file of one task; write for example "
            "mini/linear_regression, or name a folder for a suite",
            code="suite-into-file",
        )
    suite = load_suite(name)
    files = write_dataset(suite, out, quiet=False)
    typer.echo(f"wrote {suite.name} to {out}: {len(suite.tasks)} tasks, {len(files)} files")


def publish(
    name: Annotated[str, typer.Argument(metavar="SUITE", help="As mini.", show_default=False)],
    to: Annotated[
        str, typer.Option("--to", metavar="ORG/NAME", help="The dataset on the Hub.", show_default=False)
    ],
    private: Annotated[bool, typer.Option("--private", help="Make a new dataset private.")] = False,
    revision: Annotated[
        str | None,
        typer.Option(metavar="BRANCH", help="Push to this branch, made if need be.", show_default="main"),
    ] = None,
) -> None:
    """Push a suite's frozen prompts to the Hub as a dataset, in one commit that replaces an earlier one.

    Prompts are generated again and compared with the lock first. Log in by `hf auth login`. What was pushed
    is loaded by `datasets.load_dataset("ORG/NAME", "TASK", split="test")`.

    Example: icl-bench tasks publish mini --to my-lab/icl-bench-mini-v1
    """
    from icl_bench.hub_dataset.push import publish as publish_suite
    from icl_bench.suites import load_suite

    suite = load_suite(name)
    commit = publish_suite(suite, to, private, revision, quiet=False)
    typer.echo(commit.commit_url)
    typer.echo(f"name it on model cards by: --dataset {to}@{commit.oid}")
