"""`icl-bench tasks chart`: a task's error curves as a picture or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from icl_bench.charts import Series
    from icl_bench.specs.suite import TaskSpec
    from icl_bench.suites import Suite


def chart(
    name: Annotated[
        str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT.svg", help="File to write; OUT.csv is a table.", show_default=False)
    ],
    record: Annotated[
        list[Path] | None,
        typer.Option(help="A result record, to draw its model too; may be given again.", show_default="none"),
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="Only this baseline; may be given again.", show_default="all")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Draw errors on a logarithmic axis.")] = False,
) -> None:
    """Draw error against context length for the frozen baselines of a task, and for models.

    OUT.svg opens in a browser; OUT.csv holds the same numbers, context lengths down and predictors across.

    Example: icl-bench tasks chart mini/linear_regression linear.svg --record results/demo.json
    """
    from icl_bench.charts import as_csv, draw
    from icl_bench.display.task_chart import baseline_curves, task_chart
    from icl_bench.errors import InputError
    from icl_bench.files import write_text
    from icl_bench.suites import find_task

    ending = out.suffix.lower()
    if ending not in (".svg", ".csv"):
        raise InputError(f"{str(out)!r} is neither .svg nor .csv; end the name in one of them")
    suite, task = find_task(name)
    baselines = baseline_curves(suite, task, baseline or [])
    drawn = task_chart(suite, task, baselines + _models(suite, task, record or [], baselines), log)
    write_text(out, as_csv(drawn) if ending == ".csv" else draw(drawn, standalone=True))
    typer.echo(f"wrote {len(drawn.series)} curves of {suite.name}/{task.name} to {out}")


def _models(suite: "Suite", task: "TaskSpec", paths: list[Path], baselines: list["Series"]) -> list["Series"]:
    """The model of each record; where its name is another's too its file's is added, or the path to that."""
    from icl_bench.display.task_chart import model_curve
    from icl_bench.errors import InputError
    from icl_bench.records.audit import check_of_suite
    from icl_bench.records.read import load_record

    taken = [series.name for series in baselines]
    records = [load_record(path) for path in paths]
    names = [record.model.id for record in records]
    files = [(record.model.id, path.stem) for path, record in zip(paths, records, strict=True)]
    series = []
    for path, record, file in zip(paths, records, files, strict=True):
        check_of_suite(record, suite, str(path))
        if task.name not in record.tasks:
            raise InputError(f"{path} has no result on {suite.name}/{task.name}; evaluate the model on it")
        result = record.tasks[task.name]
        name = record.model.id
        if (taken + names).count(name) > 1:
            name += f" ({path.stem if files.count(file) == 1 else path})"
        series.append(model_curve(name, [result]))
    return series
