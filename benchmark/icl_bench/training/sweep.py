"""A grid of training runs, architectures × tasks × seeds: what is done, what is left, and training it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from icl_bench.cluster.shard import read_shard
from icl_bench.errors import InputError
from icl_bench.files import check_file_place
from icl_bench.models.device import check_device_name, usable_device
from icl_bench.models.shipped import REFERENCE, SpecSource, shipped_names
from icl_bench.progress import progress as show_progress
from icl_bench.resources import cores
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.run_names import RUNS
from icl_bench.suites import chosen_tasks, load_suite
from icl_bench.training.cell import Cell, steps_made
from icl_bench.training.cell_trainer import CellTrainer
from icl_bench.training.convergence import outcome
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.run_folder import STATE_FILE
from icl_bench.workers import worker_pool


@dataclass(frozen=True)
class CellResult:
    """What became of one run of a sweep, and how far its learning curve goes."""

    folder: Path  # of the run
    model: str  # the name of its architecture
    task: str
    seed: int
    state: str  # done, begun, left, failed, `in another process`, or `another run` where the folder holds one
    steps: int  # made
    budget: int  # steps of the recipe
    loss: float | None  # the mean since the row of the curve before; None where there is no row
    outcome: Outcome  # what the curve says so far
    message: str | None  # why it failed, or what the run in the folder has that this one has not

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{self.model} on {self.task}, seed {self.seed}"


def sweep(
    suite: str,
    *,
    specs: SpecSource | Sequence[SpecSource] | None = None,
    tasks: str | Sequence[str] | None = None,
    seeds: int = 1,
    steps: int | None = None,
    recipe: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | Path = RUNS,
    workers: int | None = None,
    together: int | None = None,
    device: str = "cpu",
    precision: str | None = None,
    compiled: bool = False,
    shard: str | None = None,
    list_only: bool = False,
    progress: bool = False,
) -> list[CellResult]:
    """Train architectures on the tasks of a suite, once a seed; what became of every run, seed by seed.

    Runs that are done are skipped, and those that were stopped are resumed. A run that fails stops no other.
    The runs of an architecture and seed lie side by side in OUT/SUITE/NAME/seed-SEED, which
    `icl_bench.evaluate` scores as one model.

    Args:
        suite: its name, as `mini` or `paper-v1`.
        specs: architectures, or one, as `icl_bench.train` takes it; all references of the suite unless given.
        tasks: names of tasks, or one; all of the suite's unless given.
        seeds: how many of each, from 0.
        steps: of every run; the recipe's unless given.
        recipe: a suite whose recipe is used, or a recipe file; the suite's own unless given.
        changes: keys of the recipe with the values to use in place of its own.
        out: the folder of all runs.
        workers: processes side by side, of one thread each; unless given one a core, on cuda one.
        together: runs of one shape that one process trains at once, as seeds of a cell, or tasks with prompts
            of one shape and one recipe; unless given 1, on cuda the number of seeds.
        device: `cpu` or `cuda`.
        precision: of matrix products while training, `float32`, `tf32` or `bf16`; the recipe's unless given.
        compiled: train with `torch.compile`; on CUDA as CUDA graphs.
        shard: the part of the grid that is trained here, as `0/8`, where a scheduler gives each part to
            another process. No folder is locked then: locks of a shared file system may hold on one machine.
        list_only: train nothing, and tell what is there.
        progress: show the steps, and a line for every run that ends, on standard error.

    An interruption (Ctrl-C) saves the state of every run before it is raised. On another device than the CPU
    a script calls this below `if __name__ == "__main__":`, as for everything that starts processes.

    Raises InputError where a name, the recipe or the device cannot be used, or where two specs would share a
    folder, and StorageError where `out` cannot be written: before anything is trained.

    >>> grid = dict(specs=["reference/gpt2"], tasks=["vector_mqar"], steps=2, out="grid")
    >>> [(cell.name, cell.state) for cell in icl_bench.sweep("mini", **grid, list_only=True)]
    [('gpt2 on vector_mqar, seed 0', 'left')]
    >>> [(cell.state, cell.steps) for cell in icl_bench.sweep("mini", **grid)]
    [('done', 2)]
    """
    plan = partial(
        make_plan, steps=steps, recipe=recipe, changes=changes, precision=precision, compiled=compiled
    )
    check_device_name(device)
    cells = grid_cells(suite, specs, tasks, seeds, plan, Path(out))
    cells = cells if shard is None else read_shard(shard).select(cells)
    on_cpu = device == "cpu"
    trainer = CellTrainer(
        cells,
        workers or (cores() if on_cpu else 1),
        device,
        _print_line if progress else _print_nothing,
        _runs_together(together, compiled, 1 if on_cpu else seeds),
        locked=shard is None,
    )
    if not list_only:
        check_place_and_device(Path(out), device)
        total = sum(cell.plan.recipe.steps for cell in cells)
        label, start = f"{len(cells)} runs", steps_made(cells)
        with show_progress(label, total, quiet=not progress, start=start) as advance:
            trainer.run(advance)
    return [_result(cell, trainer) for cell in cells]


def grid_cells(
    suite: str,
    specs: SpecSource | Sequence[SpecSource] | None,
    tasks: str | Sequence[str] | None,
    seeds: int,
    plan: Callable[[SpecSource, str, int], RunPlan],
    out: Path,
) -> list[Cell]:
    """The cells of a grid, the first seed of everything first; `plan` makes one of a spec, a task and a seed.

    InputError where two specs lead to one folder.
    """
    frozen = load_suite(suite)
    sources: Sequence[SpecSource] = shipped_names(REFERENCE, frozen.name)
    if specs:
        sources = specs if isinstance(specs, Sequence) and not isinstance(specs, str) else [specs]
    cells = [
        Cell(source, plan(source, f"{frozen.name}/{task}", seed), out)
        for seed in range(seeds)
        for source in sources
        for task in chosen_tasks(frozen, tasks)
    ]
    _refuse_shared_folders(cells)
    return cells


def check_place_and_device(out: Path, device: str) -> None:
    """StorageError or InputError where nothing could be trained."""
    check_file_place(out / STATE_FILE)
    if device != "cpu":
        with worker_pool(1) as pool:  # who asks a GPU holds memory of it until the process ends
            pool.submit(usable_device, device).result()


def _runs_together(asked: int | None, compiled: bool, default: int) -> int:
    """How many runs a process trains. InputError where they would have to be compiled."""
    if compiled and asked is not None and asked > 1:
        raise InputError("runs are not compiled together; leave out --compile or --together")
    return 1 if compiled else asked or default


def _refuse_shared_folders(cells: Sequence[Cell]) -> None:
    taken: dict[Path, Cell] = {}
    for cell in cells:
        other = taken.setdefault(cell.folder, cell)
        if other is not cell:
            raise InputError(
                f"--spec {other.source_name} and --spec {cell.source_name} both lead to {cell.folder}; "
                "give each spec once, and each file a `name:` of its own",
                code="same-folder",
            )


def _result(cell: Cell, trainer: CellTrainer) -> CellResult:
    rows, plan = cell.rows(), cell.plan
    steps = int(rows[-1]["step"] or 0) if rows else 0
    state = trainer.state(cell)
    return CellResult(
        folder=cell.folder,
        model=plan.architecture.name,
        task=plan.task.name,
        seed=plan.seed,
        state=state,
        steps=steps,
        budget=plan.recipe.steps,
        loss=rows[-1]["loss"] if rows else None,
        outcome=outcome(rows, plan.recipe, steps),
        message=_message(cell, trainer, state),
    )


def _message(cell: Cell, trainer: CellTrainer, state: str) -> str | None:
    if state == "another run":
        return (
            f"{cell.folder} holds a run with another {', '.join(cell.differences())}; name another --out, "
            "or remove the folder"
        )
    return trainer.failed.get(cell) if state == "failed" else None


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_nothing(line: str) -> None:
    """In place of `_print_line`."""
