"""Every aggregate of a record, computed anew from its per-prompt errors and the frozen errors of anchors.

What follows from single predictions alone is not in a record: of the model's error curve its scored sum is
held, and that its interval is around it.
"""

from collections.abc import Iterator, Sequence
from math import isclose

import numpy as np

from icl_bench.errors import SpecError
from icl_bench.evaluation.estimates import estimates
from icl_bench.evaluation.fresh import fresh_prompts, relative_gap, zero_errors
from icl_bench.evaluation.rules import CHECKS
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.predictor import Missing
from icl_bench.records.read import check_of_suite, check_record
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.result import Estimate, ResultRecord, TaskResult
from icl_bench.suites import Suite

LARGEST_ERROR = 1e100  # a float32 is below 1e39 and its square below 1e77
TOLERANCE = 1e-7  # relative to the number, or to the task's error of answering 0: the order of a sum

_Numbers = Sequence[float | None]


def audit(record: ResultRecord, suite: Suite, source: str) -> None:
    """SpecError or InputError, one line, where anything that can be computed anew is not as recorded."""
    check_of_suite(record, suite, source)
    check_record(record, source)
    if (record.suite.lock_hash, record.suite.resamples) != (suite.lock_hash, suite.spec.resamples):
        raise SpecError(f"{source} is of other frozen errors of {suite.name}; evaluate it again with these")
    for name, result in record.tasks.items():
        _check_possible(result.prompt_errors, f"{source}: tasks.{name}.prompt_errors")
        for what, found, expected, scale in _recomputed(result, suite, name):
            if not _agree(found, expected, scale):
                told = f"tasks.{name}.{what} does not follow from the recorded errors"
                raise SpecError(f"{source}: {told}; evaluate it again")


def audit_fresh(fresh: FreshRecord, frozen: ResultRecord, suite: Suite, source: str) -> None:
    """The same of a record on fresh prompts; its errors of answering 0 are those of the commit's prompts."""
    for name, result in fresh.tasks.items():
        _check_possible(result.prompt_errors, f"{source}: tasks.{name}.prompt_errors")
        _, ys = fresh_prompts(suite, name, fresh.commit)
        zero = zero_errors(ys, suite, name)
        if result.prompts != len(zero) or not _agree(result.zero_errors, zero.tolist(), float(zero.mean())):
            raise SpecError(
                f"{source}: tasks.{name}.zero_errors are not those of the prompts of {fresh.commit}; "
                "evaluate it again"
            )
        pair = (np.array(result.prompt_errors), np.array(result.zero_errors))
        gap = relative_gap(suite, name, fresh.commit, frozen.tasks[name], pair)
        if not _agree(_numbers(result.gap), _numbers(gap), 1.0) or result.gap.reason != gap.reason:
            raise SpecError(
                f"{source}: tasks.{name}.gap does not follow from the recorded errors; evaluate it again"
            )


def _check_possible(errors: list[float], where: str) -> None:
    if max(errors) > LARGEST_ERROR:
        raise SpecError(f"{where} holds {max(errors):.3g}, which no prediction leads to; evaluate it again")


def _recomputed(
    result: TaskResult, suite: Suite, name: str
) -> Iterator[tuple[str, _Numbers | object, _Numbers | object, float]]:
    """What the record says and what it should: (key, said, expected, scale of the numbers)."""
    task, curves = suite.task(name), result.error_curves
    anchors = suite_anchors(suite, task)
    zero = float(anchors.zero.errors.mean())
    yield "baseline", result.baseline, task.baseline, 0.0
    yield "exact", result.exact, task.exact, 0.0
    yield "checks", result.checks, CHECKS, 0.0
    for key in ("zero", "baseline", "exact"):
        base = getattr(anchors, key)
        curve = None if isinstance(base, Missing) else base.curve.tolist()
        yield f"error_curves.{key}", getattr(curves, key), curve, zero
    for key, estimate in estimates(suite, name, np.array(result.prompt_errors), anchors).items():
        scale = zero / result.scored_points if key == "mean_error" else 1.0
        recorded: Estimate = getattr(result, key)
        yield key, _numbers(recorded), _numbers(estimate), scale
        yield f"{key}.reason", (recorded.reason, recorded.prompts), (estimate.reason, estimate.prompts), 0.0
    around = zip(curves.model_low, curves.model, curves.model_high, strict=True)
    yield "error_curves.model_low", all(low <= mean <= high for low, mean, high in around), True, 0.0
    if result.scored == "last":
        ends = (curves.model_low[-1], curves.model_high[-1])
        yield "error_curves.model_high", ends, (result.mean_error.low, result.mean_error.high), zero


def _numbers(estimate: Estimate) -> _Numbers:
    return (estimate.value, estimate.low, estimate.high)


def _agree(found: object, expected: object, scale: float) -> bool:
    """Equal, and numbers as far as the order of their sums allows."""
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(_agree(one, other, scale) for one, other in pairs)
    if isinstance(found, float) and isinstance(expected, float):
        return isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale)
    return found == expected
