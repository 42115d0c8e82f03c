"""Two models at a time: a page a model, with what separates it from others."""

import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.differences import row_and_pair
from icl_bench.leaderboard.site import Site, SuiteBoard

ALL = 60  # up to so many, each is compared with every other and with baselines
NEIGHBOURS = 5  # beyond that, with so many before and after it, and with references


def pages(site: Site) -> Iterator[Page]:
    """The choice of two, then a page for each model."""
    yield Page(
        "compare.html",
        "compare.html",
        "Compare two models",
        "Paired differences of two models on every task, with intervals and corrected p-values.",
        {"boards": [(board, _baselines(board)) for board in site.boards if board.data.models]},
    )
    for board in site.boards:
        for model, others in zip(board.data.models, _others(board), strict=True):
            yield Page(
                board.page("compare", model.name),
                "compared.html",
                f"{model.name} compared on {board.suite.name}",
                f"What separates {model.name} from other models, task by task.",
                partial(_context, board, model, others),
            )


def _context(board: SuiteBoard, model: ModelData, others: Sequence[ModelData]) -> dict[str, Any]:
    differences = board.board.differences(model.name, [other.name for other in others])
    columns = [*board.board.means, *board.suite.tasks]
    return {
        "board": board,
        "model": model,
        "others": [(other, *row_and_pair(differences[other.name], columns, model.name)) for other in others],
        "columns": columns,
        "near": NEIGHBOURS if len(board.data.models) > ALL else None,
        "quote": shlex.quote,
    }


def _baselines(board: SuiteBoard) -> list[ModelData]:
    """Those that every model is compared with."""
    return board.data.baselines if len(board.data.models) <= ALL else []


def _others(board: SuiteBoard) -> Iterator[list[ModelData]]:
    """For each model those that it is compared with, which share a task with it."""
    models, baselines = board.data.models, _baselines(board)
    near = NEIGHBOURS if len(models) > ALL else len(models)
    references = [place for place, other in enumerate(models) if other.kind == "reference"]
    for place, model in enumerate(models):
        around = range(max(0, place - near), min(place + near + 1, len(models)))
        far = [other for other in references if other not in around]
        others = [*(models[other] for other in (*around, *far) if other != place), *baselines]
        yield [other for other in others if set(other.tasks) & set(model.tasks)]
