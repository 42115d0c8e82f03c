"""How many recorded runs have converged, and what twice the steps would add."""

from collections.abc import Iterator

from icl_bench.leaderboard.findings.finding import Finding, Link, listed, seeds
from icl_bench.leaderboard.formats import score, spaced
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.specs.outcome import Outcome


def convergence(board: SuiteBoard) -> Iterator[Finding]:
    """Of the references' recorded runs, by task."""
    models = [model for model in board.data.models if model.kind == "reference"]
    by_task: dict[str, list[Outcome]] = {}
    for task in board.data.tasks:
        runs = [
            run for model in models if task.name in model.tasks for run in model.tasks[task.name].training
        ]
        known = [run.outcome for run in runs if run.outcome is not None]
        if known:
            by_task[task.name] = known
    if not by_task:
        return
    converged = {task: sum(bool(run.converged) for run in runs) for task, runs in by_task.items()}
    total, known_runs = sum(converged.values()), sum(map(len, by_task.values()))
    none = [spaced(task) for task, count in converged.items() if count == 0]
    sentence = (
        f"{total} of {known_runs} recorded runs have converged: twice the steps would add less than 1 point."
    )
    if none:
        sentence += f" None of {listed(none)} has."
    yield Finding(
        f"{board.suite.name}-convergence",
        "Budget: not every run has converged" if total < known_runs else "Every run has converged",
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
        curves="learning",
        task=min(by_task, key=lambda task: converged[task] / len(by_task[task])),
    )


def _added(runs: list[Outcome]) -> str:
    gains = [run.doubling_gain for run in runs if run.doubling_gain is not None]
    return f"{score(min(gains))} to {score(max(gains))}" if gains else "–"
