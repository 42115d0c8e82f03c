"""Frozen errors computed anew, beside the frozen ones: anyone can see whether they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from icl_bench.baselines.base import BASELINES
from icl_bench.errors import InputError
from icl_bench.evaluation.chunked import Entry, computed_errors
from icl_bench.evaluation.freeze import serving_baselines
from icl_bench.evaluation.references import ZERO
from icl_bench.evaluation.workers import worker_pool
from icl_bench.suites import Suite
from icl_bench.suites.frozen_errors import load_errors

MEAN_TOLERANCE = 1e-3  # of errors computed on another machine, over the mean error of answering 0


@dataclass(frozen=True)
class Recomputed:
    """Errors of an entry computed here, beside the frozen ones, on the same prompts."""

    entry: Entry
    same: bool  # to the bit
    largest: float  # difference of a prompt's error, over the mean error of answering 0
    mean: float  # difference of the mean errors, over the same
    holds: bool  # whether `mean` is at most MEAN_TOLERANCE either way


def recompute(
    suite: Suite,
    tasks: Sequence[str],
    baselines: Sequence[str] = (),
    prompts: int = 64,
    workers: int | None = None,
    quiet: bool = True,
) -> Iterator[Recomputed]:
    """Compute frozen errors anew on the first `prompts` and compare, an entry at a time.

    The machine that froze them finds the same bits. Elsewhere what is iterated in float32 (two_layer_nn,
    xgboost) may take another path in single prompts; means hold. Raises as `missing_entries`, and InputError
    where nothing named is frozen.
    """
    if prompts < 1:
        raise InputError(f"{prompts} prompts; give 1 or more")
    entries = [
        Entry(task, made, min(prompts, suite.lock.baselines[task][name].prompts))
        for name, serving in serving_baselines(suite, tasks, baselines or list(BASELINES.entries())).items()
        for task, made in serving.items()
        if name in suite.lock.baselines.get(task, {})
    ]
    if not entries:
        raise InputError(f"nothing of that is frozen; `icl-bench baselines compute {suite.name}`")
    with worker_pool(workers) as pool:
        for number, entry in enumerate(entries, start=1):
            with computed_errors(
                suite, entry, pool, f"{number} of {len(entries)}: {entry.name}", quiet
            ) as here:
                yield _compared(suite, entry, here.errors)


def _compared(suite: Suite, entry: Entry, here: np.ndarray) -> Recomputed:
    frozen = load_errors(suite, entry.task, entry.baseline.type)
    zero = load_errors(suite, entry.task, ZERO)
    if frozen is None or zero is None:
        raise InputError(f"{entry.task}: zero is not frozen; `icl-bench baselines compute {suite.name}`")
    difference = (here - frozen.errors[: len(here)]) / zero.errors.mean()
    return Recomputed(
        entry=entry,
        same=not difference.any(),
        largest=float(np.abs(difference).max()),
        mean=float(difference.mean()),
        holds=abs(float(difference.mean())) <= MEAN_TOLERANCE,
    )
