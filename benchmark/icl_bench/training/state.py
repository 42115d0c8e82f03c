"""What a run is between two steps, however its steps are made: its log, its end, and its saved state."""

import io
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from icl_bench.errors import CheckpointError, InputError
from icl_bench.models.device import usable_device
from icl_bench.resources import cores, threads
from icl_bench.specs.outcome import Outcome
from icl_bench.training.convergence import outcome, shortened_end
from icl_bench.training.dev_score import Development
from icl_bench.training.device_errors import device_faults
from icl_bench.training.log import CURVE_FILE, LOG_FILE, TrainingLog, log_every
from icl_bench.training.module_plan import ModulePlan
from icl_bench.training.optimiser import RecipeOptimiser
from icl_bench.training.plan import RunPlan
from icl_bench.training.run_folder import RunFolder

SAVE_EVERY_SECONDS = 60.0
DIVERGED = 1_000  # a mean loss this many times that of answering 0
LOOK_EVERY = 100  # steps between checks of the loss, where a check waits for an accelerator


@dataclass(eq=False)
class RunState:
    """A run of a plan. `folder` receives the state and the log.

    Where it is `locked` no other process of the machine trains in the folder. A scheduler that gives each run
    to one job needs no lock, which not every shared file system has.

    The caller of a step adds its loss to `loss_sum`, changes the model, and then calls `count_step`.
    """

    plan: RunPlan | ModulePlan
    folder: Path
    device: str = "cpu"
    step: int = 0
    locked: bool = True
    log: TrainingLog = field(default_factory=TrainingLog)
    development: Development | None = None  # that of another run of the task, which takes seconds to make

    def __post_init__(self) -> None:
        if self.device.startswith("mps"):
            raise InputError(
                f"training runs on cpu or cuda, not on {self.device}; use --device cpu",
                code="training-device",
            )
        device = self._on = usable_device(self.device)
        recipe = self.plan.recipe
        if recipe.precision == "tf32" and device.type != "cuda":
            raise InputError(
                f"tf32 is for GPUs and changes nothing on {device}; train in float32 or bf16", code="no-tf32"
            )
        with device_faults(None):
            self.model = self.plan.new_model(self.device).to(device).train()
            self.optimiser = RecipeOptimiser(self.model, recipe)
        self._dev = self.development or Development(self.plan.suite, self.plan.task)
        self._end = recipe.steps
        self._log_every = log_every(recipe.steps)
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self._largest_loss = DIVERGED * self._dev.mean_zero_error * recipe.target_scale**2
        self._saved_at = time.monotonic()
        self._files = RunFolder(self.folder, self.locked)

    @property
    def finished(self) -> bool:
        """Whether every step is done: those of the recipe, or fewer by its stopping rule."""
        return self.step >= self.end

    @property
    def end(self) -> int:
        """The number of steps, as far as is known."""
        return self._end

    def count_step(self, points: int) -> bool:
        """Note that a step was made on prompts of so many points; whether it ended with a row of the log.

        InputError where the loss is no longer a number, or far above that of answering 0.
        """
        self.step += 1
        row = self.step % self._log_every == 0 or self.finished
        if row or self._on.type == "cpu" or self.step % LOOK_EVERY == 0:
            self._refuse_divergence(row)
        if row:
            self._log_row(points)
        return row

    def _refuse_divergence(self, row: bool) -> None:
        """InputError where the next row's loss is, or is already sure to be, no number or far too large."""
        total, steps = self.loss_sum.item(), self.step - self.log.last_step
        if not total <= self._largest_loss * (steps if row else self._log_every):
            raise InputError(
                f"training of {self.plan.name} diverged by step {self.step} "
                f"(loss {total / steps:.3g}); give --recipe a file with a lower learning "
                "rate or more warm-up, and another --out",
                code="diverged",
            )

    def _log_row(self, points: int) -> None:
        loss = self.loss_sum.item() / (self.step - self.log.last_step)
        self.loss_sum.zero_()
        recipe, d = self.plan.recipe, self.plan.task.function_class.d
        curriculum = recipe.curriculum
        dev = self._dev(self.model)
        self.log.rows.append(
            {
                "step": self.step,
                "loss": loss,
                "dev_score": dev.score,
                "dev_optimality": dev.optimality,
                "learning_rate": recipe.learning_rate * recipe.schedule(self.step - 1, self._end),
                "dims": curriculum.dims.at(self.step - 1, d) if curriculum else d,
                "points": points,
            }
        )
        if self._end == recipe.steps:
            self._end = shortened_end(self.log.rows, recipe) or self._end

    def start(self) -> None:
        """Claim the folder for a new run. InputError where it holds anything: a run, or what is not ours."""
        with self._files.claim_new():
            self.save()

    def release(self) -> None:
        """Let another process train in the folder, as the end of this one does."""
        self._files.release()

    def save_if_due(self) -> None:
        """Save where the last save (or the start) is more than SAVE_EVERY_SECONDS ago."""
        if time.monotonic() - self._saved_at > SAVE_EVERY_SECONDS:
            self.save()

    def finish(self, half: bool) -> Outcome:
        """Put the checkpoint and the log into the folder, and say how the run ended; its state goes."""
        ending = outcome(self.log.rows, self.plan.recipe, self.step)
        dtype = torch.float16 if half else torch.float32
        run = f"{self.plan.name} on {self.plan.suite}/{self.plan.task.name}, seed {self.plan.seed}"
        curve = {LOG_FILE: self.log.as_csv(), CURVE_FILE: self.log.as_svg(run)}
        self._files.finish(lambda folder: self.plan.save(self.model, folder, dtype, curve, ending), curve)
        return ending

    def save(self) -> None:
        """Write the state and the log into the folder, each whole or not at all."""
        content = io.BytesIO()  # on a full disk torch.save raises an error of its own, a write OSError
        with device_faults(self.step):
            state = {
                "identity": self.plan.identity(),
                "step": self.step,
                "end": self._end,
                "log": self.log.rows,
                "loss_sum": self.loss_sum.item(),
                "threads": threads(),
                "model": {name: own.clone() for name, own in self.model.state_dict().items()},  # no slices
                "optimiser": self.optimiser.state_dict(),
            }
            torch.save(state, content)
        self._files.write_state(content.getbuffer())
        self.write_log()
        self._saved_at = time.monotonic()

    def write_log(self) -> None:
        """Write the learning curve so far into the folder."""
        self._files.write_log(self.log.as_csv())

    def resume(self) -> None:
        """Take up the state in the folder. CheckpointError where it is damaged or belongs to another run."""
        with self._files.claim_begun():
            self._take_up(self._files.read_state())

    def _take_up(self, content: bytes) -> None:
        path = self._files.state
        try:
            with device_faults(None):
                state = torch.load(io.BytesIO(content), weights_only=True, map_location=self.device)
                self._refuse_another(path, dict(state["identity"]))
                if "end" not in state and isinstance(state.get("optimiser"), dict):
                    raise CheckpointError(
                        f"{path} was saved by an older icl-bench; continue with that, "
                        f"or remove {self.folder}",
                        code="older-state",
                    )
                self.model.load_state_dict(state["model"])
                self.optimiser.load_state_dict(state["optimiser"])
                self.step, self.log = int(state["step"]), TrainingLog(state["log"])
                self._end = int(state["end"])
                self.loss_sum.fill_(state["loss_sum"])
                torch.set_num_threads(min(state["threads"], cores()))  # other threads give other last bits
        except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
            raise CheckpointError(
                f"{path} is damaged; remove {self.folder} to train from the start", code="damaged-state"
            ) from None

    def _refuse_another(self, path: Path, saved: dict[str, Any]) -> None:
        differing = [key for key, value in self.plan.identity().items() if saved.get(key) != value]
        if differing:
            raise CheckpointError(
                f"{path} belongs to a run with another {' and '.join(differing)}; name another --out",
                code="other-run",
            )
