"""Whether two records are of one training run, as far as their errors show."""

import numpy as np
from jaxtyping import Float

from icl_bench.specs.result import ResultRecord

# Of the sum of errors over prompts: how far two evaluations of one training differ, by the order of sums. The
# two nearest references on mini-v1, which share a seed and have not learned parity, differ by 6e-4.
SAME_ERRORS = 1e-5


def errors_agree(first: Float[np.ndarray, " prompts"], second: Float[np.ndarray, " prompts"]) -> bool:
    """Whether two evaluations are of one training, as far as their errors show."""
    return bool(np.abs(first - second).sum() < SAME_ERRORS * np.maximum(first, second).sum())


def same_errors(first: ResultRecord, second: ResultRecord) -> str | None:
    """A task on which the errors of two records agree; None where there is none."""
    if first.suite.name != second.suite.name:
        return None
    for task, result in first.tasks.items():
        other = second.tasks.get(task)
        if other is None or other.prompts != result.prompts:
            continue
        if errors_agree(np.array(result.prompt_errors), np.array(other.prompt_errors)):
            return task
    return None
