"""The leaderboard of each suite."""

from collections.abc import Iterator
from typing import Any

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.front import front_context
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.ranking.places import NEEDED_RUNS

ROWS = 125  # a page, which keeps it under 500 kB
SIZES = (10**5, 10**6, 10**7, 10**8)  # where the filter by parameters parts


def pages(site: Site) -> Iterator[Page]:
    """One board a suite, and further pages of it where it is long."""
    for board in site.boards:
        models, front = board.data.models, front_context(site, board)
        starts = range(0, max(len(models), 1), ROWS)
        for number, start in enumerate(starts, start=1):
            yield Page(
                _path(board, number),
                "board.html",
                f"Leaderboard of {board.suite.name}",
                f"Which sequence models learn which functions in context: {board.suite.spec.summary}",
                {
                    "board": board,
                    "front": front,
                    "models": models[start : start + ROWS],
                    "number": number,
                    "numbers": [(k, _path(board, k)) for k in range(1, len(starts) + 1)],
                    "choices": _choices(models),
                    "sizes": SIZES,
                    "graded": [task for task in board.data.tasks if task.learned_at is None],
                    "learned": [task for task in board.data.tasks if task.learned_at is not None],
                    "separation": _separation(board),
                },
            )


def _path(board: SuiteBoard, number: int) -> str:
    return board.path if number == 1 else f"{board.suite.name}/page-{number}.html"


def _choices(models: list[ModelData]) -> dict[str, list[str]]:
    """What there is to filter by."""
    known = [architecture.architecture for architecture in models if architecture.architecture is not None]
    return {
        "family": sorted({architecture.family for architecture in known}),
        "block": sorted({block for architecture in known for block in architecture.blocks}),
        "norm": sorted({architecture.norm for architecture in known}),
    }


def _separation(board: SuiteBoard) -> dict[str, Any]:
    """What the board cannot separate."""
    complete = [model for model in board.data.models if model.mean is not None]
    placed = [model for model in complete if model.place is not None]
    return {
        "complete": len(complete),
        "placed": len(placed),
        "places": len({model.place.number for model in placed if model.place is not None}),
        "resolvable": board.data.resolvable,
        "needed": NEEDED_RUNS,
        "one_run": sum(model.one_run for model in complete),
    }
