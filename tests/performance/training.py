"""Training steps of the reference architectures, beside the arithmetic floor and beside `transformers`.

The floor is the time that a step's operations take at the rate of a large matrix product on the same device
and in the same precision, a backward pass counted as two forward passes; element-wise work, which is not
counted, comes on top. The share of that rate that a run reaches is its utilisation.

    .venv/bin/python tests/performance/training.py --device cuda        # what paper-size training would take

prints, for gpt2, llama, llama-rope-swigluless and mamba, steps a second compiled in TF32 beside the eager
ones of `transformers` in float32, the utilisation, and the hours of the 72 cells of the paper's grid. On a
CPU, mamba beside a twin that takes minutes a step:

    .venv/bin/python tests/performance/training.py mamba --device cpu --batch 4 --steps 2

With `--grid` the references are trained, by `grid.py`.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from models.twins import HYBRID
from performance import grid
from performance.ratios import pair, training_ratio
from performance.timing import paired_seconds, ratio

from icl_bench.blocks.kernels import onednn
from icl_bench.models.accounting import account
from icl_bench.models.reference import reference_names
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.suites import load_suite
from icl_bench.training.batched import BatchedStep
from icl_bench.training.muon import Muon
from icl_bench.training.optimiser import block_matrices
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.run import TrainingRun
from icl_bench.training.state import RunState

TASK = "linear_regression"
SEEDS = tuple((f"mini-v1/{TASK}", seed) for seed in range(3))  # runs of one shape
TASKS = tuple((f"mini-boolean-v1/{task}", 0) for task in ("conjunction", "disjunction", "majority"))
PRODUCT = 1024  # rows and columns of the large product on a CPU
PASSES = 3  # a forward pass, and a backward pass of twice its operations
TWINS = {  # the references that `transformers` has, with its sizes
    "mini-v1": dict(width=64, layers=4, heads=2, hidden=256, expand=2, state=16, conv=4),
    "paper-v1": dict(width=256, layers=12, heads=8, hidden=1024, expand=4, state=16, conv=4),
}
WITH_TWIN = ("gpt2", "llama", HYBRID, "mamba")


def product_rate(device: str, size: int, repeats: int = 7) -> float:
    """Operations a second of a matrix product, the best of a few."""
    a, b = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    best = float("inf")
    for _ in range(repeats):
        start = now(device)
        a @ b
        best = min(best, now(device) - start)
    return 2 * size**3 / best


def now(device: str) -> float:
    """Seconds, once the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()


def beside_the_floor(run: TrainingRun, flops: float, pairs: int) -> tuple[float, float]:
    """Processor time of a whole step, prompts and optimiser included, and its multiple of the time that as
    many operations take in a large product, which is timed in turn with it: medians, on one core."""
    a, b = torch.randn(PRODUCT, PRODUCT), torch.randn(PRODUCT, PRODUCT)
    seconds = paired_seconds(run.advance, lambda: a @ b, pairs, time.process_time)
    products = flops / (2 * PRODUCT**3)
    step = statistics.median(step for step, _ in seconds)
    return step, statistics.median(step / (products * product) for step, product in seconds)


def together_ratio(name: str, runs: Sequence[tuple[str, int]], pairs: int = 9) -> float:
    """Processor time of a step of several runs (task and seed) together over that of one after the other."""
    plans = [make_plan(f"reference/{name}", task, seed) for task, seed in runs]
    with tempfile.TemporaryDirectory() as folder:
        alone = [TrainingRun(plan, Path(folder) / "run") for plan in plans]
        together = BatchedStep([RunState(plan, Path(folder) / "run") for plan in plans])
        ratios = []
        for _ in range(pairs + 1):
            start = time.process_time()
            together()
            middle = time.process_time()
            for run in alone:
                run.make_step()
            ratios.append((middle - start) / (time.process_time() - middle))
    return statistics.median(ratios[1:])


def optimiser_ratio(name: str, pairs: int = 31) -> float:
    """torch's step of Muon over ours, on the matrices of a reference of mini size and random gradients."""
    matrices = block_matrices(whole_prompts("mini-v1", name).new_model("cpu"))
    for matrix in matrices:
        matrix.grad = torch.randn_like(matrix)
    theirs = torch.optim.Muon(matrices, lr=1e-3, adjust_lr_fn="match_rms_adamw")
    return ratio(Muon(matrices, lr=1e-3).step, theirs.step, pairs)


def products_ratio(name: str, pairs: int = 31) -> float:
    """A training step of mini size with torch's own products over one with those of oneDNN."""
    with tempfile.TemporaryDirectory() as folder:
        run = TrainingRun(whole_prompts("mini-v1", name), Path(folder) / "run")

        def with_torchs() -> None:
            with mock.patch.object(onednn, "has_onednn", return_value=False):
                run.make_step()

        return ratio(run.make_step, with_torchs, pairs)


def whole_prompts(suite: str, name: str, **changes: object) -> RunPlan:
    """The plan of a reference on a suite's TASK without a curriculum, its recipe changed."""
    plan = make_plan(f"reference/{name}", f"{suite}/{TASK}", seed=0)
    return replace(plan, recipe=plan.recipe.model_copy(update={"curriculum": None, **changes}))


def cells(suite: str, name: str) -> list[str]:
    """Steps a second on a suite's TASK without a curriculum, the multiple of the floor, and the ratio."""
    plan = whole_prompts(suite, name)
    spent = account(plan.architecture, plan.task)
    flops = PASSES * spent.flops * plan.recipe.batch
    with tempfile.TemporaryDirectory() as folder:
        run = TrainingRun(plan, Path(folder) / "run")
        seconds, times = beside_the_floor(run, flops, pairs=3 if suite.startswith("paper") else 31)
    beside = "-"
    if name in WITH_TWIN and not (suite.startswith("paper") and name in (HYBRID, "mamba")):  # takes minutes
        beside = f"{training_ratio(name, TWINS[suite], spent.tokens, plan.recipe.batch):.1f}"
    return [f"{1 / seconds:.3g}", f"{times:.2f}", beside]


def mean_seconds(step: Callable[[], object], steps: int, device: str) -> float:
    """A step's share of some in a row, which overlap on a GPU, after three (one on a CPU) not counted."""
    for _ in range(3 if device.startswith("cuda") else 1):  # a CUDA graph is recorded in the second
        step()
    start = now(device)
    for _ in range(steps):
        step()
    return (now(device) - start) / steps


def twin_seconds(suite: str, plan: RunPlan, device: str, steps: int) -> float:
    """A step of the same architecture in `transformers`, eager and in float32, on the same prompts."""
    d = plan.task.function_class.d
    twin = pair(plan.architecture.name, TWINS[suite], d)[1].to(device).train()
    optimiser = torch.optim.Adam(twin.parameters(), fused=True)
    xs, ys = (torch.randn(plan.recipe.batch, plan.task.points, n, device=device) for n in (d, 1))

    def step() -> None:
        optimiser.zero_grad()
        (twin(xs, ys) - ys).square().mean().backward()
        optimiser.step()

    return mean_seconds(step, steps, device)


def relative(spec: ArchitectureSpec) -> str:
    """Which of the measured models has the blocks of an architecture, or most of them."""
    modules = {sublayer.module.type for sublayer in spec.expanded()}
    if "mamba" in modules:
        return HYBRID if "attention" in modules else "mamba"
    rope = any(getattr(sublayer.module, "positions", "none") == "rope" for sublayer in spec.expanded())
    return "llama" if rope or "swiglu" in modules else "gpt2"


def grid_hours(suite: str, seconds_per_flop: dict[str, float]) -> float:
    """Of every reference on every task, one seed, whole prompts, at the rates of the measured models."""
    hours = 0.0
    for name in reference_names(suite):
        for task in load_suite(suite).tasks:
            plan = make_plan(f"reference/{name}", f"{suite}/{task}", seed=0)
            flops = PASSES * account(plan.architecture, plan.task).flops * plan.recipe.batch
            hours += plan.recipe.steps * flops * seconds_per_flop[relative(plan.architecture)] / 3600
    return hours


def main() -> None:
    """The commands of the module's docstring."""
    if "--grid" in sys.argv:
        sys.exit(grid.main([argument for argument in sys.argv[1:] if argument != "--grid"]))
    parser = argparse.ArgumentParser(description="Training steps a second on a device.")
    parser.add_argument("names", nargs="*", default=WITH_TWIN, help=f"of {', '.join(WITH_TWIN)}")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--suite", default="paper-v1", choices=TWINS)
    parser.add_argument("--steps", type=int, default=100, help="that are timed, of ours and of theirs")
    parser.add_argument("--batch", type=int, help="prompts a step; the recipe's unless given")
    parser.add_argument("--eager", action="store_true", help="not compiled")
    options = parser.parse_args()
    suite, device, cuda = options.suite, options.device, options.device.startswith("cuda")
    precision = "tf32" if cuda else "float32"
    changes = {"precision": precision} | ({"batch": options.batch} if options.batch else {})
    torch.set_float32_matmul_precision("high" if cuda else "highest")
    rate = product_rate(device, 8192 if cuda else PRODUCT)
    torch.set_float32_matmul_precision("highest")
    print(f"{suite}/{TASK} on {torch.cuda.get_device_name(device) if cuda else device}, {precision}")
    print(f"a large matrix product: {rate / 1e12:.3g} TFLOP/s")
    print(f"{'':24}{'batch':>8}{'steps/s':>10}{'theirs':>10}{'ratio':>8}{'utilisation':>13}", flush=True)
    seconds_per_flop = {}
    for name in options.names:
        plan = replace(whole_prompts(suite, name, **changes), compiled=cuda and not options.eager)
        with tempfile.TemporaryDirectory() as folder:
            run = TrainingRun(plan, Path(folder) / "run", device)
            ours = mean_seconds(run.advance, options.steps, device)
        theirs = twin_seconds(suite, plan, device, options.steps)
        flops = PASSES * account(plan.architecture, plan.task).flops * plan.recipe.batch
        seconds_per_flop[name] = ours / flops
        share = flops / ours / rate
        rates = f"{1 / ours:>10.3g}{1 / theirs:>10.3g}{theirs / ours:>8.1f}{share:>13.1%}"
        print(f"{name:24}{plan.recipe.batch:>8}{rates}", flush=True)
    if set(WITH_TWIN) <= set(options.names):
        count = len(reference_names(suite)) * len(load_suite(suite).tasks)
        print(f"the {count} cells of {suite}, one seed: {grid_hours(suite, seconds_per_flop):,.1f} hours")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # transformers warns that it runs without its CUDA kernels
    main()
