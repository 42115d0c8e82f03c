"""Whether two evaluations of the same weights agree.

On one machine with the same versions every number is the same. Elsewhere products are summed in another
order or with other instructions, and predictions differ in their last digits. With gpt2, gpt2-rms, llama and
mamba on the tasks of mini-v1 that they are shipped for, an error of a prompt, over the larger of itself and
the error of answering 0, differed by at most
    5e-6   from AVX-512 to SSE (ATEN_CPU_CAPABILITY=default, MKL_CBWR=COMPATIBLE, ONEDNN_MAX_CPU_ISA=SSE41)
    7e-8   from one batch of 256 prompts to batches of 1, 7 and 32
    0      from one thread to two
and a score by at most 1e-8. The tolerance is twenty times the first: deeper models round more often.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from icl_bench.specs.result import NO_ESTIMATE, ResultRecord, TaskResult

TOLERANCE = 1e-4  # of the larger of a number and its scale: the error of answering 0, and 1 for scores

_Number = float | None


@dataclass(frozen=True)
class Agreement:
    """How the results of two evaluations of one task compare."""

    task: str
    recorded: TaskResult | None
    reproduced: TaskResult | None
    difference: (
        float  # the largest, over the larger of the numbers and their scale; infinite if one is missing
    )
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
    """The reproduced result with the cost, rules and metrics that the record has, so that the two compare."""
    shared = {"cost": recorded.cost, "checks": recorded.checks}
    for key in ("estimates", "prompt_values"):
        known = getattr(recorded, key)
        shared[key] = {
            metric: estimate for metric, estimate in getattr(reproduced, key).items() if metric in known
        }
    return reproduced.model_copy(update=shared)


def _compared(reproduced: TaskResult, recorded: TaskResult) -> Iterator[tuple[str, _Number, _Number, float]]:
    """Every number that follows from predictions: (which, reproduced, recorded, scale)."""
    curves = recorded.error_curves
    zero = recorded.scored_points.total(curves.zero)
    for key in recorded.estimates:
        scale = zero / recorded.scored_points.count if key == "mean_error" else 1.0
        here, there = reproduced.estimates.get(key, NO_ESTIMATE), recorded.estimates[key]
        for end in ("value", "low", "high"):
            yield key if end == "value" else f"{key}.{end}", getattr(here, end), getattr(there, end), scale
    yield _farthest("prompt_errors", reproduced.prompt_errors, recorded.prompt_errors, [zero])
    for key in ("model", "model_low", "model_high"):
        here, there = getattr(reproduced.error_curves, key), getattr(curves, key)
        yield _farthest(f"error_curves.{key}", here, there, curves.zero)


def _farthest(
    what: str, reproduced: list[float], recorded: list[float], scale: list[float]
) -> tuple[str, _Number, _Number, float]:
    """That entry of two lists which differs most; none where they are of other lengths."""
    if len(reproduced) != len(recorded):
        return f"the number of {what}", float(len(reproduced)), None, 1.0
    here, there = np.array(reproduced), np.array(recorded)
    scales = np.broadcast_to(np.array(scale), here.shape)
    sizes = np.abs(here - there) / np.maximum(
        np.maximum(here, there), np.maximum(scales, np.finfo(float).tiny)
    )
    place = int(sizes.argmax())
    return f"{what}[{place}]", float(here[place]), float(there[place]), float(scales[place])


def _difference(reproduced: _Number, recorded: _Number, scale: float) -> float:
    if reproduced is None or recorded is None:
        return 0.0 if reproduced is recorded else inf
    if reproduced == recorded:
        return 0.0
    return abs(reproduced - recorded) / max(abs(reproduced), abs(recorded), scale)


def _format_number(number: _Number) -> str:
    return "undefined" if number is None else f"{number:.8g}"
