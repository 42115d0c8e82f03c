"""A grid of training runs, architectures × tasks × seeds: what is done, what is left, and training it.

Each cell is trained by an `icl-bench train` of its own, in a folder of its own, so that a sweep which is
killed, or a cell that fails, costs nothing but the steps since the last save. Children end with their sweep.

Several seeds or specs are not batched into one process: the matrix products of one run have the rate of large
ones already (`tests/performance/bench.py training` tells both), so a run a core is as fast.
"""

import os
import pickle
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from icl_bench.errors import CheckpointError
from icl_bench.evaluation.workers import one_thread
from icl_bench.models.layout import CONFIG_FILE
from icl_bench.specs.checkpoint import read_config
from icl_bench.training.folder import LOCK_FILE, STATE_FILE
from icl_bench.training.log import LOG_FILE, Row, read_log
from icl_bench.training.plan import RunPlan

POLL_SECONDS = 0.5
# glibc would give memory back to the system after every step, and ask for it again: a twentieth of a step
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**30)}


def cell_folder(out: Path, plan: RunPlan) -> Path:
    """Where a run belongs: all tasks of one architecture and seed side by side, as `evaluate` reads them."""
    return out / plan.suite / plan.architecture.name / f"seed-{plan.seed}" / plan.task.name


@dataclass(frozen=True, eq=False)
class Cell:
    """One run of a sweep: spec and recipe as they were named, what decides its weights, and its folder."""

    source: str
    plan: RunPlan
    out: Path
    recipe: str | None = None  # where it is not the suite's

    @property
    def folder(self) -> Path:
        """Where the run is, or will be."""
        return cell_folder(self.out, self.plan)

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{self.plan.architecture.name} on {self.plan.task.name}, seed {self.plan.seed}"

    def state(self) -> str:
        """`done`, `begun` or `left`; `another run` where the folder holds what this cell would not make."""
        if (self.folder / CONFIG_FILE).is_file():
            return "done" if self._is_ours() else "another run"
        if not (self.folder / STATE_FILE).is_file():
            return "left"
        saved = self._saved_identity()
        wanted = self.plan.identity()
        ours = saved is None or all(saved.get(key) == value for key, value in wanted.items())
        return "begun" if ours else "another run"

    def _is_ours(self) -> bool:
        try:
            config = read_config(self.folder)
        except CheckpointError:
            return False
        wanted, made = self.plan.identity(), {**(config.training or {}), "task": config.task}
        return config.spec.to_dict() == wanted.pop("spec") and all(
            made.get(k) == v for k, v in wanted.items()
        )

    def _saved_identity(self) -> dict[str, Any] | None:
        """What the saved state belongs to; None where it is damaged, as training tells who takes it up."""
        try:  # mapped, not read: the weights and moments beside it may be large
            state = torch.load(self.folder / STATE_FILE, weights_only=True, mmap=True, map_location="cpu")
            return dict(state["identity"])
        except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
            return None

    def trained_elsewhere(self) -> bool:
        """Whether a process trains in the folder. Ask it only of a cell that this sweep does not train."""
        lock = self.folder / LOCK_FILE
        if not lock.is_file():
            return False
        try:
            with FileLock(lock, timeout=0):
                return False
        except Timeout:
            return True

    def rows(self) -> list[Row]:
        """The learning curve so far, empty where there is none."""
        try:
            return read_log((self.folder / LOG_FILE).read_text())
        except (OSError, ValueError):
            return []

    def command(self, device: str, resume: bool) -> list[str]:
        """The `icl-bench train` that begins the cell, or goes on with it; it ends with its standard input."""
        plan = self.plan
        command = [sys.executable, "-m", "icl_bench.training.child"]
        command += ["train", self.source, f"{plan.suite}/{plan.task.name}"]
        command += ["--quiet", "--half", "--seed", str(plan.seed), "--steps", str(plan.recipe.steps)]
        command += ["--precision", plan.recipe.precision, "--device", device, "--out", str(self.folder)]
        command += ["--recipe", self.recipe] if self.recipe is not None else []
        return command + ["--compile"] * plan.compiled + ["--resume"] * resume


@dataclass
class Sweep:
    """Trains cells, `workers` at a time. `tell` is given a line for each that ends."""

    cells: Sequence[Cell]
    workers: int
    device: str = "cpu"
    tell: Callable[[str], None] = print
    failed: dict[Cell, str] = field(default_factory=dict)  # and what went wrong
    elsewhere: set[Cell] = field(default_factory=set)  # found in training by another process

    def run(self, advance: Callable[..., None]) -> None:
        """Train what is not done; `advance` is given the steps made in all.

        An interruption saves every run.
        """
        waiting = deque(self.cells)
        running: dict[subprocess.Popen[str], tuple[Cell, float]] = {}
        childrens_input, held_open = os.pipe()
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    cell = waiting.popleft()
                    state = cell.state()  # another sweep may have trained it meanwhile
                    if state in ("begun", "left"):
                        child = self._start(cell.command(self.device, state == "begun"), childrens_input)
                        running[child] = cell, time.monotonic()
                time.sleep(POLL_SECONDS)
                for child in [child for child in running if child.poll() is not None]:
                    self._end(child, *running.pop(child))
                advance(steps_made(self.cells), "; ".join(cell.name for cell, _ in running.values()))
        finally:
            os.close(held_open)  # every child saves its state and ends
            for child in running:
                child.communicate()
            os.close(childrens_input)

    def state(self, cell: Cell) -> str:
        """That of the cell, or what kept this sweep from training it: `failed` or `in another process`."""
        state = cell.state()
        if state == "done":
            return state
        if cell in self.elsewhere:
            return "in another process"
        return "failed" if cell in self.failed else state

    def _start(self, command: list[str], standard_input: int) -> subprocess.Popen[str]:
        with one_thread():
            return subprocess.Popen(
                command,
                stdin=standard_input,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | KEEP_MEMORY,
                start_new_session=True,  # an interruption from the terminal reaches it through us, once
            )

    def _end(self, child: "subprocess.Popen[str]", cell: Cell, started: float) -> None:
        message = child.communicate()[1].strip()
        if child.returncode == 0:
            rows = cell.rows()
            score = rows[-1]["dev_score"] if rows else None
            told = "" if score is None else f"dev score {score:.3f}, "
            self.tell(f"{cell.name}: {told}{(time.monotonic() - started) / 60:.1f} min")
        elif cell.trained_elsewhere():
            self.elsewhere.add(cell)
            self.tell(f"{cell.name}: another process trains in {cell.folder}")
        else:
            self.failed[cell] = message.splitlines()[-1] if message else f"exit {child.returncode}"
            self.tell(f"{cell.name}: {self.failed[cell]}")


def steps_made(cells: Sequence[Cell]) -> int:
    """The steps of all cells together, as their learning curves tell."""
    return sum(int(rows[-1]["step"] or 0) for rows in (cell.rows() for cell in cells) if rows)
