"""The numbers of charts as CSV files: component effects, learning curves, and score against cost."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from icl_bench.leaderboard.entries import training_rows
from icl_bench.leaderboard.pages.front import COSTS, costs_of
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.ranking.effects import Effect

LEARNING = ("step", "loss", "dev_optimality")  # of a row of a training log


def chart_files(board: SuiteBoard) -> Iterator[tuple[str, str, str]]:
    """The path, content and description of each file that a suite has."""
    name = board.suite.name
    if board.effects is not None:
        rows = [asdict(effect) for effect in board.effects.effects]
        columns = [field.name for field in fields(Effect)]
        yield (
            f"data/{name}-effects.csv",
            _csv(columns, rows),
            f"What components do to the references of {name}, one row an effect, pair or hybrid.",
        )
    rows = list(_learning_rows(board))
    if rows:
        columns = ["model", "task", "seed", *LEARNING]
        yield (
            f"data/{name}-learning.csv",
            _csv(columns, rows),
            f"How references learned the tasks of {name}, one row a point of a run's training log.",
        )
    rows = _cost_rows(board)
    if len(rows) > 1:
        columns = ["model", "family", "graded", "graded_low", "graded_high", *COSTS]
        yield (
            f"data/{name}-costs.csv",
            _csv(columns, rows),
            f"The graded mean of each model of {name} and what it costs, one row a model.",
        )


def _learning_rows(board: SuiteBoard) -> Iterator[dict[str, Any]]:
    for entry in board.entries:
        for task, by_seed in training_rows(entry, board.suite).items():
            for seed, rows in by_seed.items():
                whole = {"model": entry.name, "task": task, "seed": seed.removeprefix("seed ")}
                yield from (whole | {name: row[name] for name in LEARNING} for row in rows)


def _cost_rows(board: SuiteBoard) -> list[dict[str, Any]]:
    rows = []
    for model in board.data.models:
        if model.architecture is not None and model.graded is not None:
            graded = model.graded
            known = {"graded": graded.value, "graded_low": graded.low, "graded_high": graded.high}
            family = model.architecture.family
            rows.append({"model": model.name, "family": family, **known, **costs_of(board, model)})
    return rows


def _csv(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """Numbers in full, empty where there is none."""
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()
