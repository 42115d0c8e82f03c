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
    """What one task comes to in two evaluations."""

    task: str
    recorded: TaskResult | None
    found: TaskResult | None
    difference: float  # the largest, over the larger of the two numbers and their scale; infinite for none
    where: str  # which number that is, with both; empty where all are the same
    identical: bool  # whether every number is, to the bit

    @property
    def within_tolerance(self) -> bool:
        """Whether no number differs by more than the tolerance."""
        return self.difference <= TOLERANCE


def agreements(found: ResultRecord, recorded: ResultRecord) -> list[Agreement]:
    """Every task of either record, those of the recorded one first."""
    names = dict.fromkeys((*recorded.tasks, *found.tasks))
    return [_agreement(name, found.tasks.get(name), recorded.tasks.get(name)) for name in names]


def disagreement(found: ResultRecord, recorded: ResultRecord) -> str | None:
    """The first task that differs by more than the tolerance, and in what; None where all agree."""
    for one in agreements(found, recorded):
        if not one.within_tolerance:
            return f"on {one.task} {one.where}"
    return None


def same_numbers(found: ResultRecord, recorded: ResultRecord) -> bool:
    """Whether every task has the same errors and estimates to the bit."""
    return all(one.identical for one in agreements(found, recorded))


def _agreement(name: str, found: TaskResult | None, recorded: TaskResult | None) -> Agreement:
    if found is None or recorded is None:
        where = "is recorded alone" if found is None else "is not recorded"
        return Agreement(name, recorded, found, inf, where, False)
    largest, where = 0.0, ""
    for what, here, there, scale in _compared(found, recorded):
        size = _difference(here, there, scale)
        if size > largest:
            largest, where = size, f"{what} is {_told(here)}, recorded as {_told(there)}"
    return Agreement(name, recorded, found, largest, where, _shared(found, recorded) == recorded)


def _shared(found: TaskResult, recorded: TaskResult) -> TaskResult:
    """What was found, of what the record has: its cost and rules, and the metrics that there were by then."""
    shared = {"cost": recorded.cost, "checks": recorded.checks}
    for key in ("estimates", "prompt_values"):
        known = getattr(recorded, key)
        shared[key] = {metric: kept for metric, kept in getattr(found, key).items() if metric in known}
    return found.model_copy(update=shared)


def _compared(found: TaskResult, recorded: TaskResult) -> Iterator[tuple[str, _Number, _Number, float]]:
    """Every number that follows from predictions: (which, found, recorded, scale)."""
    curves = recorded.error_curves
    zero = recorded.scored_sum(curves.zero)
    for key in recorded.estimates:
        scale = zero / recorded.scored_points if key == "mean_error" else 1.0
        here, there = found.estimates.get(key, NO_ESTIMATE), recorded.estimates[key]
        for end in ("value", "low", "high"):
            yield key if end == "value" else f"{key}.{end}", getattr(here, end), getattr(there, end), scale
    yield _farthest("prompt_errors", found.prompt_errors, recorded.prompt_errors, [zero])
    for key in ("model", "model_low", "model_high"):
        here, there = getattr(found.error_curves, key), getattr(curves, key)
        yield _farthest(f"error_curves.{key}", here, there, curves.zero)


def _farthest(
    what: str, found: list[float], recorded: list[float], scale: list[float]
) -> tuple[str, _Number, _Number, float]:
    """That entry of two lists which differs most; none where they are of other lengths."""
    if len(found) != len(recorded):
        return f"the number of {what}", float(len(found)), None, 1.0
    here, there = np.array(found), np.array(recorded)
    scales = np.broadcast_to(np.array(scale), here.shape)
    sizes = np.abs(here - there) / np.maximum(
        np.maximum(here, there), np.maximum(scales, np.finfo(float).tiny)
    )
    place = int(sizes.argmax())
    return f"{what}[{place}]", float(here[place]), float(there[place]), float(scales[place])


def _difference(found: _Number, recorded: _Number, scale: float) -> float:
    if found is None or recorded is None:
        return 0.0 if found is recorded else inf
    if found == recorded:
        return 0.0
    return abs(found - recorded) / max(abs(found), abs(recorded), scale)


def _told(number: _Number) -> str:
    return "undefined" if number is None else f"{number:.8g}"
