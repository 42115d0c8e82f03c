"""`icl-bench evaluate`: a model on a suite's frozen prompts, as a table and a result record."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Hub user/model or user/model@revision, a folder, reference/NAME or baseline/NAME.",
            show_default=False,
        ),
    ],
    suite: Annotated[str, typer.Option(help="mini or paper, or a version of them.")] = "mini",
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task; may be given again.", show_default="all")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of a Hub model.", show_default=False)
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda.", show_default="cpu")] = None,
    output: Annotated[
        Path | None, typer.Option(help="File of the record.", show_default="results/MODEL-SUITE[-TASKS].json")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record in place of the table.")] = False,
) -> None:
    """Score a model on frozen prompts against baselines, with 95% intervals.

    Prints a table and writes the result record. A model that breaks a rule of the benchmark (a prediction
    that reads its own target, NaN, answers that differ between two calls) is refused with exit code 1.

    Example: icl-bench evaluate reference/llama --suite mini --task linear_regression
    """
    from icl_bench.evaluation.run import evaluate as evaluate_model
    from icl_bench.files import check_file_place
    from icl_bench.records.file_name import default_file_name
    from icl_bench.records.record_files import RESULTS
    from icl_bench.specs.record_json import in_ascii
    from icl_bench.suites import chosen_tasks, load_suite

    frozen = load_suite(suite)
    tasks = chosen_tasks(frozen, task)
    path = output or Path(RESULTS) / default_file_name(model, frozen, tasks, revision, device)
    check_file_place(path)
    record = evaluate_model(model, suite, tasks, progress=True, revision=revision, device=device)
    record.save(path)
    if as_json:
        typer.echo(in_ascii(record.to_json()), nl=False)
        typer.echo(f"record: {path}", err=True)
    else:
        _print_table(record)
        typer.echo(f"\nrecord: {path}")


def _print_table(record: "ResultRecord") -> None:
    from icl_bench.display.table import as_table

    unicode = "utf" in (sys.stdout.encoding or "").lower()
    prompts = max(task.prompts for task in record.tasks.values())
    typer.echo(f"{record.model.id} on {record.suite.name}, {prompts:,} prompts a task\n")
    typer.echo(as_table(record, bars=unicode))
