"""`tests/performance/training.py --grid`: train references on a suite's tasks, and keep what is small.

    .venv/bin/python tests/performance/training.py --grid --device cuda --out grid

trains the twelve references on the six tasks of mini-v1 with three seeds, several processes on one card, each
the seeds of one cell together, and one task, a column of the board, after the other. A cell is copied to
`--out` as soon as it is finished, as a sweep lays runs: config.json, training.csv, weights in float16, and
record.json, its scores and errors on the frozen prompts. `--largest` leaves out larger weights than that of
other seeds than 0. What `--out` holds already is not trained again, and what lies begun in `--runs` is taken
up. `--seconds` ends the command in time on a machine that is lent for a while. Exits with 1 where something
is left.

On one H200 with CUDA's multi-process service on (`nvidia-cuda-mps-control -d`), 187 of the 216 runs of
mini-v1 took 425 seconds, 14 processes side by side.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from tabulate import tabulate

import icl_bench
from icl_bench.errors import ICLBenchError
from icl_bench.interruptions import let_signals_interrupt
from icl_bench.resources import cores
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE
from icl_bench.suites import load_suite
from icl_bench.training.cell import Cell
from icl_bench.training.cell_trainer import POLL_SECONDS, CellTrainer
from icl_bench.training.log import LOG_FILE
from icl_bench.training.plan import make_plan
from icl_bench.training.sweep import check_place_and_device, grid_cells
from icl_bench.workers import worker_pool

RECORD_FILE = "record.json"
CORES_A_SCORER = 8  # scoring takes about a second a cell, and must not keep training from its cores
WORKERS_ON_A_CARD = 12  # by one process after the other, small kernels leave most of a card idle


class Keeper:
    """Watches the cells of a sweep, and copies each to `out` once it is finished.

    A process of `pool` scores its weights, all of them and on the CPU; `faults` says where it cannot.
    """

    def __init__(
        self, cells: Sequence[Cell], out: Path, seconds: float, largest: float, pool: Executor
    ) -> None:
        self._largest = largest
        self._pool = pool
        self._scores: dict[Cell, Future[None]] = {}
        self.copies = {cell: replace(cell, out=out) for cell in cells}
        self.rates: dict[Cell, float] = {}  # steps a second, the start of the process included
        self._begun: dict[Cell, tuple[float, int]] = {}
        self._deadline = time.monotonic() + seconds

    def look(self, _done: int = 0, _note: str = "") -> None:
        """Called twice a second. KeyboardInterrupt, by which the sweep saves its runs, after the time."""
        self.keep()
        if time.monotonic() > self._deadline:
            raise KeyboardInterrupt

    def keep(self) -> None:
        """Copy what is finished, unless `out` holds another run in its place."""
        for cell, copied in self.copies.items():
            if cell not in self.rates and cell.folder.is_dir():
                self._look_at(cell, copied)

    def _look_at(self, cell: Cell, copied: Cell) -> None:
        now = time.monotonic()
        began, steps_before = self._begun.setdefault(cell, (now, steps(cell)))
        if (cell.folder / CONFIG_FILE).is_file() and cell.state() == "done":
            self.rates[cell] = (steps(cell) - steps_before) / max(now - began, POLL_SECONDS)
            if copied.state() == "left":
                copy(cell, copied, self._largest)
            self._score(cell, copied)

    def score_kept(self) -> None:
        """Score what `out` holds without a record."""
        for cell, copied in self.copies.items():
            self._score(cell, copied)

    def _score(self, cell: Cell, copied: Cell) -> None:
        record, plan = copied.folder / RECORD_FILE, cell.plan
        folders = [folder for folder in (cell.folder, copied.folder) if (folder / WEIGHTS_FILE).is_file()]
        if copied.state() == "done" and folders and not record.exists():
            self._scores[cell] = self._pool.submit(score, folders[0], plan.suite, plan.task.name, record)

    def faults(self) -> list[str]:
        """Why a kept cell has no record, once all that can be scored are."""
        errors = {cell: scored.exception() for cell, scored in self._scores.items()}
        return [
            f"{cell.name}: not scored: {errors.get(cell, 'its weights are neither in --runs nor in --out')}"
            for cell, copied in self.copies.items()
            if copied.state() == "done" and not (copied.folder / RECORD_FILE).exists()
        ]


def score(folder: Path, suite: str, task: str, record: Path) -> None:
    """Write the record of a run on its task."""
    icl_bench.evaluate(str(folder), suite, task).save(record)


def steps(cell: Cell) -> int:
    """Those in the learning curve."""
    rows = cell.rows()
    return int(rows[-1]["step"] or 0) if rows else 0


def copy(cell: Cell, copied: Cell, largest: float) -> None:
    """The files of a finished cell that are kept; the config, which says that all are there, last."""
    small = cell.plan.seed == 0 or (cell.folder / WEIGHTS_FILE).stat().st_size <= largest
    try:
        copied.folder.mkdir(parents=True, exist_ok=True)
        for name in [*[WEIGHTS_FILE] * small, LOG_FILE, CONFIG_FILE]:
            part = copied.folder / f"{name}.part"
            shutil.copyfile(cell.folder / name, part)
            part.replace(copied.folder / name)
    except OSError as error:
        sys.exit(
            f"cannot write {copied.folder}: {error.strerror}; free some space, and give the command again"
        )


def table(cells: Sequence[Cell], keeper: Keeper) -> str:
    """A line an architecture and task: seeds that are kept, their steps and optimality, and the speed."""

    def task_and_model(cell: Cell) -> tuple[str, str]:
        return cell.plan.architecture.name, cell.plan.task.name

    lines = []
    for (name, task), group in groupby(sorted(cells, key=task_and_model), key=task_and_model):
        seeds = list(group)
        done = [cell for cell in seeds if keeper.copies[cell].state() == "done"]
        ends = [keeper.copies[cell].rows()[-1] for cell in done]
        rates = [keeper.rates[cell] for cell in done if cell in keeper.rates]
        lines.append(
            {
                "model": name,
                "task": task,
                "done": f"{len(done)} of {len(seeds)}",
                "steps": ", ".join(f"{row['step']:.0f}" for row in ends),
                "optimality": ", ".join(f"{row['dev_optimality'] or 0:.3f}" for row in ends),
                "steps/s": f"{sum(rates):.3g}" if rates else "-",
            }
        )
    return tabulate(lines, headers="keys", disable_numparse=True)


def main(arguments: Sequence[str]) -> int:
    """The command of the module's docstring; its exit code."""
    try:
        return train(parsed(arguments))
    except ICLBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def train(options: argparse.Namespace) -> int:
    """Train what is left and keep it; 1 where something is left or could not be scored."""
    on_cpu = options.device == "cpu"
    plan = partial(make_plan, steps=options.steps)
    check_place_and_device(options.out, options.device)
    cells = grid_cells(options.suite, options.spec, options.task, options.seeds, plan, options.runs)
    in_order = list(options.task or load_suite(options.suite).tasks)
    cells.sort(key=lambda cell: in_order.index(cell.plan.task.name))
    workers = options.workers or (cores() if on_cpu else WORKERS_ON_A_CARD)
    together = options.together or (1 if on_cpu else options.seeds)
    report = partial(print, file=sys.stderr, flush=True)
    let_signals_interrupt()
    with worker_pool(max(1, cores() // CORES_A_SCORER)) as pool:
        keeper = Keeper(cells, options.out, options.seconds, options.largest, pool)
        keeper.keep()  # what was finished in `--runs` before
        keeper.score_kept()
        left = [cell for cell, copied in keeper.copies.items() if copied.state() == "left"]
        try:
            CellTrainer(left, workers, options.device, report, together).run(keeper.look)
        except KeyboardInterrupt:
            print("stopped; give the same command again to go on", file=sys.stderr)
        keeper.keep()
        faults = keeper.faults()
    for fault in faults:
        report(fault)
    for cell in (*cells, *keeper.copies.values()):
        if cell.state() == "another run":
            print(f"{cell.folder} holds another run; name another folder", file=sys.stderr)
    print(table(cells, keeper))
    return int(bool(faults) or any(keeper.copies[cell].state() != "done" for cell in cells))


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description="Train a grid of references and keep what is small.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--suite", default="mini-v1")
    parser.add_argument("--spec", action="append", help="only this one; may be given again")
    parser.add_argument("--task", action="append", help="only this one; may be given again")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="the recipe's unless given")
    parser.add_argument("--workers", type=int, help="processes side by side")
    parser.add_argument("--together", type=int, help="runs that a process trains; on cuda the seeds")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where cells are trained")
    parser.add_argument("--out", type=Path, default=Path("grid"), help="where finished cells are kept")
    parser.add_argument("--largest", type=float, default=float("inf"), help="bytes of weights that are kept")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    return parser.parse_args(arguments)
