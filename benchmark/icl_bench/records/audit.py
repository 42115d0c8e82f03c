"""Whether a record's numbers follow from its per-prompt errors, at two depths.

`check_record` needs the record alone: its mean errors and scores. `audit` computes every aggregate again,
with its interval and from the frozen errors of anchors. What follows from single predictions alone is not in
a record: of the model's error curve its scored sum is held, and that its interval is around it.
"""

from collections.abc import Iterator, Sequence
from math import isclose

import numpy as np

from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.evaluation.estimates import estimates
from icl_bench.evaluation.fresh import exact_errors, fresh_prompts, recorded_gap, zero_errors
from icl_bench.evaluation.rules import CHECKS
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.predictor import Missing
from icl_bench.scoring.scores import regression_score
from icl_bench.specs.fault_words import short_value
from icl_bench.specs.fresh import FreshRecord
from icl_bench.specs.result import Estimate, ResultRecord, TaskResult
from icl_bench.suites import Suite

LARGEST_ERROR = 1e100  # a float32 is below 1e39 and its square below 1e77
# A record of an earlier schema was held to the rules of its time and names the lock of its time.
_RULES_OF_SCHEMA = {
    1: ("finiteness", "determinism", "causality", "independence"),
    2: ("finiteness", "determinism", "causality", "independence"),
}
_LOCKS_OF_SCHEMA_1 = {
    "mini-v1": "1319eb87523e66c9a865e0a6cd91806da0f93c57a295367372d753c3e6340da1",
    "paper-v1": "68381a9ca7432b838a44ab4e6dce097dfda2bc5e3f0d0279f19890edae7c271a",
}
TOLERANCE = 1e-7  # relative to the number, or to the task's error of answering 0: the order of a sum
EXACT_TOLERANCE = 1e-3  # the same of an exact predictor on one prompt, some of which are ill-conditioned

_Numbers = Sequence[float | None]


def check_record(record: ResultRecord, source: str) -> None:
    """SpecError where a mean error or a score is not what the per-prompt errors and the curves give."""
    for name, task in record.tasks.items():
        for what, recorded, expected, scale in _own_aggregates(task):
            if not _agree(recorded, expected, scale):
                raise SpecError(
                    f"{source}: tasks.{name}.{what} is {recorded} but the recorded errors give {expected}; "
                    "the file was changed, evaluate again",
                    code="changed-record",
                )


def check_of_suite(record: ResultRecord, suite: Suite, source: str) -> None:
    """InputError where a record's results cannot be of the suite: its name, hash, tasks, sizes and prompts.

    A record of schema 1 has the lock's hash, which is not compared: it changes when errors of baselines are
    frozen, prompts never do.
    """
    if record.suite.name != suite.name:
        raise InputError(
            f"{source} is a record of {record.suite.name}, not of {suite.name}; "
            f"choose that suite or evaluate the model on {suite.name}",
            code="other-suite",
        )
    for name, result in record.tasks.items():
        if name not in suite.tasks:
            raise UnknownNameError("task", name, suite.tasks, f"{source}, a record of {suite.name}")
        task = suite.task(name)
        expected = {"prompts": suite.spec.prompts, "points": task.points, "scored": task.scored}
        for what, value in expected.items():
            recorded = getattr(result, what)
            if recorded != value:
                raise InputError(
                    f"{source}: tasks.{name}.{what} is {short_value(recorded)} but {suite.name} has "
                    f"{short_value(value)}; "
                    "evaluate again",
                    code="other-task-sizes",
                )
    if record.suite.hash is not None and record.suite.hash != suite.hash:
        raise InputError(
            f"{source} is of other prompts or rules than those of {suite.name} here; evaluate again",
            code="other-prompts",
        )


def audit(record: ResultRecord, suite: Suite, source: str) -> None:
    """SpecError or InputError, one line, where anything that can be computed again is not as recorded."""
    check_of_suite(record, suite, source)
    check_record(record, source)
    if not _is_of_frozen(record, suite):
        raise SpecError(f"{source} is of other frozen errors of {suite.name}; evaluate it again with these")
    for name, result in record.tasks.items():
        _check_possible(result.prompt_errors, f"{source}: tasks.{name}.prompt_errors")
        _check_rules(result.checks, record.schema_version, f"{source}: tasks.{name}.checks")
        for what, recorded, expected, scale in _aggregates(result, suite, name):
            if not _agree(recorded, expected, scale):
                raise SpecError(
                    f"{source}: tasks.{name}.{what} does not follow from the recorded errors; "
                    "evaluate it again"
                )


def audit_fresh(fresh: FreshRecord, frozen: ResultRecord, suite: Suite, source: str) -> None:
    """The same of a record on fresh prompts; errors of anchors are those on the commit's prompts."""
    for name, result in fresh.tasks.items():
        _check_possible(result.prompt_errors, f"{source}: tasks.{name}.prompt_errors")
        _check_anchors(fresh, suite, name, f"{source}: tasks.{name}")
        gap = recorded_gap(suite, name, fresh, frozen.tasks[name])
        if not _agree(_numbers(result.gap), _numbers(gap), 1.0) or result.gap.reason != gap.reason:
            raise SpecError(
                f"{source}: tasks.{name}.gap does not follow from the recorded errors; evaluate it again"
            )


def _check_anchors(fresh: FreshRecord, suite: Suite, name: str, where: str) -> None:
    """SpecError where errors of zero or of the exact predictor are not those of the commit's prompts."""
    result, prompts = fresh.tasks[name], fresh_prompts(suite, name, fresh.commit)
    zero = zero_errors(prompts.targets, suite, name)
    scale, prompts_of = float(zero.mean()), f"the prompts of {fresh.commit}"
    if result.prompts != len(zero) or not _agree(result.zero_errors, zero.tolist(), scale):
        raise SpecError(f"{where}.zero_errors are not those of {prompts_of}; evaluate it again")
    if fresh.schema_version == 1:
        return
    exact = exact_errors(prompts, suite_anchors(suite, suite.task(name)))
    expected = None if exact is None else exact.tolist()
    if not _agree(result.exact_errors, expected, scale, EXACT_TOLERANCE):
        raise SpecError(f"{where}.exact_errors are not those of {prompts_of}; evaluate it again")


def _own_aggregates(task: TaskResult) -> list[tuple[str, float | None, float | None, float]]:
    """What the record says and what its own errors give: (key, said, given, scale of the two)."""
    curves, scored = task.error_curves, task.scored_points
    model, zero = sum(task.prompt_errors) / task.prompts, scored.total(curves.zero)
    return [
        ("error_curves.model", scored.total(curves.model), model, zero),
        ("estimates.mean_error", task.mean_error.value, model / scored.count, zero / scored.count),
        ("estimates.score", task.score.value, _score(task, model, curves.baseline), 1.0),
        ("estimates.optimality", task.optimality.value, _score(task, model, curves.exact), 1.0),
        *(
            (
                f"value_curves.{metric}",
                scored.total(curve),
                sum(task.prompt_values[metric]) / task.prompts,
                1.0,
            )
            for metric, curve in task.value_curves.items()
            if metric in task.prompt_values
        ),
    ]


def _score(task: TaskResult, model: float, curve: list[float] | None) -> float | None:
    if curve is None:
        return None
    base, zero = (task.scored_points.total(part) for part in (curve, task.error_curves.zero))
    return float(regression_score(model, base, zero)) if base < zero else None


def _is_of_frozen(record: ResultRecord, suite: Suite) -> bool:
    """Whether a record was scored on a suite's prompts, by its rules, between its frozen errors."""
    if record.suite.resamples != suite.spec.resamples:
        return False
    if record.suite.hash is not None:
        return record.suite.hash == suite.hash
    return record.suite.lock_hash == _LOCKS_OF_SCHEMA_1.get(suite.name)


def _check_rules(passed: list[str], schema: int, where: str) -> None:
    """SpecError where a record does not say that the predictor keeps every rule that its schema asks for."""
    missing = [rule for rule in _RULES_OF_SCHEMA[schema] if rule not in passed]
    if missing:
        raise SpecError(f"{where} lacks {', '.join(missing)}; evaluate it again", code="lacks-rule")
    unknown = [rule for rule in passed if rule not in CHECKS]
    if unknown or len(set(passed)) < len(passed):
        raise SpecError(
            f"{where} holds {unknown or passed}, which this icl-bench does not check; update icl-bench",
            code="unknown-rule",
        )


def _check_possible(errors: list[float], where: str) -> None:
    if max(errors) > LARGEST_ERROR:
        raise SpecError(f"{where} holds {max(errors):.3g}, which no prediction leads to; evaluate it again")


def _aggregates(
    result: TaskResult, suite: Suite, name: str
) -> Iterator[tuple[str, _Numbers | object, _Numbers | object, float]]:
    """What the record says and what it should: (key, said, expected, scale of the numbers)."""
    task, curves = suite.task(name), result.error_curves
    anchors = suite_anchors(suite, task)
    zero = float(anchors.zero.errors.mean())
    yield "baseline", result.baseline, task.baseline, 0.0
    yield "exact", result.exact, task.exact, 0.0
    for key in ("zero", "baseline", "exact"):
        base = getattr(anchors, key)
        curve = None if isinstance(base, Missing) else base.curve.tolist()
        yield f"error_curves.{key}", getattr(curves, key), curve, zero
    values = {metric: np.array(column) for metric, column in result.prompt_values.items()}
    expected = estimates(suite, name, np.array(result.prompt_errors), values, anchors)
    yield "estimates", sorted(result.estimates.keys() - expected.keys()), [], 0.0  # of no known metric
    yield "prompt_values", sorted(values.keys() - expected.keys()), [], 0.0
    yield "value_curves", sorted(result.value_curves), sorted(values), 0.0
    for key, estimate in expected.items():
        if key not in result.estimates:  # recorded before there was this metric
            continue
        scale = zero / result.scored_points.count if key == "mean_error" else 1.0
        recorded = result.estimates[key]
        yield f"estimates.{key}", _numbers(recorded), _numbers(estimate), scale
        because = (recorded.reason, recorded.prompts)
        yield f"estimates.{key}.reason", because, (estimate.reason, estimate.prompts), 0.0
    around = zip(curves.model_low, curves.model, curves.model_high, strict=True)
    yield "error_curves.model_low", all(low <= mean <= high for low, mean, high in around), True, 0.0
    if result.scored_points.count == 1:
        (only,) = result.scored_points.positions
        ends = (curves.model_low[only], curves.model_high[only])
        yield "error_curves.model_high", ends, (result.mean_error.low, result.mean_error.high), zero


def _numbers(estimate: Estimate) -> _Numbers:
    return (estimate.value, estimate.low, estimate.high)


def _agree(recorded: object, expected: object, scale: float, tolerance: float = TOLERANCE) -> bool:
    """Equal, and numbers as far as the order of their sums allows."""
    if isinstance(recorded, list | tuple) and isinstance(expected, list | tuple):
        pairs = zip(recorded, expected, strict=False)
        return len(recorded) == len(expected) and all(_agree(*pair, scale, tolerance) for pair in pairs)
    if isinstance(recorded, float) and isinstance(expected, float):
        return isclose(recorded, expected, rel_tol=tolerance, abs_tol=tolerance * scale)
    return recorded == expected
