"""Pretrained language models beside the nearest neighbour, a claim of arXiv 2310.03016 (its abstract)."""

import numpy as np

from icl_bench.baselines.nearest_neighbour import NearestNeighbour
from icl_bench.frozen.errors import BaselineErrors, load_errors
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import NOT_SEPARATED, Finding, Link, in_brackets, listed
from icl_bench.leaderboard.formats import score, signed, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.scoring.scores import bootstrap_key, interval_estimate, resampled_sums
from icl_bench.specs.result import Estimate, TaskResult
from icl_bench.specs.suite import TaskSpec

CLAIM = "Claim (arXiv 2310.03016): "
HOLDS, DENIED = "It holds here", "It does not hold here"
ACCURACY = "accuracy"
NEAREST = NearestNeighbour.model_fields["type"].default
PRETRAINED = "one pretrained model"  # the status: training seeds are not to be had


def language_models(board: SuiteBoard) -> Finding | None:
    """A language model competes on a task where its accuracy is not significantly below that of the nearest
    neighbour, prompt by prompt. The claim holds where each does on every task, and is of those models alone.
    """
    rows, over = [], []
    models = [model for model in board.data.models if _results(board, model)]
    for model in models:
        for name, result in _results(board, model).items():
            known = _compared(board, board.suite.task(name), result)
            if known is not None:
                difference, cells = known
                over.append(difference)
                rows.append((model.name, spaced(name), *cells))
    if len(rows) < len(models) * len(board.suite.tasks) or not rows:
        return None  # nothing is concluded from a part of the suite
    competes = sum((difference.high or 0.0) >= 0 for difference in over)
    above = sum((difference.low or 0.0) > 0 for difference in over)
    sentence = (
        f"{CLAIM}pretrained language models compete with the nearest neighbour. "
        f"{HOLDS if competes == len(rows) else DENIED}, with {len(models)} recorded: the accuracy of "
        f"{listed([model.name for model in models])} is significantly below the nearest neighbour's on "
        f"{len(rows) - competes} of {len(rows)} tasks, and above it on {above}; prompts are compared in "
        "pairs."
    )
    head = ("Accuracy, %", "Task", "Model", "Nearest neighbour", "Exact", "Difference", "Labels hold, %")
    separated = above or competes < len(rows)
    return Finding(
        f"{board.suite.name}-language-models",
        "Language models and the nearest neighbour",
        sentence,
        PRETRAINED if separated else NOT_SEPARATED,
        [Link("Board", board.path)],
        [head, *rows],
    )


def _results(board: SuiteBoard, model: ModelData) -> dict[str, TaskResult]:
    """The results of a model that was asked in text, by task."""
    found = {name: board.runs(model.name, name) for name in model.tasks}
    return {name: runs[0] for name, runs in found.items() if runs and runs[0].label_share is not None}


def _compared(board: SuiteBoard, task: TaskSpec, result: TaskResult) -> tuple[Estimate, list[str]] | None:
    """By how much the accuracy is above the nearest neighbour's, and the cells of a row."""
    nearest, exact = (load_errors(board.suite, task.name, name) for name in (NEAREST, task.exact))
    own = result.prompt_values.get(ACCURACY)
    if own is None or nearest is None or ACCURACY not in nearest.values:
        return None
    pair = np.stack([np.array(own), nearest.values[ACCURACY]], axis=1)
    scale = len(own) * task.scored_points.count
    key = bootstrap_key(board.suite.full_name(task.name))
    drawn = resampled_sums(pair, board.suite.spec.resamples, key) / scale
    shares = pair.sum(axis=0) / scale
    difference = interval_estimate(float(shares[0] - shares[1]), drawn[:, 0] - drawn[:, 1])
    cells = [score(shares[0]), score(shares[1]), _accuracy(exact, scale)]
    cells.append(f"{signed(difference)} {in_brackets(difference)}")
    return difference, [*cells, score(result.label_share)]


def _accuracy(errors: BaselineErrors | None, scale: int) -> str:
    return (
        "–"
        if errors is None or ACCURACY not in errors.values
        else score(errors.values[ACCURACY].sum() / scale)
    )
