"""A grid of training runs, architectures × tasks × seeds: what is done, what is left, and training it.

Each cell is trained by an `icl-bench train` of its own, in a folder of its own, so that a sweep which is
killed, or a cell that fails, costs nothing but the steps since the last save.
"""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_bench.errors import CheckpointError
from icl_bench.evaluation.workers import one_thread
from icl_bench.models.layout import CONFIG_FILE
from icl_bench.specs.checkpoint import read_config
from icl_bench.training.log import LOG_FILE, Row, read_log
from icl_bench.training.run import STATE_FILE, RunPlan

POLL_SECONDS = 0.5
# glibc would give memory back to the system after every step, and ask for it again: a twentieth of a step
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**30)}


def cell_folder(out: Path, plan: RunPlan) -> Path:
    """Where a run belongs: all tasks of one architecture and seed side by side, as `evaluate` reads them."""
    return out / plan.suite / plan.architecture.name / f"seed-{plan.seed}" / plan.task.name


@dataclass(frozen=True)
class Cell:
    """One run of a sweep: the spec as it was named, what decides its weights, and its folder."""

    source: str
    plan: RunPlan
    out: Path

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
        return "begun" if (self.folder / STATE_FILE).is_file() else "left"

    def _is_ours(self) -> bool:
        try:
            config = read_config(self.folder)
        except CheckpointError:
            return False
        wanted, made = self.plan.identity(), {**(config.training or {}), "task": config.task}
        return config.spec.to_dict() == wanted.pop("spec") and all(
            made.get(k) == v for k, v in wanted.items()
        )

    def rows(self) -> list[Row]:
        """The learning curve so far, empty where there is none."""
        try:
            return read_log((self.folder / LOG_FILE).read_text())
        except (OSError, ValueError):
            return []

    def command(self, device: str) -> list[str]:
        """The `icl-bench train` that begins the cell, or goes on with it."""
        plan = self.plan
        command = [sys.executable, "-m", "icl_bench", "train", self.source, f"{plan.suite}/{plan.task.name}"]
        command += ["--quiet", "--half", "--seed", str(plan.seed), "--steps", str(plan.recipe.steps)]
        command += ["--device", device, "--out", str(self.folder)]
        return command + (["--resume"] if self.state() == "begun" else [])


@dataclass
class Sweep:
    """Trains cells, `workers` at a time. `tell` is given a line for each that ends."""

    cells: Sequence[Cell]
    workers: int
    device: str = "cpu"
    tell: Callable[[str], None] = print
    failed: dict[str, str] = field(default_factory=dict)  # cells by name, and what went wrong

    def run(self, advance: Callable[..., None]) -> None:
        """Train what is not done; `advance` is given the steps made in all.

        An interruption saves every run.
        """
        waiting = deque(cell for cell in self.cells if cell.state() in ("begun", "left"))
        running: dict[subprocess.Popen[str], tuple[Cell, float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    cell = waiting.popleft()
                    running[self._start(cell)] = cell, time.monotonic()
                time.sleep(POLL_SECONDS)
                for child in [child for child in running if child.poll() is not None]:
                    self._end(child, *running.pop(child))
                advance(steps_made(self.cells), "; ".join(cell.name for cell, _ in running.values()))
        finally:
            for child in running:
                child.send_signal(signal.SIGINT)  # it saves its state
            for child in running:
                child.communicate()

    def _start(self, cell: Cell) -> subprocess.Popen[str]:
        with one_thread():
            return subprocess.Popen(
                cell.command(self.device),
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
        else:
            self.failed[cell.name] = message.splitlines()[-1] if message else f"exit {child.returncode}"
            self.tell(f"{cell.name}: {self.failed[cell.name]}")


def steps_made(cells: Sequence[Cell]) -> int:
    """The steps of all cells together, as their learning curves tell."""
    return sum(int(rows[-1]["step"] or 0) for rows in (cell.rows() for cell in cells) if rows)
