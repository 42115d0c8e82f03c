"""Depth, loops and condition numbers: charts of a suite of conditioned regressions, beside claims."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import nan
from typing import Any

from icl_bench.charts import Chart, Series
from icl_bench.charts.series import Scale
from icl_bench.leaderboard.conditioning import (
    Deep,
    by_family,
    by_loops,
    condition_tasks,
    deep_models,
    exact_share,
    left_on,
    moved_tasks,
    read_out,
    trained_task,
)
from icl_bench.leaderboard.findings.conditioning import conditioning_findings, depth_page
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.task_charts import drawings
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.shipped import bare_name
from icl_bench.specs.suite import TaskSpec

FLOOR = 1e-3  # of what is left: below it sampling is about as large
LEFT = "left to the exact predictor, 1 − gain"


def pages(site: Site) -> Iterator[Page]:
    """One a board of condition numbers that has models."""
    for board in site.boards:
        task, models = trained_task(board), deep_models(board)
        if task is None or not models:
            continue
        yield Page(
            depth_page(board),
            "depth.html",
            f"Depth and loops on {board.suite.name}",
            "How deep a model has to be for a condition number, and what further loops and moved inputs do.",
            partial(_context, board, task, models),
        )


def _context(board: SuiteBoard, task: TaskSpec, models: Sequence[Deep]) -> dict[str, Any]:
    claims = {claim.id.removeprefix(f"{board.suite.name}-"): claim for claim in conditioning_findings(board)}
    charts = {
        "depth": _by_depth(task, models),
        "condition": _by_condition(board, models),
        "loops": _by_loop(board, task, models),
        "moved": _by_distance(board, models),
    }
    drawn = {name: drawings(chart, name, False) for name, chart in charts.items() if chart is not None}
    return {"board": board, "claims": claims, "charts": drawn, "trained": task}


def _by_depth(task: TaskSpec, models: Sequence[Deep]) -> Chart | None:
    """What is left against the layers applied, a family a curve."""
    series = [
        _left_series(name, [float(deep.depth) for deep in family], family, [task] * len(family))
        for name, family in by_family(models).items()
    ]
    known = [curve for curve in series if curve is not None]
    return _logarithmic("What layers leave", "layers applied", known) if known else None


def _by_condition(board: SuiteBoard, models: Sequence[Deep]) -> Chart | None:
    """What is left against the condition number, a model a curve."""
    tasks = condition_tasks(board)
    numbers = [float(number) for number in tasks]
    series = [
        _left_series(bare_name(deep.model.name), numbers, [deep] * len(tasks), list(tasks.values()))
        for deep in models
    ]
    known = [curve for curve in series if curve is not None]
    return (
        _logarithmic("What a condition number leaves", "condition number κ", known, "log") if known else None
    )


def _by_distance(board: SuiteBoard, models: Sequence[Deep]) -> Chart | None:
    """What is left against how far the inputs are moved, a model a curve."""
    moved = moved_tasks(board)
    if not moved:
        return None
    tasks = [moved[0].unmoved, *(known.task for known in moved)]
    lengths = [0.0, *(known.length for known in moved)]
    series = [
        _left_series(bare_name(deep.model.name), lengths, [deep] * len(tasks), tasks) for deep in models
    ]
    known = [curve for curve in series if curve is not None]
    return _logarithmic("What moved inputs leave", "length of the move", known) if known else None


def _by_loop(board: SuiteBoard, task: TaskSpec, models: Sequence[Deep]) -> Chart | None:
    """The error against loops at test time of looped models, beside that of the exact predictor."""
    series = []
    for deep in (deep for deep in models if deep.looped):
        finding = read_out(board, deep, task)
        if finding is not None:
            errors = [nan if error is None else error for error in by_loops(finding)[1:]]
            numbers = [float(loop) for loop in range(1, len(errors) + 1)]
            name = f"{bare_name(deep.model.name)}, trained with {deep.depth}"
            series.append(Series(name, numbers, errors, "model"))
    if not series:
        return None
    exact = exact_share(board, task)
    ends = [series[0].x[0], series[0].x[-1]]
    floor = Series(f"exact ({task.exact})", ends, [exact, exact], "exact")
    title = "Loops at test time"
    return Chart(title, "loops applied", "error, of answering 0", [floor, *series], "log", "log", y_limit=2.0)


def _left_series(
    name: str, x: Sequence[float], models: Sequence[Deep], tasks: Sequence[TaskSpec]
) -> Series | None:
    lefts = [left_on(deep, task) for deep, task in zip(models, tasks, strict=True)]
    y = [nan if left is None or left.value is None else left.value for left in lefts]
    low = [nan if left is None or left.low is None else left.low for left in lefts]
    high = [nan if left is None or left.high is None else left.high for left in lefts]
    if all(value != value for value in y):
        return None
    return Series(name, list(x), y, "model", low=low, high=high)


def _logarithmic(title: str, x_label: str, series: Sequence[Series], x_scale: Scale = "linear") -> Chart:
    return Chart(title, x_label, LEFT, series, x_scale, "log", y_limit=2.0, y_floor=FLOOR)
