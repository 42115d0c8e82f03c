"""Which models are best, and which cannot be excluded from being so."""

import numpy as np

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import (
    Finding,
    Link,
    listed,
    seeds,
    short_name,
    with_interval,
)
from icl_bench.leaderboard.formats import score
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.ranking.places import NEEDED_RUNS
from icl_bench.ranking.spread import SIGNIFICANT, holm
from icl_bench.specs.division import CLOSED, OPEN

MOST_NAMED = 5  # models, where all share the first place
COMPARED = 20  # the models next to the best that it is tested against


def leader(board: SuiteBoard) -> Finding | None:
    """The best group of a division; None where in each fewer than two models have every task. It is that of
    the closed one, in which architectures compare, where that has two."""
    everywhere = [model for model in board.data.models if model.mean is not None]
    for division in (CLOSED, OPEN):
        complete = [model for model in everywhere if model.division == division]
        if len(complete) > 1:
            break
    else:
        return None
    where = f" of the {division} division" if len(complete) < len(everywhere) else ""
    placed = [model for model in complete if model.place is not None]
    if len(placed) == len(complete):
        title, sentence = _ranked(placed, where)
    elif len(placed) > 1:
        title, sentence = _ranked(placed, f"{where} with a place")
        sentence = f"{sentence} {_leading(board, complete)}"
    else:
        title, sentence = "No complete ranking yet", _unranked(board, complete, where)
    told = placed if len(placed) > 1 else complete
    return Finding(
        f"{board.suite.name}-leader",
        title,
        sentence,
        seeds(min(_fewest_runs(model) for model in told)),
        [Link("How places are given", "method.html#places"), Link("Board", board.path)],
    )


def _ranked(placed: list[ModelData], where: str) -> tuple[str, str]:
    """Of models that have a place."""
    first = [model for model in placed if model.place is not None and model.place.number == 1]
    names = listed([short_name(model.name) for model in first])
    if len(first) == 1:
        others = len(placed) - 1
        return (
            f"{names} is first{where}",
            f"No model is significantly better by the mean over tasks; each of the other {others} is "
            "significantly worse than some model.",
        )
    if len(first) == len(placed) > MOST_NAMED:
        return (
            "No single winner",
            f"All {len(placed)} models{where} share the first place: {short_name(first[0].name)} has the "
            "highest mean over tasks, and none is significantly better than another.",
        )
    return (
        "No single winner",
        f"{names} share the first place of {len(placed)} models{where}: by the mean over tasks none is "
        "significantly better than any of them.",
    )


def _unranked(board: SuiteBoard, complete: list[ModelData], where: str) -> str:
    """Where at most one model has the training runs for a place."""
    placed = sum(model.place is not None for model in complete)
    have = f"{placed or 'None'} of {len(complete)} models{where} has a place"
    lacking = f"{have}: {'the others' if placed else 'all'} lack {NEEDED_RUNS} training runs of some task."
    return f"{lacking} {_leading(board, complete)}"


def _leading(board: SuiteBoard, complete: list[ModelData]) -> str:
    """Who leads by the graded mean, how clearly, and by how many runs where they are too few for a place."""
    ordered = sorted(complete, key=_graded, reverse=True)
    best, rest = ordered[0], ordered[1 : COMPARED + 1]
    near = _not_separated(board, best, rest)
    names = listed([f"{short_name(model.name)} ({score(_graded(model))})" for model in near]) if near else ""
    assert best.graded is not None
    few = "" if best.place is not None else f" ({seeds(_fewest_runs(best))})"
    name, mean = short_name(best.name) + few, with_interval(best.graded)
    below = f"the next {len(rest)} are" if len(rest) > 1 else "the next one is"
    verdict = f"{names} cannot be told apart from it." if names else f"{below} significantly below it."
    return f"{name} leads by the mean over graded tasks, {mean}; {verdict}"


def _fewest_runs(model: ModelData) -> int:
    return min(scores.runs for scores in model.tasks.values())


def _graded(model: ModelData) -> float:
    assert model.graded is not None
    assert model.graded.value is not None
    return model.graded.value


def _not_separated(board: SuiteBoard, best: ModelData, rest: list[ModelData]) -> list[ModelData]:
    """Those whose graded mean is not significantly below the best one's, corrected for all (Holm)."""
    label = next(iter(board.board.means))  # the graded ones, or all where there is no other kind
    names = [model.name for model in rest]
    by_name = board.board.differences(best.name, names)
    known = {
        name: next((each.p for each in differences if each.task == label), None)
        for name, differences in by_name.items()
    }
    p_values = [float("nan") if known[name] is None else known[name] for name in names]
    corrected = holm(np.array(p_values, dtype=float)).tolist()
    return [model for model, p in zip(rest, corrected, strict=True) if not p < SIGNIFICANT]
