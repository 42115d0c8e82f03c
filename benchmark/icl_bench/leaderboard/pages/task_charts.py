"""What a task page draws of models: excess risk by context length, seeds as dots, learning curves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from icl_bench.charts import Chart, Series, draw, length_label, table_rows
from icl_bench.charts.dots import DotRow, draw_dots
from icl_bench.charts.layout import lay_out
from icl_bench.charts.text import plain
from icl_bench.display.task_chart import baseline_curves
from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.colours import colour_of, style_of
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.excess import FLOOR, excess_risk, needed_examples
from icl_bench.leaderboard.formats import POINTS, heading
from icl_bench.leaderboard.learning import Curve, development_curves, over_seeds
from icl_bench.leaderboard.page import picture
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.specs.suite import TaskSpec
from icl_bench.views.series import model_curve

WIDE, NARROW = 860, 358  # pixels at which texts have their nominal sizes
HIGHLIGHTED = 3  # the best models, until a reader chooses others
MODELS = 20  # a chart; the best ones


def model_series(board: SuiteBoard, model: ModelData, task: str) -> Series:
    """A model's errors, with its components below its name where the name says otherwise."""
    entry = board.by_name[model.name]
    curve = model_curve(model.name.removeprefix(PREFIX), board.runs(model.name, task))
    return replace(curve, note=entry.made_of if entry.named_otherwise else "", style=style_of(model.name))


def excess_chart(board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]) -> dict[str, Any] | None:
    """Excess risk of models, the best first, between the exact predictor and answering 0; None where it is
    not known."""
    named = (ZERO, task.baseline, task.exact)
    anchors = [curve for curve in baseline_curves(board.suite, task, full=POINTS) if curve.name in named]
    drawn = [_as_excess(board, task, curve) for curve in anchors]
    for place, model in enumerate(models[:MODELS]):
        curve = _as_excess(board, task, model_series(board, model, task.name))
        drawn.append(curve and replace(curve, faded=place >= HIGHLIGHTED))
    series = [curve for curve in drawn if curve is not None]
    if len(series) < len(drawn) or not models:
        return None
    label = length_label(task.scored_points.in_words("", "the last one is scored", "scored: {}"))
    chart = Chart(
        f"{heading(task.name)} on {board.suite.name}: excess risk",
        label,
        "(ξ model − ξ exact) / ξ 0",
        series,
        y_scale="log",
        y_floor=FLOOR,
        y_limit=2.0,
    )
    return drawings(chart, "excess", len(models) > MODELS) | {
        "models": "\n".join(plain(model.name.removeprefix(PREFIX)) for model in models[:MODELS]),
        "below": any(value <= 0 for curve in series if curve.role == "model" for value in curve.numbers),
        "floor": FLOOR,
        "axes": json.dumps([_axes(chart, width) for width in (WIDE, NARROW)]),
    }


def _axes(chart: Chart, width: int) -> dict[str, list[float]]:
    """Where the axes lie at a width, as [low, high, pixel of low, pixel of high]: a script adds a curve."""
    layout = lay_out(chart, width)
    ends = {"x": layout.x, "y": layout.y}
    return {
        name: [float(axis.low), float(axis.high), float(axis.start), float(axis.end)]
        for name, axis in ends.items()
    }


def drawings(chart: Chart, what: str, more: bool) -> dict[str, Any]:
    """A chart for wide and for narrow screens, and its numbers; `more` are left out of it."""
    head, *rows = table_rows(chart)
    return {
        "what": what,
        "wide": picture(draw(chart, WIDE)),
        "narrow": picture(draw(chart, NARROW)),
        "head": head,
        "rows": rows,
        "more": more,
    }


def seed_dots(board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]) -> dict[str, Any] | None:
    """The optimality of each run, a dot a seed, the best model first."""
    rows = [
        DotRow(
            model.name.removeprefix(PREFIX),
            [100 * value for value in _optimalities(model, task.name)],
            colour_of(model.name),
        )
        for model in models[:MODELS]
    ]
    known = [row for row in rows if row.values]
    if not known:
        return None
    title = f"{heading(task.name)} on {board.suite.name}: every training run"
    label = f"optimality of each run; 100 is the {task.exactness} predictor"
    return {
        "wide": picture(draw_dots(title, label, known, 0, 100, WIDE)),
        "narrow": picture(draw_dots(title, label, known, 0, 100, NARROW)),
        "rows": known,
        "more": len(models) > MODELS,
    }


def _optimalities(model: ModelData, task: str) -> list[float]:
    """Of each run; of a model without training runs that of its answers."""
    scores = model.tasks[task]
    estimates = [run.optimality for run in scores.training] or [scores.optimality]
    return [estimate.value for estimate in estimates if estimate.value is not None]


def examples_rows(
    board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData]
) -> list[tuple[ModelData, int | None, list[int | None], float]]:
    """Of each model: the examples that its mean error needs to come within 10% of the exact predictor's, the
    same of each of several runs, and its excess risk at the end; those that need fewest first."""
    rows = []
    for model in models:
        mean = excess_risk(board, task, model_series(board, model, task.name).y)
        if mean is None:
            return []
        runs = board.runs(model.name, task.name)
        by_run = [excess_risk(board, task, run.error_curves.model) for run in runs] if len(runs) > 1 else []
        rows.append((model, needed_examples(mean), [needed_examples(run) for run in by_run if run], mean[-1]))
    return sorted(rows, key=lambda row: (row[1] is None, row[1], row[3]))


def learned_by_task(board: SuiteBoard) -> dict[str, dict[str, dict[str, Curve]]]:
    """The development curves of a board's models, by task, model and seed."""
    by_task: dict[str, dict[str, dict[str, Curve]]] = {task: {} for task in board.suite.tasks}
    for entry in board.entries:
        for task, curves in development_curves(entry, board.suite).items():
            by_task[task][entry.name] = curves
    return by_task


def learning_chart(
    board: SuiteBoard, task: TaskSpec, models: Sequence[ModelData], curves: Mapping[str, dict[str, Curve]]
) -> dict[str, Any] | None:
    """Development optimality against steps, of the models that have learning curves, the best first."""
    shown = [model for model in models if model.name in curves][:MODELS]
    if not shown:
        return None
    best = {model.name for model in models[:HIGHLIGHTED]} & {model.name for model in shown}
    best = best or {model.name for model in shown[:HIGHLIGHTED]}
    chart = Chart(
        f"{heading(task.name)} on {board.suite.name}: learning curves",
        "training step",
        "development optimality",
        [_learning_series(model.name, curves[model.name], faded=model.name not in best) for model in shown],
    )
    return drawings(chart, "learning", len(shown) < len(models)) | {
        "models": "\n".join(plain(model.name.removeprefix(PREFIX)) for model in shown)
    }


def _learning_series(name: str, by_seed: dict[str, Curve], faded: bool) -> Series:
    (steps, means), low, high = over_seeds(by_seed)
    several = len(by_seed) > 1
    return Series(
        name.removeprefix(PREFIX),
        steps,
        _percent(means),
        "model",
        low=_percent(low) if several else None,
        high=_percent(high) if several else None,
        style=style_of(name),
        mean=100 * means[-1],
        faded=faded,
    )


def _percent(values: Sequence[float]) -> list[float]:
    """Times 100, and no lower than 0, where the axis ends."""
    return [max(0.0, 100 * value) for value in values]


def _as_excess(board: SuiteBoard, task: TaskSpec, curve: Series) -> Series | None:
    def changed(errors: Sequence[float | int] | None) -> list[float] | None:
        return None if errors is None else excess_risk(board, task, errors)

    y = changed(curve.y)
    if y is None:
        return None
    return replace(curve, y=y, low=changed(curve.low), high=changed(curve.high), mean=sum(y) / len(y))
