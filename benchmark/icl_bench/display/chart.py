"""`icl_bench.chart`: the error curves of a task as a picture or a table."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from icl_bench.charts import Series
from icl_bench.charts.save import check_chart_ending, save_chart
from icl_bench.display.task_chart import baseline_curves, task_chart
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.records.audit import check_of_suite
from icl_bench.records.pooled import pooled
from icl_bench.records.read import load_record
from icl_bench.specs.result import ResultRecord, TaskResult
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite, find_task
from icl_bench.views.series import model_curve

Recorded = ResultRecord | Path | str  # a record, or the path of one


def chart(
    task: str,
    out: Path | str,
    records: Recorded | Sequence[Recorded] = (),
    baselines: str | Collection[str] = (),
    log: bool = False,
) -> list[str]:
    """Draw error against context length on a task, for its frozen baselines and for models, into a file.

    Args:
        task: SUITE/TASK, as `mini/linear_regression`.
        out: the file: .svg, .png or .pdf is a picture; .csv a table, context lengths down, predictors across.
        records: of models to draw too, each a result record or its path: a curve a model, with its 95%
            interval, or of several seeds their mean and, as a band, all of them.
        baselines: names, or one name, to draw no others; all that are frozen unless given.
        log: draw errors on a logarithmic axis.

    Errors are mean squared errors, in the squared units of the task's targets. A picture is for a paper as it
    is: it can be read without colours, and names that are too long are cut where they do not differ. PNG and
    PDF take matplotlib, which is installed by `pip install "icl-bench[plot]"`.

    Returns the names of the curves that were drawn.

    Raises InputError where the task, a baseline or a record is not there, a record is of another suite or has
    no result on the task, the file's ending is another one, or matplotlib is needed and not installed, and
    StorageError where the file cannot be written.

    >>> record = icl_bench.evaluate("reference/gpt2", tasks="linear_regression")
    >>> icl_bench.chart("mini/linear_regression", "linear.svg", record, baselines=["least_squares", "zero"])
    ['least_squares', 'zero', 'reference/gpt2']
    """
    place = user_path(str(out))
    check_chart_ending(place)
    suite, spec = find_task(task)
    drawn = baseline_curves(suite, spec, [baselines] if isinstance(baselines, str) else baselines)
    given = [records] if isinstance(records, ResultRecord | Path | str) else records
    drawn += _models(suite, spec, given, [series.name for series in drawn])
    save_chart(task_chart(suite, spec, drawn, log), place)
    return [series.name for series in drawn]


def _models(suite: Suite, task: TaskSpec, given: Sequence[Recorded], taken: Sequence[str]) -> list[Series]:
    """A curve a model, pooled over its runs; a name that a baseline has gets ` (local)`, as on boards.

    InputError where a record has no result on the task, and as `pooled`.
    """
    records = [_read(model) for model in given]
    for source, record in records:
        check_of_suite(record, suite, source)
        if task.name not in record.tasks:
            raise InputError(
                f"{source} has no result on {suite.name}/{task.name}; evaluate the model on it",
                code="no-result-on-task",
            )
    return [
        _curve(f"{name} (local)" if name in taken else name, [record.tasks[task.name] for record in runs])
        for name, runs in pooled(records, suite).items()
    ]


def _read(model: Recorded) -> tuple[str, ResultRecord]:
    """A record, and what messages call it."""
    if isinstance(model, ResultRecord):
        return f"the record of {model.model.id}", model
    return str(model), load_record(model)


def _curve(name: str, runs: Sequence[TaskResult]) -> Series:
    curve = model_curve(name, runs)
    return curve if len(runs) == 1 else replace(curve, note=f"mean and range of {len(runs)} runs")
