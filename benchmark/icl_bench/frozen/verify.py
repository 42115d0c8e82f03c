"""Frozen errors computed again, beside the frozen ones: anyone can see whether they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.frozen.anchors import ZERO
from icl_bench.frozen.compute import BaselineOnTask, computed_errors
from icl_bench.frozen.errors import BaselineErrors, load_errors
from icl_bench.frozen.freeze import serving_baselines
from icl_bench.suites import Suite
from icl_bench.workers import worker_pool

MEAN_TOLERANCE = 1e-3  # of errors computed on another machine, over the mean error of answering 0


@dataclass(frozen=True)
class Recomputed:
    """Errors of a baseline on a task computed here, beside the frozen ones, on the same prompts."""

    pair: BaselineOnTask
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
    """Compute frozen errors again on the first `prompts` and compare, one baseline and task at a time.

    The machine that froze them finds the same bits. Elsewhere what is iterated in float32 (two_layer_nn,
    xgboost) may take another path in single prompts; means hold. Raises as `missing_baselines`, and
    InputError where nothing named is frozen; all that is frozen is looked at before anything is computed.
    """
    if prompts < 1:
        raise InputError(f"{prompts} prompts; give 1 or more", code="prompt-count")
    locked = list(_frozen(suite, tasks, baselines))
    zeros = {task: _mean_of_zero(suite, task) for task in dict.fromkeys(task for task, _, _ in locked)}
    if not locked:
        raise InputError(
            f"none of these baselines is frozen; run `icl-bench baselines compute {suite.name}`",
            code="not-frozen",
        )
    with worker_pool(workers) as pool:
        for number, (task, baseline, frozen) in enumerate(locked, start=1):
            pair = BaselineOnTask(task, baseline, min(prompts, frozen.prompts))
            label = f"{number} of {len(locked)}: {pair.name}"
            with computed_errors(suite, pair, pool, label, quiet) as here:
                yield _compared(pair, here.errors, frozen.errors[: pair.prompts], zeros[task])


def _frozen(
    suite: Suite, tasks: Sequence[str], baselines: Sequence[str]
) -> Iterator[tuple[str, Baseline, BaselineErrors]]:
    """What is frozen of the tasks, its files checked; InputError where nothing of a named baseline is."""
    for name, serving in serving_baselines(suite, tasks, baselines or list(BASELINES.entries())).items():
        if baselines and not serving:
            raise InputError(
                f"baseline {name} serves none of {', '.join(tasks)}; name another", code="serves-none"
            )
        errors = {task: load_errors(suite, task, name) for task in serving}
        locked = {task: frozen for task, frozen in errors.items() if frozen is not None}
        if baselines and not locked:
            raise InputError(
                f"baseline {name} is not frozen for {', '.join(serving)}; "
                f"run `icl-bench baselines compute {suite.name} --baseline {name}`",
                code="not-frozen",
            )
        yield from ((task, serving[task], frozen) for task, frozen in locked.items())


def _mean_of_zero(suite: Suite, task: str) -> float:
    zero = load_errors(suite, task, ZERO)
    if zero is None:
        raise InputError(
            f"{task}: zero is not frozen; `icl-bench baselines compute {suite.name}`", code="not-frozen"
        )
    return float(zero.errors.mean())


def _compared(pair: BaselineOnTask, here: np.ndarray, frozen: np.ndarray, zero: float) -> Recomputed:
    difference = (here - frozen) / zero
    return Recomputed(
        pair=pair,
        same=not difference.any(),
        largest=float(np.abs(difference).max()),
        mean=float(difference.mean()),
        holds=abs(float(difference.mean())) <= MEAN_TOLERANCE,
    )
