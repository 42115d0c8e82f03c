"""A page a task: what it is, who does how well, and what is left to learn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from icl_bench.charts import Chart, Series
from icl_bench.display.task_chart import baseline_curves, task_chart
from icl_bench.frozen.anchors import PRIOR_MEAN, ZERO, floor_name, named_anchors
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.formats import POINTS, heading
from icl_bench.leaderboard.learning import Curve
from icl_bench.leaderboard.page import Page, picture
from icl_bench.leaderboard.pages import alike
from icl_bench.leaderboard.pages.label_charts import accuracy_chart
from icl_bench.leaderboard.pages.task_charts import (
    MODELS,
    drawings,
    examples_rows,
    excess_chart,
    learned_by_task,
    learning_chart,
    model_series,
    seed_dots,
)
from icl_bench.leaderboard.pictures import draw_prompt
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.probes.sample_efficiency import SHARE
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import generate

ALL = 60  # up to so many models are in the tables of a page, beyond that the best MODELS
NEAREST = "nearest_algorithm"
CURVES = 12  # a chart of errors; those of the best models

Learned = dict[str, dict[str, dict[str, Curve]]]


@dataclass(frozen=True)
class Gap:
    """Where the best model is furthest from the exact or best known predictor.

    In shares of the error of answering 0.
    """

    context: int
    model: float
    exact: float
    zero: float


def pages(site: Site) -> Iterator[Page]:
    """The list of all tasks, then each."""
    yield Page(
        "tasks.html",
        "tasks.html",
        "Tasks",
        "The function classes that models are asked to learn in context.",
        {"boards": site.boards},
    )
    for board in site.boards:
        learned = cache(partial(learned_by_task, board))
        for task in board.suite.tasks.values():
            yield Page(
                board.page("tasks", task.name),
                "task.html",
                f"{heading(task.name)} on {board.suite.name}",
                f"{task.summary} Errors of baselines, the {task.exactness} predictor and every model.",
                partial(_context, board, learned, task),
            )


def _context(board: SuiteBoard, learned: Callable[[], Learned], task: TaskSpec) -> dict[str, Any]:
    xs, ys, _ = generate(task, board.suite.name, "eval", 0, 1)
    every = _best_first(board.data.models, task.name)
    models = every if len(every) <= ALL else every[:MODELS]
    baselines = baseline_curves(board.suite, task, full=POINTS)
    anchors = _anchors_drawn(board, task)
    parts = [curve for curve in baselines if curve.name in anchors]
    ranked = _best_first(board.data.baselines, task.name)
    shown = [model_series(board, model, task.name) for model in models[:CURVES]]
    by_length = task.scored_points.count > 1
    return {
        "board": board,
        "task": task,
        "prompt": picture(draw_prompt(xs[0], ys[0], task.function_class.labels)),
        "models": models,
        "left_out": len(every) - len(models),
        "baselines": ranked,
        "groups": alike.groups([row.tasks[task.name] for row in every + ranked], board.data.metrics),
        "floor": next((model for model in ranked if model.name == BASELINE_PREFIX + PRIOR_MEAN), None),
        "excess": excess_chart(board, task, every) if by_length else None,
        "dots": seed_dots(board, task, every) if not by_length or task.learned_at is not None else None,
        "needed": examples_rows(board, task, models) if by_length else [],
        "share": SHARE,
        "nearest": _nearest(board, task, models),
        "learning": learning_chart(board, task, every, learned()[task.name]),
        "charts": [
            drawings(_errors(board, task, parts + shown), "models", len(models) > CURVES)
            if shown and by_length
            else None,
            drawings(_errors(board, task, baselines), "baselines", False),
        ],
        "accuracy": _accuracy(board, task, models),
        "floor_drawn": PRIOR_MEAN in anchors,
        "gap": _gap(board, task, models[0]) if models else None,
    }


def _accuracy(board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]) -> dict[str, Any] | None:
    """Of the best models; None of a task without labels."""
    chart = accuracy_chart(board, task, models[:CURVES])
    return None if chart is None else drawings(chart, "accuracy", len(models) > CURVES)


def _nearest(
    board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]
) -> list[tuple[ModelData, Finding]]:
    """What each model's predictions are nearest to, of the first seed that was probed."""
    known = [(model, board.by_name[model.name].findings.get(NEAREST, {})) for model in models]
    return [(model, by_task[task.name][0]) for model, by_task in known if task.name in by_task]


def _errors(board: SuiteBoard, task: TaskSpec, series: Sequence[Series]) -> Chart:
    """Errors in the task's own units, with a title in words."""
    return replace(task_chart(board.suite, task, series), title=f"{heading(task.name)} on {board.suite.name}")


def _anchors_drawn(board: SuiteBoard, task: TaskSpec) -> set[str]:
    """Whose curves are drawn beside those of models: the floor's where it is not that of answering 0."""
    anchors, floor = set(named_anchors(task)), floor_name(task)
    if board.frozen_curve(task.name, floor) == board.frozen_curve(task.name, ZERO):
        anchors.discard(floor)
    return anchors | {ZERO}


def _best_first(models: list[ModelData], task: str) -> list[ModelData]:
    """Those with a score on a task, the highest first."""
    scored = [(model.tasks[task].score.value, model) for model in models if task in model.tasks]
    known = [(value, model) for value, model in scored if value is not None]
    return [model for _, model in sorted(known, key=lambda pair: (-pair[0], pair[1].name))]


def _gap(board: SuiteBoard, task: TaskSpec, best: ModelData) -> Gap | None:
    """Among the scored context lengths; None where that predictor is not frozen."""
    zero, exact = (board.frozen_curve(task.name, name) for name in (ZERO, task.exact))
    if zero is None or exact is None:
        return None
    model = model_series(board, best, task.name).y
    shares = {i: (model[i] - exact[i]) / zero[i] for i in task.scored_points.positions if zero[i] > 0}
    if not shares:
        return None
    at = max(shares, key=lambda i: shares[i])
    return Gap(at, model[at] / zero[at], exact[at] / zero[at], zero[at])
