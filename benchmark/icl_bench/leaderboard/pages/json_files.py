"""The JSON files of a suite: its board, with what the table prints of each model, and its training runs."""

import json
from typing import Any

from icl_bench.leaderboard.data import BoardData, RecordedRun, RunsData
from icl_bench.leaderboard.pages.rows import rows
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.specs.schema import Strict

SCHEMAS: dict[str, tuple[type[Strict], str]] = {  # by path
    "data/board.schema.json": (BoardData, "boards"),
    "data/runs.schema.json": (RunsData, "training runs"),
}


def board_path(board: SuiteBoard) -> str:
    """Where the data of a board is."""
    return f"data/{board.suite.name}.json"


def board_json(site: Site, board: SuiteBoard) -> str:
    """Everything that a board says, and what its table prints of each model."""
    shown, data = rows(site, board), board.data
    models = [model.model_copy(update={"row": shown[model.name]}) for model in data.models]
    return _as_json(data.model_copy(update={"models": models}))


def runs_json(board: SuiteBoard) -> str:
    """The training runs, with every estimate and the hash of their weights."""
    every = [
        RecordedRun(model=model.name, task=task, **dict(run))
        for model in board.data.models
        for task, scores in model.tasks.items()
        for run in scores.training
    ]
    return _as_json(RunsData(schema=1, suite=board.suite.name, runs=every))


def schema(data: type[Strict]) -> str:
    """The JSON Schema of a file."""
    value = data.model_json_schema(by_alias=True, mode="serialization")
    value = {"$schema": "https://json-schema.org/draft/2020-12/schema", **value}
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _as_json(data: Strict) -> str:
    """Keys in a fixed order, numbers in full; a line each entry of its lists."""
    lines = [
        f"{json.dumps(key)}: " + (_lines(value) if isinstance(value, list) else _compact(value))
        for key, value in data.model_dump(by_alias=True).items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(values: list[Any]) -> str:
    return "[\n" + ",\n".join(map(_compact, values)) + "\n]" if values else "[]"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
