"""The models of the zoo on a board, and what a finding of them is made of."""

from collections.abc import Sequence

from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.findings.finding import Finding, Link, seeds
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import ZOO, collection_of


def zoo_models(board: SuiteBoard) -> list[ModelData]:
    """By name."""
    models = [model for model in board.data.models if collection_of(model.name) == ZOO]
    return sorted(models, key=lambda model: model.name)


def zoo_finding(
    board: SuiteBoard,
    name: str,
    title: str,
    sentence: str,
    models: Sequence[ModelData],
    table: Sequence[Sequence[str]],
) -> Finding:
    """It is as sure as the model with the fewest runs lets it be."""
    fewest = min(scores.runs for model in models for scores in model.tasks.values())
    page = Link("Board", board.path)
    return Finding(f"{board.suite.name}-{name}", title, sentence, seeds(fewest), [page], table)
