"""Models side by side: two to five in the browser, and a page a model with what separates it from others."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.differences import row_and_pair
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.ranking.differences import GRADED, MEAN, Difference

ALL = 60  # up to so many, each is compared with every other and with baselines
MATRIX = 16  # models, the first ones, whose means are compared in a table on the page of the choice
MOST = 5  # models, side by side
NEIGHBOURS = 3  # beyond that, with so many before and after it, and with references; a browser takes any two


def pages(site: Site) -> Iterator[Page]:
    """The choice of two, then a page for each model."""
    yield Page(
        "compare.html",
        "compare.html",
        "Compare models",
        "Paired differences of two to five models on every task, with intervals, and their error curves.",
        partial(_choices, site),
    )
    for board in site.boards:
        for model, beside in zip(board.data.models, others(board), strict=True):
            yield Page(
                board.page("compare", model.name),
                "compared.html",
                f"{model.name} compared on {board.suite.name}",
                f"What separates {model.name} from other models, task by task.",
                partial(_context, board, model, beside),
            )


def _choices(site: Site) -> dict[str, Any]:
    boards = [board for board in site.boards if board.data.models]
    return {
        "boards": [(board, _baselines(board), _matrix(board)) for board in boards],
        "most": MOST,
    }


def _matrix(board: SuiteBoard) -> list[tuple[ModelData, list[tuple[ModelData, Difference | None]]]]:
    """The differences of the graded means of the first models, a row and a column each; none on a large
    board."""
    if len(board.data.models) > ALL:
        return []
    beside = dict(zip((model.name for model in board.data.models), others(board), strict=True))
    first = [model for model in board.data.models if model.mean is not None][:MATRIX]
    rows = []
    for model in first:
        by_name = differences(board, model, beside[model.name])
        row = [(other, _of_mean(by_name.get(other.name, ()))) for other in first]
        rows.append((model, row))
    return rows if len(first) > 1 else []


def _of_mean(rows: Sequence[Difference]) -> Difference | None:
    """The difference of the graded means; of the means over all tasks where there are no graded ones."""
    by_task = {row.task: row for row in rows}
    return by_task.get(GRADED, by_task.get(MEAN))


def differences(
    board: SuiteBoard, model: ModelData, beside: Sequence[ModelData]
) -> Mapping[str, Sequence[Difference]]:
    """What separates a model from each of those beside it."""
    return board.differences(model.name, tuple(other.name for other in beside))


def _context(board: SuiteBoard, model: ModelData, others: Sequence[ModelData]) -> dict[str, Any]:
    by_name = differences(board, model, others)
    columns = [*board.board.means, *board.suite.tasks]
    return {
        "board": board,
        "model": model,
        "others": [
            (other, *row_and_pair(by_name[other.name], columns, model.name, other.name)) for other in others
        ],
        "columns": columns,
        "near": NEIGHBOURS if len(board.data.models) > ALL else None,
        "quote": shlex.quote,
    }


def _baselines(board: SuiteBoard) -> list[ModelData]:
    """Those that every model is compared with."""
    return board.data.baselines if len(board.data.models) <= ALL else []


def others(board: SuiteBoard) -> Iterator[list[ModelData]]:
    """For each model those that it is compared with, which share a task with it."""
    models, baselines = board.data.models, _baselines(board)
    near = NEIGHBOURS if len(models) > ALL else len(models)
    references = [place for place, other in enumerate(models) if other.kind == "reference"]
    for place, model in enumerate(models):
        around = range(max(0, place - near), min(place + near + 1, len(models)))
        far = [other for other in references if other not in around]
        others = [*(models[other] for other in (*around, *far) if other != place), *baselines]
        yield [other for other in others if set(other.tasks) & set(model.tasks)]
