"""What is known: every finding of every suite, with its numbers, curves, evidence and an address to cite."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings import Finding, findings
from icl_bench.leaderboard.page import Page
from icl_bench.leaderboard.pages.front import NARROW, component_chart
from icl_bench.leaderboard.pages.task_charts import HIGHLIGHTED, excess_chart, learned_by_task, learning_chart
from icl_bench.leaderboard.site import Site, SuiteBoard


def pages(site: Site) -> Iterator[Page]:
    """One page; suites without results are left out."""
    known = [(board, findings(board)) for board in site.boards]
    yield Page(
        "findings.html",
        "findings.html",
        "Findings",
        "What the recorded results say of in-context learning, how sure each claim is, and how to cite it.",
        partial(_context, [(board, claims) for board, claims in known if claims]),
    )


def _context(known: list[tuple[SuiteBoard, list[Finding]]]) -> dict[str, Any]:
    suites = []
    for board, claims in known:
        learned = cache(partial(learned_by_task, board))
        suites.append((board, claims, {claim.id: _drawn(board, claim, learned) for claim in claims}))
    return {"suites": suites}


def _drawn(board: SuiteBoard, claim: Finding, learned: Callable[[], Any]) -> Any:
    """The curves that a claim rests on, at the size of a narrow screen; None where there are none."""
    if claim.curves is None:
        return None
    if claim.curves == "effects":
        return component_chart(board, [claim.component], NARROW)
    task = board.suite.task(claim.task)
    models = [
        model for model in _best_first(board, claim.task) if model.name in claim.models or not claim.models
    ]
    if claim.curves == "learning":
        chart = learning_chart(board, task, models, learned()[claim.task])
    else:
        chart = (
            excess_chart(board, task, models[: len(claim.models) or HIGHLIGHTED])
            if task.scored_points.count > 1
            else None
        )
    return None if chart is None else chart["narrow"]


def _best_first(board: SuiteBoard, task: str) -> list[ModelData]:
    """Those with a gain on a task, the highest first."""
    known = [
        (estimate.value, model)
        for model in board.data.models
        if task in model.tasks and (estimate := model.tasks[task].estimates.get("gain")) is not None
    ]
    gains = [(value, model) for value, model in known if value is not None]
    return [model for _, model in sorted(gains, key=lambda pair: (-pair[0], pair[1].name))]
