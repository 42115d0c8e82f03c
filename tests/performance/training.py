"""Training steps of the reference architectures, beside the arithmetic floor and beside `transformers`.

The floor is the time that a step's operations take at the rate of a large float32 matrix product on the same
threads, a backward pass counted as two forward passes; element-wise work, which is not counted, comes on top.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from performance.ratios import training_ratio

from icl_bench.cli.train import make_plan
from icl_bench.models.accounting import account
from icl_bench.training.run import TrainingRun

TASK = "linear_regression"
PASSES = 3  # a forward pass, and a backward pass of twice its operations
TWINS = {  # the references that `transformers` has, with its sizes
    "mini-v1": dict(width=64, layers=4, heads=2, hidden=256, expand=2, state=16, conv=4),
    "paper-v1": dict(width=256, layers=12, heads=8, hidden=1024, expand=4, state=16, conv=4),
}
WITH_TWIN = ("gpt2", "llama", "mamba")


def product_rate(size: int = 1024, repeats: int = 7) -> float:
    """Operations a second of a matrix product, the best of a few."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def step_seconds(run: TrainingRun, steps: int) -> float:
    """The median of some whole steps, prompts and optimiser included, after one that is not counted."""
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        run.advance()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def cells(suite: str, name: str) -> list[str]:
    """Steps a second on a suite's TASK without a curriculum, the multiple of the floor, and the ratio."""
    plan = make_plan(f"reference/{name}", f"{suite}/{TASK}", seed=0)
    plan = replace(plan, recipe=plan.recipe.model_copy(update={"curriculum": None}))
    few = 3 if suite.startswith("paper") else 10
    with tempfile.TemporaryDirectory() as folder:
        seconds = step_seconds(TrainingRun(plan, Path(folder) / "run"), few)
    spent = account(plan.architecture, plan.task)
    floor = PASSES * spent.flops * plan.recipe.batch / product_rate()
    ratio = "-"
    if name in WITH_TWIN:
        ratio = f"{training_ratio(name, TWINS[suite], spent.tokens, plan.recipe.batch):.1f}"
    return [f"{1 / seconds:.3g}", f"{seconds / floor:.1f}", ratio]
