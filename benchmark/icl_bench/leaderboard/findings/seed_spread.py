"""How far apart runs of a model end that differ in their seed alone, by what carries the positions."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from icl_bench.leaderboard.findings.finding import Finding, Link, seeds, short_name
from icl_bench.leaderboard.findings.further_runs import further_runs
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.outcome import LEARNED

LEARNED_POSITIONS, OTHERS = "learned positions", "RoPE or a mixer"


@dataclass(frozen=True)
class Run:
    """What is known of a run on development prompts."""

    model: str  # without prefix
    optimality: float  # at the end
    steps_to_learn: int | None


def other_seeds(board: SuiteBoard) -> Iterator[Finding]:
    """Every run by today's recipe, those without weights too; nothing where no model has two on a task."""
    groups = _groups(board)
    rows = [
        (spaced(task), positions, *_cells(runs))
        for (task, positions), runs in groups.items()
        if _deviation(runs) is not None
    ]
    if not rows:
        return
    total = sum(map(len, groups.values()))
    widest = max(groups, key=lambda group: _deviation(groups[group]) or 0)
    known = [deviation for runs in groups.values() if (deviation := _deviation(runs)) is not None]
    sentence = (
        f"{total} runs by today’s recipe, those without weights too, on development prompts: seeds of a "
        f"model deviate by {score(min(known))} to {score(max(known))} points, most on {spaced(widest[0])} "
        f"with {widest[1]}. A difference of two single runs has 1.4 times that as its standard error."
    )
    yield Finding(
        f"{board.suite.name}-seeds",
        "How far apart other seeds end",
        sentence,
        seeds(min(len(of_model) for runs in groups.values() for of_model in _by_model(runs).values())),
        [Link("Several seeds", "method.html#seeds"), Link("Runs (CSV)", f"data/{board.suite.name}-runs.csv")],
        [("Task", "Models with", "Runs", "Passed 90", "After steps", "Deviation"), *rows],
    )


def _groups(board: SuiteBoard) -> dict[tuple[str, str], list[Run]]:
    """The runs of references, by task and by what carries the positions."""
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    kinds, recorded = {}, set()
    for model in board.data.models:
        if model.kind != "reference" or model.architecture is None:
            continue
        name = short_name(model.name)
        kinds[name] = LEARNED_POSITIONS if model.architecture.positions == "learned" else OTHERS
        for task, scores in model.tasks.items():
            for run in scores.training:
                if run.outcome is None or run.outcome.optimality is None:
                    continue
                recorded.add((task, name, run.seed))
                steps = run.outcome.steps_to_learn.get(LEARNED[-1])
                groups[task, kinds[name]].append(Run(name, run.outcome.optimality, steps))
    for further in further_runs(board.suite.name):
        key = (further.task, further.model, further.seed)
        if further.model in kinds and key not in recorded:
            known = Run(further.model, further.optimality, further.steps_to_learn)
            groups[further.task, kinds[further.model]].append(known)
    return dict(sorted(groups.items()))


def _cells(runs: Sequence[Run]) -> tuple[str, str, str, str]:
    steps = [run.steps_to_learn for run in runs if run.steps_to_learn is not None]
    after = f"{min(steps):,} to {max(steps):,}" if steps else "–"
    return str(len(runs)), str(len(steps)), after, score(_deviation(runs))


def _by_model(runs: Sequence[Run]) -> dict[str, list[float]]:
    by_model: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        by_model[run.model].append(run.optimality)
    return by_model


def _deviation(runs: Sequence[Run]) -> float | None:
    """Between seeds of a model, pooled over the models that have several; None where none has."""
    squares, spare = 0.0, 0
    for values in _by_model(runs).values():
        mean = sum(values) / len(values)
        squares += sum((value - mean) ** 2 for value in values)
        spare += len(values) - 1
    return math.sqrt(squares / spare) if spare else None
