"""Excess risk: by how much a predictor's error is above the exact predictor's, as a share of that of
answering 0, (ξ_model − ξ_exact) / ξ_0, at each context length."""

from collections.abc import Sequence

import numpy as np

from icl_bench.charts.series import Numbers
from icl_bench.frozen.anchors import ZERO
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.probes.sample_efficiency import examples_needed
from icl_bench.specs.suite import TaskSpec

FLOOR = 1e-3  # the lower end of its axis: below it sampling is about as large


def excess_risk(board: SuiteBoard, task: TaskSpec, errors: Numbers) -> list[float] | None:
    """Of errors at context lengths 0, 1, …; None where the exact predictor's or zero's are not frozen."""
    exact, zero = (board.frozen_curve(task.name, name) for name in (task.exact, ZERO))
    if exact is None or zero is None or min(zero) <= 0:
        return None
    return [(a - b) / c for a, b, c in zip(errors, exact, zero, strict=True)]


def needed_examples(excess: Sequence[float]) -> int | None:
    """The examples from which on the excess risk stays within 10%; None where it does not."""
    (needed,) = examples_needed(np.array([excess], dtype=float))
    return None if needed == len(excess) else int(needed)
