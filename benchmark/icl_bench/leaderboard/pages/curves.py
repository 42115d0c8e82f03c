"""Curves for the browser, a small file a model: `data/curves/SUITE/MODEL.json`, with what it brings to a
paired difference, and `data/curves/SUITE/index.json` with the tasks, their anchors and the names of all.

So any two models of a board can be compared, however many there are, from about 25 kB each.
"""

import json
from collections.abc import Callable, Iterator
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
from icl_bench.ranking.differences import FEWEST_PROMPTS, GRADED, MEAN
from icl_bench.ranking.pairs import pair_part
from icl_bench.ranking.spread import SIGNIFICANT
from icl_bench.scoring.scores import CONFIDENCE
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
        for model in board.data.models:
            yield _file(board, board.slugs[model.name], partial(_model, board, model))
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
        "means": board.board.means,
        "tail": (1 - CONFIDENCE) / 2,
        "significant": SIGNIFICANT,
        "tasks": {
            task.name: {
                "words": spaced(task.name),
                "heading": heading(task.name),
                "scored": list(task.scored_points.positions),
                "exactness": task.exactness,
                "exact": _rounded(board.frozen_curve(task.name, task.exact)),
                "zero": _rounded(board.frozen_curve(task.name, ZERO)),
                **_tested(board, task.name),
            }
            for task in board.suite.tasks.values()
        },
        "models": {slug: name for name, slug in board.slugs.items()},
    }


def _tested(board: SuiteBoard, task: str) -> dict[str, Any]:
    """Whether differences have p-values, and the degrees of freedom of the variance between seeds."""
    if task not in board.board.together:
        return {"tested": False, "degrees": 0}
    sampled, _ = board.board.together[task]
    return {"tested": sampled.prompts >= FEWEST_PROMPTS, "degrees": sampled.seeds.degrees}


def _model(board: SuiteBoard, model: ModelData) -> dict[str, Any]:
    """What the file of a model holds."""
    curves = {}
    for task in model.tasks:
        curve = model_curve(model.name, board.runs(model.name, task))
        ends = {"low": _rounded(curve.low), "high": _rounded(curve.high)}
        curves[task] = {"error": _rounded(curve.y), **ends, "runs": model.tasks[task].runs}
    return _known(model) | {
        "colour": colour_of(model.name),
        "tasks": {task: curves[task] | _gain(board, model, task) for task in model.tasks},
    }


def _baseline(board: SuiteBoard, baseline: ModelData) -> dict[str, Any]:
    tasks = {
        task: {
            "error": _rounded(board.frozen_curve(task, baseline.name.removeprefix(BASELINE_PREFIX))),
            **_gain(board, baseline, task),
        }
        for task in baseline.tasks
    }
    return _known(baseline) | {"colour": "ink", "tasks": tasks}


def _gain(board: SuiteBoard, model: ModelData, task: str) -> dict[str, Any]:
    """The gain, and what it brings to a paired difference where it is sampled with the others."""
    gain = {"gain": _ends(model.tasks[task].estimates.get("gain"))}
    sampled, places = board.board.together.get(task, (None, {}))
    part = pair_part(sampled, places[model.name]) if sampled and model.name in places else None
    if sampled is None or part is None:
        return gain
    # on a board of many, on which baselines are not chosen, no difference on such a task needs draws
    left_out = sampled.scale is not None and len(board.data.models) > compare.ALL
    drawn = {} if left_out else {"unit": part.unit, "draws": part.draws}
    return gain | {"pair": {"own": part.own, "modes": part.modes, **drawn}}


def _known(model: ModelData) -> dict[str, Any]:
    return {
        "name": model.name,
        "label": model.name.removeprefix(PREFIX),
        "means": {MEAN: _ends(model.mean), GRADED: _ends(model.graded)},
    }


def _ends(estimate: Estimate | None) -> list[float | None] | None:
    return None if estimate is None else [estimate.value, estimate.low, estimate.high]


def _rounded(errors: Numbers | None) -> list[float] | None:
    return None if errors is None else [float(f"{error:.{DIGITS}g}") for error in errors]
