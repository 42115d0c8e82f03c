"""The task on which models are farthest from the exact predictor."""

from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import Finding, Link, seeds, short_name, with_interval
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard


def farthest_from_bayes(board: SuiteBoard) -> Finding | None:
    """The task with an exact predictor whose best model has the lowest gain; None without models."""
    best = {
        task: model
        for task, spec in board.suite.tasks.items()
        if spec.exactness == "exact" and (model := _best(board, task)) is not None
    }
    if not best:
        return None
    task = min(best, key=lambda name: _gain(best[name], name))
    model = best[task]
    estimate = model.tasks[task].estimates["gain"]
    sentence = (
        f"The best model, {short_name(model.name)}, has a gain of {with_interval(estimate)}, "
        f"{score(1 - _gain(model, task))} below the exact predictor.{_widest(board, model, task)}"
    )
    return Finding(
        f"{board.suite.name}-farthest-from-bayes",
        f"Farthest from Bayes: {spaced(task)}",
        sentence,
        seeds(model.tasks[task].runs),
        [Link("All error curves", board.page("tasks", task) + "#models")],
        curves="excess",
        task=task,
    )


def _best(board: SuiteBoard, task: str) -> ModelData | None:
    known = [model for model in board.data.models if _has_gain(model, task)]
    return max(known, key=lambda model: _gain(model, task), default=None)


def _has_gain(model: ModelData, task: str) -> bool:
    if task not in model.tasks:
        return False
    estimate = model.tasks[task].estimates.get("gain")
    return estimate is not None and estimate.value is not None


def _gain(model: ModelData, task: str) -> float:
    value = model.tasks[task].estimates["gain"].value
    assert value is not None
    return value


def _widest(board: SuiteBoard, model: ModelData, task: str) -> str:
    """Where the gap to the exact predictor is widest, in shares of the error of answering 0."""
    zero, exact = (board.frozen_curve(task, name) for name in (ZERO, board.suite.task(task).exact))
    places = [i for i in board.suite.task(task).scored_points.positions if zero and zero[i] > 0]
    if zero is None or exact is None or len(places) < 2:
        return ""
    curves = [run.error_curves.model for run in board.runs(model.name, task)]
    mean = [sum(curve[i] for curve in curves) / len(curves) for i in range(len(zero))]
    at = max(places, key=lambda i: (mean[i] - exact[i]) / zero[i])
    examples = f"{at} example{'' if at == 1 else 's'}"
    return (
        f" After {examples}, where the gap is widest, its error is {mean[at] / zero[at]:.0%} of that of "
        f"answering 0, the exact predictor’s {exact[at] / zero[at]:.0%}."
    )
