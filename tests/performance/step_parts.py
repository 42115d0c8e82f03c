"""Where the time of a training step at mini size goes, on one core."""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from performance.training import whole_prompts
from torch.profiler import ProfilerActivity, profile

from icl_bench.training.run import TrainingRun, training_errors

STEPS = 31
PARTS = ("prompts", "products", "sequence", "elements", "Python", "update")
_PRODUCTS = ("_linear_pointwise", "linear", "bmm", "mm", "addmm", "baddbmm")
_SEQUENCE = ("CausalAttention", "_Mixer", "_Scan", "_Conv")  # those that mix the points of a prompt
_CALLS = (  # what computes nothing
    *("empty", "view", "detach", "transpose", "as_strided", "slice", "select", "expand", "reshape"),
    *("_Linear", "AccumulateGrad"),
)


def cells(name: str) -> list[str]:
    """The share of a step, in per cent, of each of PARTS.

    Products are those of matrices, `sequence` is attention or the scan of Mamba, and `update` the optimiser.
    Python is what operators do not account for: autograd, views, the calls themselves, and what the profiler
    adds to each.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = TrainingRun(whole_prompts("mini-v1", name), Path(folder) / "run")
        xs, ys = (torch.from_numpy(part) for part in run._queue.at(0))
        steps = itertools.count(1)

        def both_passes() -> None:
            run.optimiser.zero_grad()
            training_errors(run.plan, run._forward(xs, ys), ys).square().mean().backward()

        both_passes()
        prompts, passes, update = (
            _median_seconds(part)
            for part in (lambda: run._queue.at(next(steps)), both_passes, lambda: run.optimiser.step(1.0))
        )
        of_operators = {kind: share * passes for kind, share in _shares(both_passes).items()}
    seconds = {"prompts": prompts, "update": update} | of_operators
    whole = prompts + passes + update
    return [f"{100 * seconds[part] / whole:.0f}" for part in PARTS]


def _median_seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(STEPS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def _shares(work: Callable[[], object]) -> dict[str, float]:
    """Of the work's time, by kind of operator; by the clock, as the profiler times operators."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        start = time.perf_counter()
        for _ in range(STEPS):
            work()
        whole = time.perf_counter() - start
    shares = dict.fromkeys(("products", "sequence", "elements"), 0.0)
    for event in profiled.key_averages():
        kind = _kind(event.key)
        if kind is not None:
            shares[kind] += event.self_cpu_time_total / 1e6 / whole
    return shares | {"Python": 1 - sum(shares.values())}


def _kind(operator: str) -> str | None:
    """Products, sequence or elements; None of a call that computes nothing itself."""
    name = operator.rpartition("::")[2]
    if "evaluate_function" in operator or name.startswith(_CALLS):
        return None
    if name in _PRODUCTS:
        return "products"
    if name.startswith(_SEQUENCE):
        return "sequence"
    return "elements"
