"""`icl-bench tasks chart`: a task's error curves as a picture or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from icl_bench.charts import Chart, Series
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
    from icl_bench.errors import InputError
    from icl_bench.files import write_text
    from icl_bench.suites import find_task

    ending = out.suffix.lower()
    if ending not in (".svg", ".csv"):
        raise InputError(f"cannot tell from {str(out)!r} what to write; end it in .svg or .csv")
    suite, task = find_task(name)
    drawn = _error_chart(suite, task, record or [], baseline or [], log)
    write_text(out, as_csv(drawn) if ending == ".csv" else draw(drawn, standalone=True))
    typer.echo(f"wrote {len(drawn.series)} curves of {suite.name}/{task.name} to {out}")


def _error_chart(
    suite: "Suite", task: "TaskSpec", records: list[Path], chosen: list[str], log: bool
) -> "Chart":
    from icl_bench.charts import error_chart
    from icl_bench.errors import InputError
    from icl_bench.suites.frozen_errors import load_errors

    series = _baselines(suite, task, chosen)
    series += _models(suite, task, records, [one.name for one in series])
    if not series:
        raise InputError(
            f"no errors are frozen for {suite.name}/{task.name} yet; "
            f"run `icl-bench baselines compute {suite.name}`"
        )
    zero = load_errors(suite, task.name, "zero")
    level = float(zero.curve.max()) if zero else None
    lengths = "context length" if task.scored == "all" else "context length (the last one is scored)"
    return error_chart(f"{suite.name}/{task.name}", series, level, log, lengths)


def _baselines(suite: "Suite", task: "TaskSpec", chosen: list[str]) -> list["Series"]:
    """The frozen baselines, all or the chosen ones; a baseline looks the same in every chart."""
    from icl_bench.baselines.base import BASELINES
    from icl_bench.charts import baseline_series
    from icl_bench.errors import InputError, UnknownNameError
    from icl_bench.suites.frozen_errors import frozen_baselines

    frozen = frozen_baselines(suite, task.name)
    places = {name: place for place, name in enumerate(BASELINES.entries())}
    for name in chosen:
        if name not in places:
            raise UnknownNameError("baseline", name, places)
        if name not in frozen:
            raise InputError(
                f"no errors of {name} are frozen for {suite.name}/{task.name} yet; "
                f"run `icl-bench baselines compute {suite.name} --task {task.name} --baseline {name}`"
            )
    return [
        baseline_series(
            name,
            errors.curve.tolist(),
            task.baseline,
            task.exact,
            mean=errors.mean_error(task),
            prompts=errors.prompts,
            of=suite.spec.prompts,
            style=places.get(name) if name not in (task.baseline, task.exact, "zero") else None,
        )
        for name, errors in frozen.items()
        if not chosen or name in chosen
    ]


def _models(suite: "Suite", task: "TaskSpec", paths: list[Path], taken: list[str]) -> list["Series"]:
    """The model of each record; where its name is another's too its file's is added, or the path to that."""
    from icl_bench.charts import Series
    from icl_bench.errors import InputError
    from icl_bench.evaluation.record import check_of_suite, load_record

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
        errors = result.error_curves.model
        series.append(Series(name, range(task.points), errors, "model", mean=result.mean_error.value))
    return series
