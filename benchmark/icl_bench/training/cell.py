"""A cell of a sweep: one run, the folder that it belongs in, and what that folder says of it."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from icl_bench.errors import CheckpointError
from icl_bench.models.shipped import SpecSource
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.specs.run_names import seed_folder
from icl_bench.training.log import LOG_FILE, Row, read_log
from icl_bench.training.module_plan import ModulePlan
from icl_bench.training.plan import RunPlan
from icl_bench.training.run_folder import LOCK_FILE, STATE_FILE

TO_TRAIN = ("begun", "left")  # states of cells


def cell_folder(out: Path, plan: RunPlan | ModulePlan) -> Path:
    """Where a run belongs: all tasks of one architecture and seed side by side, as `evaluate` reads them."""
    return seed_folder(out, plan.suite, plan.name, plan.seed) / plan.task.name


@dataclass(frozen=True, eq=False)
class Cell:
    """One run of a sweep: its spec as it was given, what decides its weights, and where its folder is."""

    source: SpecSource
    plan: RunPlan
    out: Path

    @property
    def source_name(self) -> str:
        """What its spec is called in messages: as it was given, or the name that it gives itself."""
        return str(self.source) if isinstance(self.source, str | Path) else self.plan.architecture.name

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
        saved = self._saved()
        ours = saved is None or not _differing(self.plan.identity(), saved[0])
        return "begun" if ours else "another run"

    def may_train_with(self, other: "Cell") -> bool:
        """Whether both are to be trained, have steps of one shape, and are at one step."""
        if not self.plan.has_the_steps_of(other.plan):
            return False
        state, saved = self.state(), self._saved()
        if state != other.state() or state not in TO_TRAIN:
            return False
        theirs = other._saved()
        return state == "left" or (saved is not None and theirs is not None and saved[1] == theirs[1])

    def differences(self) -> list[str]:
        """In what the run that the folder holds differs, as `spec` or `recipe.steps`; of one that cannot be
        read `config.json`."""
        saved, held = self._saved(), self._finished()
        if held is None and saved is not None:
            held = saved[0]
        return [CONFIG_FILE] if held is None else _differing(self.plan.identity(), held)

    def _is_ours(self) -> bool:
        held = self._finished()
        return held is not None and not _differing(self.plan.identity(), held)

    def _finished(self) -> dict[str, Any] | None:
        """What a finished run belongs to; None where none can be read."""
        try:
            config = read_config(self.folder)
        except CheckpointError:
            return None
        return {**(config.training or {}), "spec": config.spec.to_dict(), "task": config.task}

    def _saved(self) -> tuple[dict[str, Any], int] | None:
        """What the saved state belongs to, and its step."""
        return _read_state(self.folder)

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


def saved_step(folder: Path) -> int | None:
    """The step that a run in a folder is saved at; None where it is not, or its state is damaged."""
    saved = _read_state(folder)
    return None if saved is None else saved[1]


def _read_state(folder: Path) -> tuple[dict[str, Any], int] | None:
    """What a saved state belongs to, and its step.

    None where there is none, or it is damaged, which training reports to whoever resumes it.
    """
    try:  # mapped, not read: the weights and moments beside it may be large
        state = torch.load(folder / STATE_FILE, weights_only=True, mmap=True, map_location="cpu")
        return dict(state["identity"]), int(state["step"])
    except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
        return None


def _differing(wanted: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """The keys of a plan's identity that another has otherwise; of the recipe each, as `recipe.steps`."""
    keys = [key for key, value in wanted.items() if held.get(key) != value]
    mine, theirs = wanted["recipe"], held.get("recipe")
    if "recipe" not in keys or not isinstance(theirs, dict):
        return keys
    inner = [f"recipe.{key}" for key in mine | theirs if mine.get(key) != theirs.get(key)]
    return [key for key in keys if key != "recipe"] + inner


def steps_made(cells: Sequence[Cell]) -> int:
    """The steps of all cells together, as their learning curves say."""
    return sum(int(rows[-1]["step"] or 0) for rows in (cell.rows() for cell in cells) if rows)
