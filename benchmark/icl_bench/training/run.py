"""One training run: a spec, a task, a recipe and a seed; resumable to the bit on the same machine."""

import io
import math
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from icl_bench.errors import CheckpointError, InputError
from icl_bench.evaluation.environment import describe_environment
from icl_bench.files import whole_file, write_text
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.device import usable_device
from icl_bench.models.initialise import initialise
from icl_bench.models.layout import CONFIG_FILE
from icl_bench.models.model import ICLModel
from icl_bench.resources import cores, threads
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.training.dev import DevScore
from icl_bench.training.log import CURVE_FILE, LOG_FILE, TrainingLog, log_every
from icl_bench.training.precision import compiled_model, training_precision
from icl_bench.training.prompts import training_batch

STATE_FILE = "state.pt"
LOCK_FILE = "run.lock"  # held by the process that trains in the folder
DIVERGED = 1_000  # a mean loss this many times that of answering 0


@dataclass(frozen=True)
class RunPlan:
    """Everything that decides the weights a run ends with, machine aside."""

    architecture: ArchitectureSpec
    suite: str
    task: TaskSpec
    recipe: Recipe
    seed: int
    compiled: bool = False  # trained with `torch.compile`: other last bits

    def __post_init__(self) -> None:
        tokens, longest = 2 * self.task.points - 1, self.architecture.max_tokens()
        if longest is not None and tokens > longest:
            raise InputError(
                f"{self.architecture.name} has {longest} positions and a prompt of {self.suite}/"
                f"{self.task.name} has {tokens} tokens; raise positions.max_tokens to {tokens}"
            )

    def provenance(self) -> dict[str, Any]:
        """As plain data: what a checkpoint's `config.json` says of its training."""
        return {
            "seed": self.seed,
            "recipe": self.recipe.model_dump(mode="json"),
            "compiled": self.compiled,
        }

    def new_model(self, device: str) -> ICLModel:
        """The model at step 0; its weights are drawn from the run's seed.

        Its config says what it is trained with: the recipe and seed, and the versions and device at hand.
        """
        environment = describe_environment(device).model_dump(mode="json")
        model = ICLModel(
            spec=self.architecture.to_dict(),
            d=self.task.function_class.d,
            k=self.task.function_class.k,
            task=f"{self.suite}/{self.task.name}",
            target_scale=self.recipe.target_scale,
            training={**self.provenance(), "environment": environment},
        )
        initialise(model, torch.Generator().manual_seed(self.seed))
        return model

    def identity(self) -> dict[str, Any]:
        """What a saved state must agree with to be resumed."""
        return {
            "spec": self.architecture.to_dict(),
            "task": f"{self.suite}/{self.task.name}",
            **self.provenance(),
        }


@dataclass
class TrainingRun:
    """The state of a run between two steps. `folder` receives the state and the log."""

    plan: RunPlan
    folder: Path
    device: str = "cpu"
    step: int = 0
    log: TrainingLog = field(default_factory=TrainingLog)

    def __post_init__(self) -> None:
        device = usable_device(self.device)
        recipe = self.plan.recipe
        if recipe.precision == "tf32" and device.type != "cuda":
            raise InputError(f"tf32 is for GPUs and changes nothing on {device}; train in float32 or bf16")
        self.model = self.plan.new_model(self.device).to(device).train()
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=recipe.learning_rate, fused=True)
        self._forward = self._compiled(device) if self.plan.compiled else self.model
        self._dev = DevScore(self.plan.suite, self.plan.task)
        self._log_every = log_every(recipe.steps)
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self._largest_loss = DIVERGED * self._dev.mean_zero_error * recipe.target_scale**2
        self._saved_at = time.monotonic()
        self._lock = FileLock(self.folder / LOCK_FILE, timeout=0)

    @property
    def finished(self) -> bool:
        """Whether every step of the recipe is done."""
        return self.step >= self.plan.recipe.steps

    def _compiled(self, device: torch.device) -> Callable[..., torch.Tensor]:
        xs, ys = (torch.from_numpy(part).to(device) for part in self._prompts(0))
        with training_precision(self.plan.recipe.precision, self.device):
            return compiled_model(self.model, device, xs, ys)

    def _prompts(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return training_batch(self.plan.suite, self.plan.task, self.plan.recipe, self.plan.seed, step)

    def advance(self) -> bool:
        """One step of the optimiser; whether it ended with a row of the log.

        InputError where the loss is no longer a number, or far above that of answering 0.
        """
        plan, step = self.plan, self.step
        xs, ys = self._prompts(step)
        with training_precision(plan.recipe.precision, self.device):
            loss = self._loss(torch.from_numpy(xs).to(self.device), torch.from_numpy(ys).to(self.device))
            for group in self.optimiser.param_groups:
                group["lr"] = plan.recipe.rate(step)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        self._loss_sum += loss.detach()
        self.step += 1
        if self.step % self._log_every and not self.finished:
            return False
        self._log_row(xs.shape[1])
        return True

    def _loss(self, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        """Mean squared error of the scaled targets over the scored positions."""
        errors = (self._forward(xs, ys) - ys) * self.plan.recipe.target_scale
        if self.plan.task.scored == "last":
            errors = errors[:, -1:]
        return errors.square().mean()

    def _log_row(self, points: int) -> None:
        loss = self._loss_sum.item() / (self.step - self.log.last_step)
        self._loss_sum.zero_()
        if not math.isfinite(loss) or loss > self._largest_loss:
            raise InputError(
                f"training of {self.plan.architecture.name} diverged before step {self.step} "
                f"(loss {loss:.3g}); lower the learning rate or add warm-up"
            )
        curriculum, d = self.plan.recipe.curriculum, self.plan.task.function_class.d
        self.log.rows.append(
            {
                "step": self.step,
                "loss": loss,
                "dev_score": self._dev(self.model),
                "learning_rate": self.plan.recipe.rate(self.step - 1),
                "dims": curriculum.dims.at(self.step - 1, d) if curriculum else d,
                "points": points,
            }
        )

    def start(self) -> None:
        """Claim the folder for a new run. InputError where it holds anything: a run, or what is not ours."""
        if (self.folder / CONFIG_FILE).exists():
            raise InputError(f"{self.folder} holds a finished run; name another --out")
        if (self.folder / LOG_FILE).exists():
            raise InputError(f"{self.folder} already holds a run; go on with --resume, or name another --out")
        held = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        if [path for path in held if path.name != LOCK_FILE]:
            raise InputError(f"{self.folder} is not empty (it holds {held[0].name!r}); name a new folder")
        self.save()
        self._claim()

    def _claim(self) -> None:
        """InputError where another process trains in the folder."""
        try:
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"another process trains in {self.folder}; wait for it, or name another --out"
            ) from None

    def release(self) -> None:
        """Let another process train in the folder, as the end of this one does."""
        self._lock.release()

    def save_if_older(self, seconds: float) -> None:
        """Save where the last save (or the start) is more than `seconds` ago."""
        if time.monotonic() - self._saved_at > seconds:
            self.save()

    def finish(self, half: bool) -> None:
        """Put the checkpoint and the log in the folder's place, the state no longer needed."""
        dtype = torch.float16 if half else torch.float32
        run = (
            f"{self.plan.architecture.name} on {self.plan.suite}/{self.plan.task.name}, seed {self.plan.seed}"
        )
        curve = {LOG_FILE: self.log.as_csv(), CURVE_FILE: self.log.as_svg(run)}
        save_checkpoint(self.model, self.folder, dtype, extra=curve, replaces=[STATE_FILE, LOCK_FILE])
        self.release()

    def save(self) -> None:
        """Write the state and the log into the folder, each whole or not at all."""
        state = {
            "identity": self.plan.identity(),
            "step": self.step,
            "log": self.log.rows,
            "loss_sum": self._loss_sum.item(),
            "threads": threads(),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        content = io.BytesIO()  # torch.save tells a full disk in words of its own, a plain write does not
        torch.save(state, content)
        with whole_file(self.folder / STATE_FILE) as part:
            part.write_bytes(content.getbuffer())
        self.write_log()
        self._saved_at = time.monotonic()

    def write_log(self) -> None:
        """Write the learning curve so far into the folder."""
        write_text(self.folder / LOG_FILE, self.log.as_csv())

    def resume(self) -> None:
        """Take up the state in the folder. CheckpointError where it is damaged or belongs to another run."""
        path = self.folder / STATE_FILE
        if not path.exists() and (self.folder / CONFIG_FILE).exists():
            raise CheckpointError(
                f"nothing to resume: the run in {self.folder} is finished; score it with icl-bench evaluate"
            )
        if not path.exists():
            raise CheckpointError(
                f"nothing to resume: no {STATE_FILE} in {self.folder}; train without --resume"
            )
        self._claim()
        try:
            self._take_up(path)
        except BaseException:
            self.release()
            raise

    def _take_up(self, path: Path) -> None:
        try:
            state = torch.load(path, weights_only=True, map_location=self.device)
            self._refuse_another(path, state["identity"])
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.log = state["step"], TrainingLog(state["log"])
            self._loss_sum.fill_(state["loss_sum"])
            torch.set_num_threads(min(state["threads"], cores()))  # other threads give other last bits
        except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
            raise CheckpointError(f"{path} is damaged; remove it to train from the start") from None

    def _refuse_another(self, path: Path, saved: dict[str, Any]) -> None:
        differing = [key for key, value in self.plan.identity().items() if saved.get(key) != value]
        if differing:
            raise CheckpointError(
                f"{path} belongs to a run with another {' and '.join(differing)}; name another --out"
            )
