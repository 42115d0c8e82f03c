"""What tests of probes measure: a few frozen prompts of a task, and predictors that are known."""

from collections.abc import Callable

import numpy as np

from icl_bench.baselines.base import get_baseline
from icl_bench.probes.base import Subject
from icl_bench.suites import find_task


class Fixed:
    """A predictor of one's own."""

    def __init__(self, predict: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        self.predict = predict


def baseline(name: str, task: str) -> Subject:
    """A baseline on a task, given as SUITE/TASK."""
    suite, spec = find_task(task)
    return Subject(suite, spec, get_baseline(name, spec))


def own(predict: Callable[[np.ndarray, np.ndarray], np.ndarray], task: str) -> Subject:
    """A function of one's own on a task."""
    suite, spec = find_task(task)
    return Subject(suite, spec, Fixed(predict))
