"""Whether two evaluations of the same weights agree.

On one machine with the same versions every number is the same. Elsewhere products are summed in another
order or with other instructions, and predictions differ in their last digits. With gpt2, llama and mamba on
the tasks of mini-v1, from AVX-512 to SSE (ATEN_CPU_CAPABILITY=default, MKL_CBWR=COMPATIBLE,
ONEDNN_MAX_CPU_ISA=SSE41), mean errors differed by at most 2e-6 of themselves, and the error of a prompt by at
most 2.4e-5 of its scale. The scale is the model's own error: relative to the error of answering 0, a sixth of
what gpt2 leaves on retrieval could be edited away. The scale of a single prompt is also at least a hundredth
of answering 0, since last digits of a nearly right answer change its error by more of itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from icl_bench.specs.result import NO_ESTIMATE, ResultRecord, TaskResult

TOLERANCE = 1e-4  # of the scale of a number
SINGLE = 1e-2  # of a prompt, or a context length: its scale is at least this, over the error of answering 0
MEAN = 1e-6  # the same of a mean error

_Number = float | None


@dataclass(frozen=True)
class Agreement:
    """How the results of two evaluations of one task compare."""

    task: str
    recorded: TaskResult | None
    reproduced: TaskResult | None
    difference: float  # the largest, over the scale of the numbers; infinite if one is missing
    where: str  # which number that is, with both; empty where all are the same
    identical: bool  # whether every number is, to the bit

    @property
    def within_tolerance(self) -> bool:
        """Whether no number differs by more than the tolerance."""
        return self.difference <= TOLERANCE


def agreements(reproduced: ResultRecord, recorded: ResultRecord) -> list[Agreement]:
    """Every task of either record, those of the recorded one first."""
    names = dict.fromkeys((*recorded.tasks, *reproduced.tasks))
    return [_agreement(name, reproduced.tasks.get(name), recorded.tasks.get(name)) for name in names]


def disagreement(reproduced: ResultRecord, recorded: ResultRecord) -> str | None:
    """The first task that differs by more than the tolerance, and in what; None where all agree."""
    for agreement in agreements(reproduced, recorded):
        if not agreement.within_tolerance:
            return f"on {agreement.task} {agreement.where}"
    return None


def same_numbers(reproduced: ResultRecord, recorded: ResultRecord) -> bool:
    """Whether every task has the same errors and estimates to the bit."""
    return all(agreement.identical for agreement in agreements(reproduced, recorded))


def _agreement(name: str, reproduced: TaskResult | None, recorded: TaskResult | None) -> Agreement:
    if reproduced is None or recorded is None:
        where = "is recorded alone" if reproduced is None else "is not recorded"
        return Agreement(name, recorded, reproduced, inf, where, False)
    largest, where = 0.0, ""
    for what, here, there, scale in _compared(reproduced, recorded):
        size = _difference(here, there, scale)
        if size > largest:
            largest, where = size, f"{what} is {_format_number(here)}, recorded as {_format_number(there)}"
    return Agreement(name, recorded, reproduced, largest, where, _shared(reproduced, recorded) == recorded)


def _shared(reproduced: TaskResult, recorded: TaskResult) -> TaskResult:
    """The reproduced result with the record's cost, rules, fresh prompts, metrics and version of the library
    that reads language models, to compare the two."""
    shared: dict[str, object] = {"cost": recorded.cost, "checks": recorded.checks, "fresh": recorded.fresh}
    for key in ("estimates", "prompt_values", "value_curves"):
        known = getattr(recorded, key)
        shared[key] = {
            metric: estimate for metric, estimate in getattr(reproduced, key).items() if metric in known
        }
    if reproduced.language_model is not None and recorded.language_model is not None:
        library = {"library": recorded.language_model.library}
        shared["language_model"] = reproduced.language_model.model_copy(update=library)
    return reproduced.model_copy(update=shared)


def _compared(reproduced: TaskResult, recorded: TaskResult) -> Iterator[tuple[str, _Number, _Number, float]]:
    """Every number that follows from predictions: (which, reproduced, recorded, scale)."""
    curves, count = recorded.error_curves, recorded.scored_points.count
    zero = recorded.scored_points.total(curves.zero)
    own = sum(recorded.prompt_errors) / recorded.prompts
    scales = {
        "mean_error": max(own, MEAN * zero) / count,
        "score": _share(recorded, own, curves.baseline),
        "optimality": _share(recorded, own, curves.exact),
    }
    for key in recorded.estimates:
        here, there = reproduced.estimates.get(key, NO_ESTIMATE), recorded.estimates[key]
        for end in ("value", "low", "high"):
            numbers = (getattr(here, end), getattr(there, end))
            scale = scales.get(key) or max(1.0, *(abs(number or 0.0) for number in numbers))
            yield key if end == "value" else f"{key}.{end}", *numbers, scale
    least = [max(own, SINGLE * zero)]
    yield _farthest("prompt_errors", reproduced.prompt_errors, recorded.prompt_errors, least)
    if recorded.label_shares is not None:
        shares = (reproduced.label_shares or [], recorded.label_shares)
        yield _farthest("label_shares", *shares, [1.0])
    for key in ("model", "model_low", "model_high"):
        here, there = getattr(reproduced.error_curves, key), getattr(curves, key)
        floors = [max(own / count, SINGLE * error) for error in curves.zero]
        yield _farthest(f"error_curves.{key}", here, there, floors)


def _share(task: TaskResult, own: float, curve: list[float] | None) -> float:
    """The model's error, or a hundredth of that of answering 0, in the unit of a score."""
    zero = task.scored_points.total(task.error_curves.zero)
    base = 0.0 if curve is None else task.scored_points.total(curve)
    return max(own, SINGLE * zero) / (zero - base if base < zero else zero)


def _farthest(
    what: str, reproduced: list[float], recorded: list[float], least: list[float]
) -> tuple[str, _Number, _Number, float]:
    """That entry of two lists which differs most, over the larger number or the least scale; none where they
    are of other lengths."""
    if len(reproduced) != len(recorded):
        return f"the number of {what}", float(len(reproduced)), None, 1.0
    here, there = np.array(reproduced), np.array(recorded)
    scales = np.maximum(np.maximum(here, there), np.maximum(least, np.finfo(float).tiny))
    place = int((np.abs(here - there) / scales).argmax())
    return f"{what}[{place}]", float(here[place]), float(there[place]), float(scales[place])


def _difference(reproduced: _Number, recorded: _Number, scale: float) -> float:
    if reproduced is None or recorded is None:
        return 0.0 if reproduced is recorded else inf
    if reproduced == recorded:
        return 0.0
    return abs(reproduced - recorded) / scale


def _format_number(number: _Number) -> str:
    return "undefined" if number is None else f"{number:.8g}"
