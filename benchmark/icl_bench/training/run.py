"""One training run: a spec, a task, a recipe and a seed; resumable to the bit on the same machine."""

import csv
import io
import math
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from icl_bench.errors import CheckpointError, InputError
from icl_bench.evaluation.environment import describe_environment
from icl_bench.files import whole_file, write_text
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.device import usable_device
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.training.prompts import training_batch

STATE_FILE = "state.pt"
LOG_FILE = "training.csv"
LOG_FIELDS = ("step", "loss", "learning_rate", "dims", "points")
LOG_EVERY = 100  # steps behind one row of the log: the mean of their losses


@dataclass(frozen=True)
class RunPlan:
    """Everything that decides the weights a run ends with, machine aside."""

    architecture: ArchitectureSpec
    suite: str
    task: TaskSpec
    recipe: Recipe
    seed: int

    def __post_init__(self) -> None:
        tokens, longest = 2 * self.task.points - 1, self.architecture.max_tokens()
        if longest is not None and tokens > longest:
            raise InputError(
                f"{self.architecture.name} has {longest} positions and a prompt of {self.suite}/"
                f"{self.task.name} has {tokens} tokens; raise positions.max_tokens to {tokens}"
            )

    def provenance(self) -> dict[str, Any]:
        """As plain data: what a checkpoint's `config.json` says of its training."""
        return {"seed": self.seed, "recipe": self.recipe.model_dump(mode="json")}

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
    log: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        device = usable_device(self.device)
        self.model = self.plan.new_model(self.device).to(device).train()
        self.optimiser = torch.optim.Adam(
            self.model.parameters(), lr=self.plan.recipe.learning_rate, fused=True
        )
        self._loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        self._saved_at = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether every step of the recipe is done."""
        return self.step >= self.plan.recipe.steps

    def advance(self) -> None:
        """One step of the optimiser. InputError where the loss is no longer a number."""
        plan, step = self.plan, self.step
        xs, ys = training_batch(plan.suite, plan.task, plan.recipe, plan.seed, step)
        loss = self._loss(torch.from_numpy(xs).to(self.device), torch.from_numpy(ys).to(self.device))
        for group in self.optimiser.param_groups:
            group["lr"] = plan.recipe.rate(step)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self._loss_sum += loss.detach()
        self.step += 1
        if self.step % LOG_EVERY == 0 or self.finished:
            self._log_row(xs.shape[1])

    def _loss(self, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        """Mean squared error of the scaled targets over the scored positions."""
        errors = (self.model(xs, ys) - ys) * self.plan.recipe.target_scale
        if self.plan.task.scored == "last":
            errors = errors[:, -1:]
        return errors.square().mean()

    def _log_row(self, points: int) -> None:
        loss = self._loss_sum.item() / (self.step - (self.log[-1]["step"] if self.log else 0))
        self._loss_sum.zero_()
        if not math.isfinite(loss):
            raise InputError(
                f"training of {self.plan.architecture.name} diverged before step {self.step}; "
                "lower the learning rate or add warm-up"
            )
        curriculum, d = self.plan.recipe.curriculum, self.plan.task.function_class.d
        dims = curriculum.dims.at(self.step - 1, d) if curriculum else d
        rate = self.plan.recipe.rate(self.step - 1)
        self.log.append(dict(zip(LOG_FIELDS, (self.step, loss, rate, dims, points), strict=True)))

    def start(self) -> None:
        """Claim the folder for a new run. InputError where it holds anything: a run, or what is not ours."""
        if (self.folder / LOG_FILE).exists():
            raise InputError(f"{self.folder} already holds a run; go on with --resume, or name another --out")
        held = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        if held:
            raise InputError(f"{self.folder} is not empty (it holds {held[0].name!r}); name a new folder")
        self.save()

    def save_if_older(self, seconds: float) -> None:
        """Save where the last save (or the start) is more than `seconds` ago."""
        if time.monotonic() - self._saved_at > seconds:
            self.save()

    def finish(self, half: bool) -> None:
        """Put the checkpoint and the log in the folder's place, the state no longer needed."""
        dtype = torch.float16 if half else torch.float32
        log = {LOG_FILE: self.log_text()}
        save_checkpoint(self.model, self.folder, dtype, extra=log, replaces=[STATE_FILE])

    def save(self) -> None:
        """Write the state and the log into the folder, each whole or not at all."""
        state = {
            "identity": self.plan.identity(),
            "step": self.step,
            "log": self.log,
            "loss_sum": self._loss_sum.item(),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        content = io.BytesIO()  # torch.save tells a full disk in words of its own, a plain write does not
        torch.save(state, content)
        with whole_file(self.folder / STATE_FILE) as part:
            part.write_bytes(content.getbuffer())
        write_text(self.folder / LOG_FILE, self.log_text())
        self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Take up the state in the folder. CheckpointError where it is damaged or belongs to another run."""
        path = self.folder / STATE_FILE
        if not path.exists():
            raise CheckpointError(
                f"nothing to resume: no {STATE_FILE} in {self.folder}; train without --resume"
            )
        try:
            state = torch.load(path, weights_only=True, map_location=self.device)
            self._refuse_another(path, state["identity"])
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.log = state["step"], state["log"]
            self._loss_sum.fill_(state["loss_sum"])
        except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError):
            raise CheckpointError(f"{path} is damaged; remove it to train from the start") from None

    def _refuse_another(self, path: Path, saved: dict[str, Any]) -> None:
        differing = [key for key, value in self.plan.identity().items() if saved.get(key) != value]
        if differing:
            raise CheckpointError(
                f"{path} belongs to a run with another {' and '.join(differing)}; name another --out"
            )

    def log_text(self) -> str:
        """The learning curve as CSV, a row every LOG_EVERY steps."""
        text = io.StringIO()
        writer = csv.DictWriter(text, LOG_FIELDS, lineterminator="\n")
        writer.writeheader()
        for row in self.log:
            writer.writerow(
                {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
            )
        return text.getvalue()
