"""Cells of a sweep as the work of jobs of a cluster."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icl_bench.errors import InputError
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.training.cell import Cell, saved_step
from icl_bench.training.group import RunGroup
from icl_bench.training.plan import RunPlan
from icl_bench.training.run_folder import STATE_FILE


@dataclass(frozen=True)
class TrainCell:
    """One run, which is begun, or resumed where a job has saved it. See `icl_bench.cluster.work.Work`."""

    key: str
    folder: Path
    identity: dict[str, Any]  # of its plan
    device: str

    @classmethod
    def of_cell(cls, cell: Cell, device: str) -> "TrainCell":
        """The work that makes a cell's checkpoint."""
        return cls(cell_key(cell), Path(os.path.abspath(cell.folder)), cell.plan.identity(), device)

    @property
    def request(self) -> str:
        """What its plan says."""
        return json.dumps(self.identity, sort_keys=True)

    def is_done(self) -> bool:
        """Whether the folder holds a finished checkpoint."""
        return (self.folder / CONFIG_FILE).is_file()

    def saved(self) -> object:
        """The step of the saved state."""
        return self.is_done() or saved_step(self.folder)

    def run(self) -> None:
        """Train. InputError, of which all other errors are, where the run fails."""
        group = RunGroup.of_plans(
            {self.folder: RunPlan.of_identity(self.identity)}, self.device, locked=False
        )
        try:
            group.run_to_end(resume=(self.folder / STATE_FILE).is_file())
        except KeyboardInterrupt:
            for message in group.failed.values():  # it could not be saved
                print(f"{self.key}: {message}", file=sys.stderr, flush=True)
            raise
        for message in group.failed.values():
            raise InputError(message.removeprefix("error: "))


def cell_key(cell: Cell) -> str:
    """The path of a cell's folder below that of all runs: SUITE/NAME/seed-SEED/TASK."""
    return cell.folder.relative_to(cell.out).as_posix()
