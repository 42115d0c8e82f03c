"""Schemas of result records: every earlier one is read for ever, and written again as it was.

Schema 1: `mean_error`, `score` and `optimality` are keys of a task; the suite is named by the hash of its
lock at that time. Schema 2: a task has `estimates` by metric, `prompt_values` and `value_curves` where a
metric has values of its own, of a Python object `fresh` where it was scored on fresh prompts too, and of a
language model `language_model` and `label_shares`; the suite is named by its `hash`, which stays when errors
of more baselines are frozen.
"""

from typing import Any

from icl_bench.errors import SpecError

CURRENT = 2
_OPTIONAL = (
    "prompt_values",
    "value_curves",
    "fresh",
    "language_model",
    "label_shares",
)  # keys of a task of schema 2
_METRICS_OF_SCHEMA_1 = ("mean_error", "score", "optimality")


def as_current(value: Any, source: str) -> Any:
    """Plain data of a record with the keys of the newest schema; what is no record is left as it is.

    SpecError where it is of a newer schema than any known here.
    """
    if not isinstance(value, dict) or type(schema := value.get("schema")) is not int:
        return value
    if schema > CURRENT:
        raise SpecError(
            f"{source} is a record of schema {schema}, made by a newer icl-bench; update icl-bench",
            code="newer-schema",
        )
    tasks = value.get("tasks")
    if schema != 1 or not isinstance(tasks, dict):
        return value
    return value | {"tasks": {name: _with_estimates(task) for name, task in tasks.items()}}


def as_file(value: dict[str, Any]) -> dict[str, Any]:
    """The plain data of a record as its own schema writes it: the reverse of `as_current`."""
    suite = {key: part for key, part in value["suite"].items() if part is not None}
    write = _without_estimates if value["schema"] == 1 else _without_empty
    return value | {"suite": suite, "tasks": {name: write(task) for name, task in value["tasks"].items()}}


def _with_estimates(task: Any) -> Any:
    if not isinstance(task, dict) or "estimates" in task:
        return task
    estimates = {key: task[key] for key in _METRICS_OF_SCHEMA_1 if key in task}
    return {key: part for key, part in task.items() if key not in estimates} | {"estimates": estimates}


def _without_estimates(task: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for key, part in task.items():
        if key == "estimates":
            written |= part
        elif key not in _OPTIONAL:
            written[key] = part
    return written


def _without_empty(task: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in task.items() if part or key not in _OPTIONAL}
