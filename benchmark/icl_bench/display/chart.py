"""`icl_bench.chart`: the error curves of a task as a picture or a table."""

from collections.abc import Collection, Sequence
from pathlib import Path

from icl_bench.charts import Series
from icl_bench.charts.save import check_chart_ending, save_chart
from icl_bench.display.task_chart import baseline_curves, task_chart
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.specs.result import ResultRecord
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
        records: of models to draw too, with their 95% intervals: a result record or its path, or several.
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
    """The model of each record; InputError where one has no result on the task."""
    records = [model if isinstance(model, ResultRecord) else load_record(model) for model in given]
    for record, model in zip(records, given, strict=True):
        source = f"the record of {record.model.id}" if isinstance(model, ResultRecord) else str(model)
        check_of_suite(record, suite, source)
        if task.name not in record.tasks:
            raise InputError(
                f"{source} has no result on {suite.name}/{task.name}; evaluate the model on it",
                code="no-result-on-task",
            )
    names = _names(records, given, taken)
    return [model_curve(name, [record.tasks[task.name]]) for name, record in zip(names, records, strict=True)]


def _names(records: Sequence[ResultRecord], given: Sequence[Recorded], taken: Sequence[str]) -> list[str]:
    """What each model is called; where its name is another's too, its file's name is added, or the path to
    that, or the place of its record in the list.
    """
    ids = [record.model.id for record in records]
    paths = [None if isinstance(model, ResultRecord) else Path(model) for model in given]
    files = [(name, path and path.stem) for name, path in zip(ids, paths, strict=True)]
    names = []
    for place, (name, path) in enumerate(zip(ids, paths, strict=True)):
        if [*taken, *ids].count(name) > 1:
            file = path.stem if path and files.count(files[place]) == 1 else path
            name = f"{name} ({file or f'record {place + 1}'})"
        names.append(name)
    return names
