"""How many recorded runs have converged, and what twice the steps would add."""

from collections.abc import Iterator, Sequence

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import REFERENCE, collection_of
from icl_bench.specs.outcome import Outcome

NOTHING = 0.05  # a gain or an optimality below it is that of a run that learned nothing


def convergence(board: SuiteBoard, collection: str = REFERENCE) -> Iterator[Finding]:
    """Of a collection's recorded runs, by task."""
    models = [model for model in board.data.models if collection_of(model.name) == collection]
    by_task: dict[str, list[Outcome]] = {}
    for task in board.data.tasks:
        known = [run for model in models for run in outcomes(model, task.name)]
        if known:
            by_task[task.name] = known
    if not by_task:
        return
    converged = {task: sum(bool(run.converged) for run in runs) for task, runs in by_task.items()}
    total, known_runs = sum(converged.values()), sum(map(len, by_task.values()))
    none = [spaced(task) for task, count in converged.items() if count == 0]
    other = collection != REFERENCE
    whose = f" of the {collection}" if other else ""
    sentence = f"{total} of {known_runs} recorded runs{whose} have converged: twice the steps would add less "
    sentence += "than 1 point."
    if none:
        sentence += f" None of {listed(none)} has."
    least_converged = min(by_task, key=lambda task: converged[task] / len(by_task[task]))
    yield Finding(
        f"{board.suite.name}-{collection}-convergence" if other else f"{board.suite.name}-convergence",
        f"Budget{whose}: not every run has converged"
        if total < known_runs
        else f"Every run{whose} has converged",
        sentence,
        seeds(
            min(scores.runs for model in models for task, scores in model.tasks.items() if task in by_task)
        ),
        [
            Link("Definition", "method.html#converged"),
            Link("Runs (CSV)", f"data/{board.suite.name}-runs.csv"),
        ],
        [
            ("Task", "Converged", "Twice the steps would add, points"),
            *(
                (spaced(task), f"{converged[task]} of {len(runs)}", _added(runs))
                for task, runs in by_task.items()
            ),
        ],
        curves=None if other else "learning",
        task="" if other else least_converged,
    )


def outcomes(model: ModelData, task: str) -> list[Outcome]:
    """Of the recorded runs of a model on a task, where they have one."""
    runs = model.tasks[task].training if task in model.tasks else []
    return [run.outcome for run in runs if run.outcome is not None]


def most_added(runs: Sequence[Outcome]) -> float | None:
    """What twice the steps would add at most to the optimality of some runs; None where nothing is known."""
    return max((run.doubling_gain for run in runs if run.doubling_gain is not None), default=None)


def _added(runs: list[Outcome]) -> str:
    gains = [run.doubling_gain for run in runs if run.doubling_gain is not None]
    unknown = len(runs) - len(gains)
    words = [f"{score(min(gains))} to {score(max(gains))}"] if gains else []
    return "; ".join([*words, *[f"{unknown} not known"] * bool(unknown)]) or "–"
