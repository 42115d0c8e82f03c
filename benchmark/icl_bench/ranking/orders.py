"""The order of a board's models under other ways to make one number of their gains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from icl_bench.ranking.board import Board, Standing
from icl_bench.ranking.differences import GRADED, MEAN


@dataclass(frozen=True)
class Order:
    """Models by one choice: the position of each, and Kendall's τ with the order of the board."""

    choice: str
    positions: Mapping[str, int]  # 1 and the number of models with a higher number
    tau: float  # τ-b, of the models that have a number


def orders(board: Board) -> list[Order]:
    """The orders by the mean over all tasks, which is the board's, and by others: over the graded tasks, of
    the 2024 study's scores, the median over tasks, the mean without each of the tasks, and that of each seed
    alone. Of models that have every task; empty where there are fewer than two."""
    models = [standing for standing in board.models if standing.mean is not None]
    if len(models) < 2:
        return []
    tasks = list(board.suite.tasks)
    gains = {model.name: np.array([_gain(model, task) for task in tasks]) for model in models}
    choices: dict[str, dict[str, float]] = {MEAN: _means_of(gains)}
    for label, metric, mean in ((GRADED, "gain", GRADED), ("mean score", "score", MEAN)):
        known = {model.name: model.means[metric].get(mean) for model in models}
        choices[label] = {
            name: float(estimate.value)
            for name, estimate in known.items()
            if estimate is not None and estimate.value is not None
        }
    choices["median over tasks"] = {name: float(np.median(each)) for name, each in gains.items()}
    for k, task in enumerate(tasks):
        if len(tasks) > 1:
            without = {name: np.delete(each, k) for name, each in gains.items()}
            choices[f"without {task}"] = _means_of(without)
    choices |= _by_seed(models, tasks)
    return [_order(choice, numbers, choices[MEAN]) for choice, numbers in choices.items() if numbers]


def _gain(model: Standing, task: str) -> float:
    return float(np.mean(list(model.gains[task].values())))


def _means_of(gains: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: float(each.mean()) for name, each in gains.items()}


def _by_seed(models: Sequence[Standing], tasks: Sequence[str]) -> dict[str, dict[str, float]]:
    """The mean of each of several seeds, of the models that were trained with it on every task."""
    seeds = sorted({seed for model in models for task in tasks for seed in model.gains[task]})
    by_seed: dict[str, dict[str, float]] = {}
    for seed in seeds if len(seeds) > 1 else []:
        by_seed[f"seed {seed}"] = {
            model.name: float(np.mean([model.gains[task][seed] for task in tasks]))
            for model in models
            if all(seed in model.gains[task] for task in tasks)
        }
    return by_seed


def _order(choice: str, numbers: Mapping[str, float], of_board: Mapping[str, float]) -> Order:
    values = np.array(list(numbers.values()))
    positions = {name: 1 + int((values > value).sum()) for name, value in numbers.items()}
    tau = kendalltau(values, [of_board[name] for name in numbers]).statistic if len(values) > 1 else np.nan
    return Order(choice, positions, float(tau))
