"""How good the in-distribution ideal is on variants: what stands beside the scores of models there."""

from collections.abc import Iterable

from icl_bench.frozen.anchors import IDEAL, ZERO
from icl_bench.frozen.errors import load_errors
from icl_bench.scoring.scores import regression_score
from icl_bench.suites import Suite


def ideal_optimality(suite: Suite, task: str) -> float | None:
    """Its optimality on a variant; None where the task is none, or its errors are not frozen."""
    spec = suite.task(task)
    if spec.base is None:
        return None
    frozen = [load_errors(suite, task, name) for name in (IDEAL, spec.exact, ZERO)]
    sums = [float(errors.errors.sum()) for errors in frozen if errors is not None]
    return float(regression_score(*sums)) if len(sums) == len(frozen) else None


def ideal_note(suite: Suite, tasks: Iterable[str]) -> str | None:
    """A line that says it of the tasks; None where nothing is known of any of them."""
    known = {task: value for task in tasks if (value := ideal_optimality(suite, task)) is not None}
    if not known:
        return None
    lower = [f"{task} {value:.3f}" for task, value in known.items() if value < 1 - 5e-4]
    if len(lower) < len(known):
        lower.append("1.000 elsewhere" if lower else "1.000")
    return f"optimality of the in-distribution ideal, exact on the task of training: {', '.join(lower)}"
