"""Models on variants of the tasks that they were trained on: in distribution, shifted, and the ideal."""

from collections.abc import Iterator
from dataclasses import dataclass

from icl_bench.frozen.anchors import IDEAL
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.specs.result import Estimate

GAIN = "gain"


@dataclass(frozen=True)
class ShiftedRow:
    """The gains of a model on a variant and on its base."""

    suite: str
    task: str
    page: str  # of the variant
    summary: str
    trained: Estimate | None  # on the base; None where nothing is recorded
    shifted: Estimate | None
    missing: str | None  # why there is none on the variant
    ideal: Estimate | None  # of the in-distribution ideal on the variant


def shifted_rows(site: Site, name: str) -> list[ShiftedRow]:
    """Of every variant on which something of the model is recorded, or said to be missing."""
    return [row for board in site.boards for row in _rows(site, board, name)]


def _rows(site: Site, board: SuiteBoard, name: str) -> Iterator[ShiftedRow]:
    entry = board.by_name.get(name)
    if entry is None:
        return
    missing = {task: why for record in entry.records for task, why in record.missing.items()}
    models = {model.name: model for model in board.data.models}
    ideal = ideal_row(board)
    for task in board.suite.tasks.values():
        if task.base is None:
            continue
        yield ShiftedRow(
            suite=board.suite.name,
            task=task.name,
            page=board.page("tasks", task.name),
            summary=task.summary,
            trained=_trained(site, name, board.suite.trained_as(task.name)),
            shifted=gain_on(models.get(name), task.name),
            missing=missing.get(task.name),
            ideal=gain_on(ideal, task.name),
        )


def _trained(site: Site, name: str, full_name: str) -> Estimate | None:
    suite, _, task = full_name.partition("/")
    models = (row for board in site.boards if board.suite.name == suite for row in board.data.models)
    return gain_on(next((row for row in models if row.name == name), None), task)


def ideal_row(board: SuiteBoard) -> ModelData | None:
    """The in-distribution ideal on a board; None where it is not frozen."""
    return next((row for row in board.data.baselines if row.name == BASELINE_PREFIX + IDEAL), None)


def gain_on(model: ModelData | None, task: str) -> Estimate | None:
    """A model's gain on a task; None where it has none."""
    scores = None if model is None else model.tasks.get(task)
    return None if scores is None else scores.estimates.get(GAIN)
