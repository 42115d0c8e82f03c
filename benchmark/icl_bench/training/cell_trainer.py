"""Trains cells in processes of their own, several at a time.

Each process ends with this one, so that a sweep which is killed, or a cell that fails, costs nothing but the
steps since the last save. A process may train several runs of one shape together
(`icl_bench.training.group`), where a GPU gains by it.
"""

import itertools
import json
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from icl_bench.training import supervised
from icl_bench.training.cell import TO_TRAIN, Cell, steps_made
from icl_bench.workers import KEEP_MEMORY, one_thread

POLL_SECONDS = 0.5


@dataclass
class CellTrainer:
    """Trains cells, in `workers` processes at a time. `report` is given a line for each cell that ends."""

    cells: Sequence[Cell]
    workers: int
    device: str = "cpu"
    report: Callable[[str], None] = print
    together: int = 1  # runs of one shape that one process trains at most
    locked: bool = True  # keep other processes of this machine from the folders
    failed: dict[Cell, str] = field(default_factory=dict)  # and what went wrong
    elsewhere: set[Cell] = field(default_factory=set)  # found in training by another process

    def run(self, advance: Callable[..., None]) -> None:
        """Train what is not done; `advance` is given the steps made in all.

        An interruption saves every run.
        """
        waiting = deque(self.cells)
        running: dict[subprocess.Popen[str], tuple[list[Cell], float]] = {}
        childrens_input, held_open = os.pipe()
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    if cells := self._next(waiting):
                        running[self._start(cells, childrens_input)] = cells, time.monotonic()
                time.sleep(POLL_SECONDS)
                for process in [process for process in running if process.poll() is not None]:
                    self._end(process, *running.pop(process))
                names = (cell.name for cells, _ in running.values() for cell in cells)
                advance(steps_made(self.cells), "; ".join(names))
        finally:
            os.close(held_open)  # every child saves its state and ends
            for process in running:
                process.communicate()
            os.close(childrens_input)

    def _next(self, waiting: deque[Cell]) -> list[Cell]:
        """Take the cells that the next process trains: none where the first of those that wait is done."""
        first = waiting.popleft()
        if first.state() not in TO_TRAIN:  # another sweep may have trained it meanwhile
            return []
        others = (cell for cell in list(waiting) if cell.may_train_with(first))
        cells = [first, *itertools.islice(others, self.together - 1)]
        for cell in cells[1:]:
            waiting.remove(cell)
        return cells

    def state(self, cell: Cell) -> str:
        """That of the cell, or what kept this sweep from training it: `failed` or `in another process`."""
        state = cell.state()
        if state == "done":
            return state
        if cell in self.elsewhere:
            return "in another process"
        return "failed" if cell in self.failed else state

    def _start(self, cells: Sequence[Cell], standard_input: int) -> subprocess.Popen[str]:
        resume = cells[0].state() == "begun"
        with one_thread():
            return subprocess.Popen(
                supervised.command(
                    {cell.folder: cell.plan for cell in cells}, self.device, resume, self.locked
                ),
                stdin=standard_input,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | KEEP_MEMORY,
                start_new_session=True,  # an interruption from the terminal reaches it through us, once
            )

    def _end(self, process: "subprocess.Popen[str]", cells: Sequence[Cell], started: float) -> None:
        """Report each cell of a process that has ended."""
        output, message = process.communicate()
        for cell in cells:
            fault = _fault(cell, process.returncode, output, message)
            if fault is None or cell.state() == "done":  # it may be done before its process is killed
                self.report(f"{cell.name}: {_score(cell)}{(time.monotonic() - started) / 60:.1f} min")
            elif cell.trained_elsewhere():
                self.elsewhere.add(cell)
                self.report(f"{cell.name}: another process trains in {cell.folder}")
            else:
                self.failed[cell] = fault
                self.report(f"{cell.name}: {fault}")


def _score(cell: Cell) -> str:
    rows = cell.rows()
    score = rows[-1]["dev_score"] if rows else None
    return "" if score is None else f"dev score {score:.3f}, "


def _fault(cell: Cell, code: int, output: str, message: str) -> str | None:
    """What went wrong with a cell whose process ended with this exit code and outputs; None: nothing."""
    if code == 0:
        return None
    try:
        fault: str | None = json.loads(output).get(str(cell.folder))
    except ValueError:  # it ended before it could report
        fault = message.strip().splitlines()[-1] if message.strip() else f"exit {code}"
    return fault
