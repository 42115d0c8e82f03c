"""Two models at a time: a page a model, with what separates it from others."""

import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from icl_bench.evaluation.compare import MEAN, Difference
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.pages.differences import DifferenceCells
from icl_bench.leaderboard.render import Page
from icl_bench.leaderboard.site import Site, SuiteBoard

ALL = 60  # up to so many, each is compared with every other and with baselines
NEIGHBOURS = 5  # beyond that, with so many before and after it in rank, and with references


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
        for model in board.data.models:
            yield Page(
                board.page("compare", model.name),
                "compared.html",
                f"{model.name} compared on {board.suite.name}",
                f"What separates {model.name} from other models, task by task.",
                partial(_context, board, model),
            )


def _context(board: SuiteBoard, model: ModelData) -> dict[str, Any]:
    others = _others(board, model)
    found = board.board.differences(model.name, [one.name for one in others])
    return {
        "board": board,
        "model": model,
        "others": [(one, _row(board, found[one.name]), found[one.name]) for one in others],
        "quote": shlex.quote,
        "cells": DifferenceCells(model.name, board.data.resamples),
    }


def _row(board: SuiteBoard, found: Sequence[Difference]) -> list[Difference | None]:
    """The mean and every task, None where there is no difference."""
    by_task = {one.task: one for one in found}
    return [by_task.get(task) for task in (MEAN, *board.suite.tasks)]


def _baselines(board: SuiteBoard) -> list[ModelData]:
    """Those that every model is compared with."""
    return board.data.baselines if len(board.data.models) <= ALL else []


def _others(board: SuiteBoard, model: ModelData) -> list[ModelData]:
    """Those that a model is compared with: they share a task with it."""
    models = board.data.models
    if len(models) > ALL:
        place = next(k for k, one in enumerate(models) if one is model)
        first, end = max(0, place - NEIGHBOURS), place + NEIGHBOURS + 1
        far = models[:first] + models[end:]
        models = models[first:end] + [one for one in far if one.kind == "reference"]
    others = [one for one in (*models, *_baselines(board)) if one is not model]
    return [one for one in others if set(one.tasks) & set(model.tasks)]
