"""Curves for the browser, a small file a model: `data/curves/SUITE/MODEL.json`, with what separates it from
others, and `data/curves/SUITE/index.json` with the tasks, their anchors and the names of all."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from icl_bench.charts.series import Numbers
from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.colours import colour_of
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.formats import heading, spaced
from icl_bench.leaderboard.page import LaterFile
from icl_bench.leaderboard.pages import compare
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.reference import PREFIX
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.ranking.differences import GRADED, MEAN, Difference
from icl_bench.specs.result import Estimate
from icl_bench.views.series import model_curve

FOLDER = "data/curves"
DIGITS = 5  # of an error


def files(site: Site) -> Iterator[LaterFile]:
    """Those of every suite that has models."""
    for board in site.boards:
        if not board.data.models:
            continue
        yield _file(board, "index", partial(_index, board))
        others = compare.others(board) if len(board.data.models) <= compare.ALL else None
        for model in board.data.models:
            beside = next(others) if others else ()
            yield _file(board, board.slugs[model.name], partial(_model, board, model, beside))
        for baseline in board.data.baselines:
            yield _file(board, board.slugs[baseline.name], partial(_baseline, board, baseline))


def _file(board: SuiteBoard, name: str, value: Callable[[], dict[str, Any]]) -> LaterFile:
    return LaterFile(f"{FOLDER}/{board.suite.name}/{name}.json", partial(_text, value))


def _text(value: Callable[[], dict[str, Any]]) -> str:
    return json.dumps(value(), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _index(board: SuiteBoard) -> dict[str, Any]:
    """The tasks with the errors of answering 0 and of the exact predictor, and each name by its slug."""
    return {
        "suite": board.suite.name,
        "means": list(board.board.means),
        "tasks": {
            task.name: {
                "words": spaced(task.name),
                "heading": heading(task.name),
                "scored": list(task.scored_points.positions),
                "exactness": task.exactness,
                "exact": _rounded(board.frozen_curve(task.name, task.exact)),
                "zero": _rounded(board.frozen_curve(task.name, ZERO)),
            }
            for task in board.suite.tasks.values()
        },
        "models": {slug: name for name, slug in board.slugs.items()},
    }


def _model(board: SuiteBoard, model: ModelData, others: Sequence[ModelData]) -> dict[str, Any]:
    """What the file of a model holds; `against` has the paired differences from each other, by its slug."""
    curves = {}
    for task in model.tasks:
        curve = model_curve(model.name, board.runs(model.name, task))
        ends = {"low": _rounded(curve.low), "high": _rounded(curve.high)}
        curves[task] = {"error": _rounded(curve.y), **ends, "runs": model.tasks[task].runs}
    differences = compare.differences(board, model, others) if others else {}
    return _known(model) | {
        "colour": colour_of(model.name),
        "tasks": {
            task: curves[task] | {"gain": _ends(scores.estimates.get("gain"))}
            for task, scores in model.tasks.items()
        },
        "against": {board.slugs[name]: [_row(row) for row in rows] for name, rows in differences.items()},
    }


def _baseline(board: SuiteBoard, baseline: ModelData) -> dict[str, Any]:
    tasks = {
        task: {
            "error": _rounded(board.frozen_curve(task, baseline.name.removeprefix(BASELINE_PREFIX))),
            "gain": _ends(scores.estimates.get("gain")),
        }
        for task, scores in baseline.tasks.items()
    }
    return _known(baseline) | {"colour": "ink", "tasks": tasks, "against": {}}


def _known(model: ModelData) -> dict[str, Any]:
    return {
        "name": model.name,
        "label": model.name.removeprefix(PREFIX),
        "means": {MEAN: _ends(model.mean), GRADED: _ends(model.graded)},
    }


def _row(difference: Difference) -> list[Any]:
    """Task, difference, its ends, and which of the two is significantly better."""
    estimate = difference.difference
    return [difference.task, estimate.value, estimate.low, estimate.high, difference.better]


def _ends(estimate: Estimate | None) -> list[float | None] | None:
    return None if estimate is None else [estimate.value, estimate.low, estimate.high]


def _rounded(errors: Numbers | None) -> list[float] | None:
    return None if errors is None else [float(f"{error:.{DIGITS}g}") for error in errors]
