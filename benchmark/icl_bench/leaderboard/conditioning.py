"""Depth, loops and condition numbers: what is read off the board of a suite of conditioned regressions."""

from collections.abc import Sequence
from dataclasses import dataclass

from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.shifted import gain_on
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import ZOO, collection_of
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import Estimate
from icl_bench.specs.suite import TaskSpec

CONDITIONED = "conditioned_regression"


@dataclass(frozen=True)
class Deep:
    """A model of a board, and how many layers are applied in it, the same ones again where it is looped."""

    model: ModelData
    family: str  # its mixer, after `looped` where layers share their weights
    depth: int
    looped: bool


@dataclass(frozen=True)
class Moved:
    """A variant whose inputs are moved, and the one of the same condition number whose are not."""

    task: TaskSpec
    unmoved: TaskSpec
    length: float


def trained_task(board: SuiteBoard) -> TaskSpec | None:
    """The task between condition numbers that models of a board are trained on; None on other boards."""
    tasks = board.suite.tasks.values()
    return next(
        (task for task in tasks if task.base is None and task.function_class.type == CONDITIONED), None
    )


def deep_models(board: SuiteBoard) -> list[Deep]:
    """The models of the zoo on a board, which differ in their layers alone, by family and depth."""
    known = []
    for model in (model for model in board.data.models if collection_of(model.name) == ZOO):
        entry = board.by_name[model.name]
        spec, parts = next(iter(entry.specs.values()), None), entry.parts
        if spec is None or parts is None:
            continue
        depth = sum(layer.repeat * layer.loop for layer in spec.layers)
        known.append(Deep(model, parts.mixer, depth, spec.looped))
    return sorted(known, key=lambda deep: (deep.looped, deep.family, deep.depth, deep.model.name))


def by_family(models: Sequence[Deep]) -> dict[str, list[Deep]]:
    """Models in families, by depth."""
    families: dict[str, list[Deep]] = {}
    for deep in models:
        families.setdefault(deep.family, []).append(deep)
    return families


def condition_tasks(board: SuiteBoard) -> dict[int, TaskSpec]:
    """The variants of one condition number whose inputs are not moved, by it."""
    return {
        task.function_class.least: task
        for task in board.suite.tasks.values()
        if task.function_class.type == CONDITIONED and _is_fixed(task) and task.shift is None
    }


def moved_tasks(board: SuiteBoard) -> list[Moved]:
    """The variants whose inputs are moved, by how far."""
    unmoved = condition_tasks(board)
    moved = [
        Moved(task, unmoved[task.function_class.least], task.shift.tenths / 10)
        for task in board.suite.tasks.values()
        if task.shift is not None and task.shift.type == "displaced" and _is_fixed(task)
    ]
    return sorted(moved, key=lambda known: known.length)


def _is_fixed(task: TaskSpec) -> bool:
    return task.base is not None and task.function_class.least == task.function_class.most


def left_on(deep: Deep, task: TaskSpec) -> Estimate | None:
    """What is left to the exact predictor, 1 − gain: 0 is exact, 1 the answer 0; None where not known."""
    gain = gain_on(deep.model, task.name)
    if gain is None or gain.value is None:
        return None
    low, high = (None if end is None else 1 - end for end in (gain.high, gain.low))
    return Estimate(value=1 - gain.value, low=low, high=high, reason=None)


def read_out(board: SuiteBoard, deep: Deep, task: TaskSpec) -> Finding | None:
    """What `depth_readout` found of a model on a task, of its first run; None where it was not measured."""
    findings = board.by_name[deep.model.name].findings.get("depth_readout", {}).get(task.name, [])
    return findings[0] if findings else None


def by_loops(finding: Finding) -> list[float | None]:
    """The error, of answering 0, after 0, 1, … layers, with loops beyond those that the model has."""
    own = finding.curves["as it is"]
    beyond = finding.curves.get("as it is, further loops", [None] * len(own))
    return [b if a is None else a for a, b in zip(own, beyond, strict=True)]


def exact_share(board: SuiteBoard, task: TaskSpec) -> float:
    """The error of the exact predictor, of answering 0, over all scored points."""
    exact, zero = (board.frozen_curve(task.name, name) for name in (task.exact, ZERO))
    at = task.scored_points.positions
    return sum((exact or [])[i] for i in at) / sum((zero or [])[i] for i in at)
