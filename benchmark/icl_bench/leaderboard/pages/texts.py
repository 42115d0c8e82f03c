"""Pages that explain: the method, and how to have a model scored."""

from collections.abc import Iterator
from typing import Any

from icl_bench.evaluation.rules import CHECKS, TOLERANCE
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.models.shipped import shipped_spec_file
from icl_bench.ranking.differences import FEWEST_PROMPTS
from icl_bench.ranking.divisions import MORE_PARAMETERS, ClosedDivision
from icl_bench.ranking.orders import orders
from icl_bench.ranking.places import NEEDED_RUNS
from icl_bench.ranking.spread import SIGNIFICANT
from icl_bench.records import agree as agreement
from icl_bench.scoring.scores import CONFIDENCE
from icl_bench.specs.architecture import BLOCKS
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import load_suite

ROWS = 40  # of the table of orders
EXAMPLE = "reference/llama-ropeless"  # the reference whose spec is shown
PYTHON = """\
import icl_bench
import numpy as np


def always_zero(xs, ys):  # (batch, points, d), (batch, points, k) → (batch, points, k), float32
    return np.zeros_like(ys)


record = icl_bench.evaluate(always_zero, suite="mini", tasks=["linear_regression"])
print(record.to_frame()[["task", "score", "score_low", "score_high"]])
record.save("always_zero.json")
"""


def pages(site: Site) -> Iterator[Page]:
    """Method, submit."""
    yield Page(
        "method.html",
        "method.html",
        "Method",
        "How scores, intervals and places are computed, so that anyone can recompute them.",
        {
            "percent": f"{CONFIDENCE:.0%}",
            "significant": SIGNIFICANT,
            "tolerance": f"{TOLERANCE:g}",
            "agreement": f"{agreement.TOLERANCE:g}",
            "checks": CHECKS,
            "frozen": [board.data for board in site.boards],
            "tasks": _tasks_with_all_or_nothing(site),
            "needed": NEEDED_RUNS,
            "larger": f"{MORE_PARAMETERS:.0%}",
            "closed": [row for board in site.boards for row in _closed(board)],
            "fewest": FEWEST_PROMPTS,
            "orders": [(board, _orders(board)) for board in site.boards],
        },
    )
    yield Page(
        "submit.html",
        "submit.html",
        "Add your model",
        "Score a model of your own on the frozen prompts: from the Hugging Face Hub, a folder, or Python.",
        {"example": example_spec(), "name": EXAMPLE, "python": PYTHON, "blocks": list(BLOCKS.entries())},
    )


def _tasks_with_all_or_nothing(site: Site) -> list[TaskSpec]:
    """The tasks of the first board that has all-or-nothing ones, which the page speaks of."""
    suites = [list(board.suite.tasks.values()) for board in site.boards]
    return next((tasks for tasks in suites if any(task.learned_at for task in tasks)), suites[0])


def _closed(board: SuiteBoard) -> Iterator[tuple[str, Recipe, int | None]]:
    """The recipe of each task that models are trained on, and the most parameters of a closed model."""
    closed = ClosedDivision(board.suite)
    for name, task in board.suite.tasks.items():
        recipe = closed.recipe(name)
        if task.trained_as is None and board.suite.home(name) is board.suite and recipe is not None:
            yield board.suite.full_name(name), recipe, closed.most_parameters(name)


def _orders(board: SuiteBoard) -> dict[str, Any] | None:
    """The orders of a board, and the positions of its first models in each."""
    every = orders(board.board)
    if not every:
        return None
    names = [model.name for model in board.data.models if model.mean is not None][:ROWS]
    return {
        "orders": every,
        "rows": [(name, [order.positions.get(name) for order in every]) for name in names],
    }


def example_spec() -> str:
    """A reference's spec file at the sizes of the newest mini suite, as it is."""
    return shipped_spec_file(EXAMPLE, load_suite("mini").name).read_text(encoding="utf-8")
