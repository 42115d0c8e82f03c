"""A run of a torch module of one's own: it is trained as it was given, by the recipe of a task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from icl_bench.environment import describe_training
from icl_bench.errors import CheckpointError, InputError
from icl_bench.models.checkpoint import weights_folder
from icl_bench.models.model import shapes
from icl_bench.models.module_predictor import evaluating
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE
from icl_bench.specs.names import spec_name_fault
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.suite import TaskSpec
from icl_bench.training.plan import Plan, find_training


@dataclass(frozen=True)
class ModulePlan(Plan):
    """Everything that decides the weights a run ends with, beside those that the module begins with."""

    module: nn.Module  # (xs, ys) → predictions, tensors of (batch, points, d or k)
    name: str
    suite: str
    task: TaskSpec
    recipe: Recipe
    seed: int  # of the prompts
    compiled: bool = False

    def new_model(self, device: str) -> nn.Module:
        """The module itself, tried on prompts of random numbers.

        InputError where its answer has another shape, is not finite, cannot be trained or reads what comes
        later, and where its state holds what is no tensor. What the module raises, as for inputs of another
        size, goes to the caller.
        """
        strange = [name for name, value in self.module.state_dict().items() if not isinstance(value, Tensor)]
        if strange:
            raise InputError(
                f"{self.name} keeps {strange[0]!r}, which is no tensor, in its state; leave it out",
                code="no-tensor",
            )
        sizes, first = self.task.function_class, next(self.module.parameters())
        generator = torch.Generator().manual_seed(self.seed)
        xs, ys = (
            torch.randn(2, self.task.points, size, generator=generator).to(first.device)
            for size in (sizes.d, sizes.k)
        )
        with evaluating(self.module):
            answer = self.module(xs, ys)
            fault = _answer_fault(answer, ys) or self._reads_later(xs, ys, answer)
        if fault:
            raise InputError(f"{self.name} {fault}", code="unusable-module")
        return self.module

    def _reads_later(self, xs: Tensor, ys: Tensor, answer: Tensor) -> str | None:
        """Whether answers change with what comes after them; None where they do not."""
        place = self.task.points // 2
        later_xs, later_ys = xs.clone(), ys.clone()
        later_xs[:, place + 1 :] += 1
        later_ys[:, place:] += 1
        changed = self.module(later_xs, later_ys)
        if torch.allclose(changed[:, : place + 1], answer[:, : place + 1], rtol=1e-3, atol=1e-4):
            return None
        return "reads y_i, or what comes later, before it answers y_i; let it read y_{i-1} and earlier"

    def identity(self) -> dict[str, Any]:
        """What a saved state must agree with to be resumed: the name and shape of every tensor among it."""
        tensors = {name: list(shape) for name, shape in shapes(self.module).items()}
        trained = [name for name, parameter in self.module.named_parameters() if parameter.requires_grad]
        return {
            "module": self.name,
            "tensors": tensors,
            "trained": trained,
            "task": self.full_task,
            **self.provenance(),
        }

    def save(
        self, model: nn.Module, folder: Path, dtype: torch.dtype, texts: Mapping[str, str], outcome: Outcome
    ) -> None:
        """Write the module's tensors, how it was trained, and `texts` by file name, in place of a folder."""
        device = str(next(model.parameters()).device)
        training = self.provenance() | {
            **describe_training(device),
            "outcome": outcome.model_dump(mode="json"),
        }
        config = {"module": self.name, "task": self.full_task, "training": training}
        stored = _as_stored(model, dtype)
        with weights_folder(folder, {**texts, CONFIG_FILE: json.dumps(config, indent=2) + "\n"}) as part:
            save_file(stored, part / WEIGHTS_FILE)


def _answer_fault(answer: Any, ys: Tensor) -> str | None:
    """What keeps an answer from being trained towards targets; None where nothing does."""
    shape = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
    if shape != tuple(ys.shape):
        return f"answers {shape} to targets of shape {tuple(ys.shape)}; return predictions (batch, points, k)"
    if not bool(torch.isfinite(answer).all()):
        return "answers what is not finite before its first step; look at its weights"
    if not answer.requires_grad:
        return "answers without a gradient; compute the answer without no_grad and detach"
    return None


def _as_stored(model: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """The state as it is saved: parameters in float16 where that is wanted, else everything as it is."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    stored = {}
    for name, tensor in model.state_dict().items():
        halved = dtype == torch.float16 and name in parameters and tensor.is_floating_point()
        stored[name] = tensor.detach().to("cpu", dtype if halved else tensor.dtype, copy=True).contiguous()
        if halved and not bool(torch.isfinite(stored[name]).all()):
            raise CheckpointError(
                f"cannot save {name!r} in float16: it holds values that are not finite; leave out half=True",
                code="weights-not-finite",
            )
    return stored


def make_module_plan(
    module: nn.Module,
    task: str,
    seed: int = 0,
    *,
    name: str | None = None,
    steps: int | None = None,
    recipe: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    precision: str | None = None,
) -> ModulePlan:
    """The run of a module on SUITE/TASK, as `icl_bench.training.train` has its arguments.

    InputError where the name cannot be one, where the module has nothing to train, and as `make_plan`.
    """
    name = type(module).__name__.lower() if name is None else name
    fault = spec_name_fault(name)
    if fault:
        raise InputError(f"{name!r:.80} cannot name a run; give name=..., and {fault}")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise InputError(
            f"{name} has no parameter to train; give a module whose parameters require gradients"
        )
    suite, task_spec, chosen = find_training(task, recipe, steps, precision, changes, seed)
    return ModulePlan(module, name, suite.name, task_spec, chosen, seed)
