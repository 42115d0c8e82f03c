"""`make bench`: every figure of tests/performance/README.md, each beside its budget or its aim.

Nothing here is a test: machines differ and are shared. Ratios are medians over pairs run in turn in one
process; seconds and memory are those of whole commands, as a user waits for them.

    .venv/bin/python tests/performance/bench.py [commands] [ratios] [site]
        [baselines [NAME…]] [training [NAME…]] [blocks [NAME…]] [step] [together] [optimiser]
        [products] [text] [cluster]
"""

import os
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from performance.processes import one_core, own_processes

COMMANDS = [  # (what, command, budget in seconds, budget in GiB)
    ("icl-bench --help", "--help", 0.5, None),
    ("evaluate reference/gpt2 on mini-v1", "evaluate reference/gpt2 --output {tmp}/record.json", 30, 2),
    (  # within 8 times the one above
        "evaluate reference/gpt2 on mini-shifts-v1",
        "evaluate reference/gpt2 --suite mini-shifts --output {tmp}/record.json",
        56,
        2,
    ),
    ("every probe of gpt2 on linear_regression", "probe reference/gpt2 --task linear_regression", 60, 2),
    (
        "evaluate 12 layers of width 256 on paper-v1/linear_regression",
        "evaluate {tmp}/gpt2 --suite paper --task linear_regression --output {tmp}/record.json",
        60,
        4,
    ),
    ("generate and verify paper-v1", "tasks verify --suite paper", 60, None),
]
PRODUCTS = ("gpt2", "llama", "mamba", "llama-swigluless")  # the references whose steps are compared
MUON = ("gpt2", "llama", "mamba")  # the references whose optimiser is timed


def measured(arguments: list[str], runs: int) -> tuple[float, float]:
    """The fastest of a few runs of a command: wall seconds, and its peak memory in GiB."""
    best, peak = float("inf"), 0.0
    command = [str(Path(sys.executable).parent / "icl-bench"), *arguments]
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        message = child.stderr.read() if child.stderr else ""
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"{' '.join(command)} failed: {message}")
        best = min(best, time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss / 2**20)  # kilobytes on Linux
    return best, peak


def save_paper_gpt2(folder: Path) -> None:
    """An untrained gpt2 of paper size: its speed is that of a trained one."""
    import torch

    from icl_bench.models.checkpoint import save_checkpoint
    from icl_bench.models.initialise import initialise
    from icl_bench.models.model import ICLModel
    from icl_bench.models.reference import reference_spec

    spec = reference_spec("gpt2", "paper-v1").to_dict()
    model = ICLModel(spec, d=20, k=1, task="paper-v1/linear_regression")
    initialise(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, folder)


def commands() -> None:
    """Whole commands beside the budgets of the design (2 cores, no accelerator)."""
    print_row("command", "seconds", "budget", "GiB", "budget")
    with tempfile.TemporaryDirectory() as tmp:
        save_paper_gpt2(Path(tmp) / "gpt2")
        for what, command, seconds, memory in COMMANDS:
            arguments = command.format(tmp=tmp).split()
            took, peak = measured(arguments, runs=5 if seconds < 1 else 2)
            print_row(what, f"{took:.2f}", seconds, f"{peak:.2f}" if memory else "-", memory or "-")


def ratios() -> None:
    """Throughput over `transformers` on the same weights and prompts."""
    from performance.ratios import MINI, PAPER, evaluation_ratio, training_ratio

    print_row("times as fast as transformers", "ratio", "aim")
    for name, least in (("gpt2", 1.5), ("llama", 1.5), ("mamba", 2)):
        figure = evaluation_ratio(name, MINI, 17, 8, 256)
        print_row(f"evaluate {name}, mini size, 33 tokens", f"{figure:.1f}", least)
    for name in ("gpt2", "llama"):
        figure = evaluation_ratio(name, PAPER, 41, 20, 64)
        print_row(f"evaluate {name}, paper size, 81 tokens", f"{figure:.1f}", 1.5)
    for tokens, least in ((33, 10), (83, 20)):
        figure = training_ratio("mamba", MINI, tokens)
        print_row(f"train mamba, width 64, batch 64, {tokens} tokens", f"{figure:.1f}", least)


def baselines(*names: str) -> None:
    """Baselines at all context lengths beside a fit a context length, of those named or of all.

    Each has a process of its own: what one library does to threads and memory slows down others.
    """
    from performance.baselines import ROWS, cells

    from icl_bench.resources import threads

    unknown = set(names) - {row.baseline for row in ROWS}
    if unknown:
        sys.exit(f"no baseline is timed as {', '.join(sorted(unknown))}; see ROWS in baselines.py")
    chosen = [place for place, row in enumerate(ROWS) if not names or row.baseline in names]
    what = f"baseline, task, loop: ms a prompt on {threads()} threads"
    print_row(what, "ours", "prompts", "loop", "prompts", "ratio", "aim")
    with own_processes() as processes:
        for place, figures in zip(chosen, processes.map(cells, chosen), strict=True):
            print_row(ROWS[place].title, *figures, ROWS[place].aim)


def training(*names: str) -> None:
    """Training steps of the references named, or of all, at mini and at paper size, on one core."""
    from performance.training import cells

    from icl_bench.models.reference import reference_names

    unknown = set(names) - set(reference_names("mini-v1"))
    if unknown:
        sys.exit(f"no reference is called {', '.join(sorted(unknown))}; see `icl-bench models list`")
    for suite in ("mini-v1", "paper-v1"):
        print_row(f"train on {suite}/linear_regression, one core", "steps/s", "x floor", "ratio")
        chosen = [name for name in reference_names(suite) if not names or name in names]
        with one_core() as processes:
            for name, figures in zip(chosen, processes.map(partial(cells, suite), chosen), strict=True):
                print_row(name, *figures)


def blocks(*names: str) -> None:
    """The zoo: training steps over those of reference/llama, which has as many parameters (aim: at most 3);
    the mixer's fast form over its step form at 139 tokens (aim: 10), and over transformers'."""
    from performance.blocks import SUITE, cells

    from icl_bench.models.shipped import shipped_names

    every = shipped_names("zoo", SUITE)
    unknown = {name for name in names if f"zoo/{name}" not in every}
    if unknown:
        sys.exit(f"the zoo has no {', '.join(sorted(unknown))}; see `icl-bench models list`")
    print_row(
        "training step over llama's of 33, 49 tokens; x step form", "33", "49", "x 1", "x 64", "x theirs"
    )
    chosen = [name for name in every if not names or name.removeprefix("zoo/") in names]
    with one_core() as processes:
        for name, figures in zip(chosen, processes.map(cells, chosen), strict=True):
            print_row(name, *figures)


def step() -> None:
    """Where the time of a training step goes, on one core."""
    from performance.step_parts import PARTS, cells

    print_row("per cent of a training step on mini-v1/linear_regression", *PARTS)
    with one_core() as processes:
        for name, figures in zip(PRODUCTS, processes.map(cells, PRODUCTS), strict=True):
            print_row(name, *figures)


def together() -> None:
    """Runs that are trained together beside one after the other, on a CPU."""
    from performance.training import SEEDS, TASKS, together_ratio

    print_row("runs together over one after the other, on one core", "3 seeds", "3 tasks")
    with one_core() as processes:
        for name in ("gpt2", "mamba"):
            ratios = processes.map(partial(together_ratio, name), (SEEDS, TASKS))
            print_row(name, *(f"{figure:.2f}" for figure in ratios))


def optimiser() -> None:
    """A step of our Muon beside torch's on the matrices of mini-size references, on one core."""
    from performance.training import optimiser_ratio

    print_row("a step of Muon, times as fast as torch.optim.Muon", "ratio")
    with one_core() as processes:
        for name, figure in zip(MUON, processes.map(optimiser_ratio, MUON), strict=True):
            print_row(name, f"{figure:.1f}")


def products() -> None:
    """A training step with oneDNN's products beside one with torch's own, on one core."""
    from performance.training import products_ratio

    print_row("a training step by oneDNN, times as fast as by torch's products", "ratio")
    with one_core() as processes:
        for name, figure in zip(PRODUCTS, processes.map(products_ratio, PRODUCTS), strict=True):
            print_row(name, f"{figure:.2f}")


def text() -> None:
    """A language model on text-boolean, where the package of its weights is installed."""
    from performance.language_model import MODEL, SECONDS, TIMES, cells

    from icl_bench.errors import InputError

    print_row(
        "a prompt of 50 points in text; a pass a prefix over one pass", "seconds", "aim", "times", "aim"
    )
    try:
        seconds, times = cells()
    except InputError as error:
        print_row(str(error))
        return
    print_row(MODEL, seconds, SECONDS, times, TIMES)


def cluster() -> None:
    """Jobs of a real Slurm, where it is installed."""
    from performance.cluster import (
        ADDED_PERCENT,
        FEW,
        MANY,
        STATUS_SECONDS,
        SUBMIT_SECONDS,
        added_by_jobs,
        submitting_and_asking,
    )
    from slurm_cluster import missing_programs

    if missing := missing_programs():
        print_row(f"jobs of Slurm: no {', '.join(missing)} here; apt-get install slurm-wlm munge")
        return
    with tempfile.TemporaryDirectory() as tmp:
        print_row("jobs of Slurm", "seconds", "aim")
        submitted, asked = submitting_and_asking(Path(tmp))
        print_row(f"sweep --on slurm of {MANY:,} cells", f"{submitted:.1f}", SUBMIT_SECONDS)
        print_row(f"sweep --status of {MANY:,} cells", f"{asked:.1f}", STATUS_SECONDS)
        print_row(f"an array of {FEW} one-step cells over a sweep of the same", "more", "aim")
        sizes = (1, 10)
        for size, added in zip(sizes, added_by_jobs(Path(tmp), sizes), strict=True):
            print_row(f"{size} a job", f"{added:.0f}%", f"{ADDED_PERCENT}%")


def site() -> None:
    """The leaderboard's site of many fabricated results beside its budgets."""
    from performance.site_build import MODELS, of_results, of_submissions

    print_row("site, and its front page", "seconds", "budget", "kB", "budget")
    for what, build, budget in (
        ("results", of_results, 20),
        ("submissions, whole command", of_submissions, "-"),
    ):
        seconds, kilobytes, files = build()
        print_row(f"{MODELS:,} {what}, {files:,} files", f"{seconds:.1f}", budget, f"{kilobytes:.0f}", 500)


def print_row(what: str, *cells: object) -> None:
    """One line of a table, as soon as it is known."""
    print(f"{what:<62}" + "".join(f"{cell!s:>9}" for cell in cells), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # transformers warns that it runs without its CUDA kernels
    parts = {
        "commands": commands,
        "ratios": ratios,
        "baselines": baselines,
        "training": training,
        "blocks": blocks,
        "step": step,
        "together": together,
        "optimiser": optimiser,
        "products": products,
        "text": text,
        "cluster": cluster,
        "site": site,
    }
    named = ("baselines", "training", "blocks")  # the parts that take names
    words = sys.argv[1:] or list(parts)
    names = [word for word in words if word not in parts]
    if names and not set(named) & set(words):
        sys.exit(f"no part is called {names[0]}; choose from {', '.join(parts)}")
    for part in parts:
        if part in words:
            parts[part](*(names if part in named else []))
            print()
