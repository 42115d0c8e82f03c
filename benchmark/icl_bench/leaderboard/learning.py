"""How references learned: the development optimality of their recorded runs against steps."""

import math

from icl_bench.leaderboard.entries import Entry, training_rows
from icl_bench.suites import Suite

Curve = tuple[list[float], list[float]]  # steps, and what was measured at each


def development_curves(entry: Entry, suite: Suite) -> dict[str, dict[str, Curve]]:
    """Steps and development optimalities of a reference's recorded runs, by task and seed."""
    curves: dict[str, dict[str, Curve]] = {}
    for task, by_seed in training_rows(entry, suite).items():
        for seed, rows in by_seed.items():
            known = [(row["step"], row["dev_optimality"]) for row in rows]
            points = [(float(step), float(value)) for step, value in known if step and value is not None]
            if points:
                curves.setdefault(task, {})[seed] = ([x for x, _ in points], [y for _, y in points])
    return curves


def over_seeds(curves: dict[str, Curve]) -> tuple[Curve, list[float], list[float]]:
    """The mean over seeds at every step that one was measured at, with the lowest and the highest.

    A run that ended before a step counts with its last value.
    """
    steps = sorted({step for xs, _ in curves.values() for step in xs})
    columns = [[_held(curve, step) for curve in curves.values()] for step in steps]
    known = [[value for value in column if not math.isnan(value)] for column in columns]
    means = [sum(column) / len(column) for column in known]
    return (steps, means), [min(column) for column in known], [max(column) for column in known]


def _held(curve: Curve, step: float) -> float:
    """The last value at or before a step; NaN before the first."""
    values = [y for x, y in zip(*curve, strict=True) if x <= step]
    return values[-1] if values else math.nan
