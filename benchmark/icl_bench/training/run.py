"""One training run: a plan, carried out step by step; resumable to the bit on the same machine."""

from collections.abc import Callable
from functools import partial

import torch

from icl_bench.training.device_errors import device_faults
from icl_bench.training.module_plan import ModulePlan
from icl_bench.training.plan import RunPlan
from icl_bench.training.precision import compiled_model, forward_autocast, training_precision
from icl_bench.training.prompts import PromptQueue, on_device, training_batch
from icl_bench.training.state import RunState

AHEAD = 3  # steps whose prompts are made while an accelerator computes


class TrainingRun(RunState):
    """A run whose model is trained by itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        plan = self.plan
        make = partial(training_batch, plan.suite, plan.task, plan.recipe, plan.seed)
        self._queue = PromptQueue(make, 0 if self._on.type == "cpu" else AHEAD)
        with device_faults(None):
            self._forward = self._compiled() if plan.compiled else self._eager

    def _eager(self, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        with forward_autocast(self.plan.recipe.precision, self._on):
            return self.model(xs, ys)

    def _compiled(self) -> Callable[..., torch.Tensor]:
        precision, task = self.plan.recipe.precision, self.plan.task
        whole = (task.points, task.function_class.d, task.function_class.k)
        with training_precision(precision):
            return compiled_model(self.model, precision, on_device(self._queue.at(0), self._on), whole)

    def advance(self) -> bool:
        """One step of the optimiser; whether it ended with a row of the log.

        InputError where the loss is no longer a number, or far above that of answering 0, and where the
        device fails. After any error, an interruption too, the run is that of no step: resume the saved one.
        """
        with device_faults(self.step):
            return self.count_step(self.make_step())

    def make_step(self) -> int:
        """One step of the optimiser, to be counted; the points of its prompts."""
        plan, step = self.plan, self.step
        xs, ys = on_device(self._queue.at(step), self._on)
        self.optimiser.zero_grad()  # before the forward pass, which may use the memory again
        with training_precision(plan.recipe.precision):
            loss = training_errors(plan, self._forward(xs, ys), ys).square().mean()
            loss.backward()
            self.optimiser.step(plan.recipe.schedule(step, self.end))
        self.loss_sum += loss.detach()
        return xs.shape[1]


def training_errors(plan: RunPlan | ModulePlan, predictions: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
    """What a loss is the mean square of: errors of the scaled targets at the scored points.

    predictions and ys: (…, points, k), of prompts that a curriculum may have ended early. Returns
    (…, scored points, k). Slices alone are taken, which a CUDA graph can record.
    """
    errors = (predictions - ys) * plan.recipe.target_scale
    scored = plan.task.scored_points.of_first(errors.shape[-2])
    if scored.every:
        return errors
    first, *others = (errors[..., run, :] for run in scored.runs)
    return torch.cat([first, *others], dim=-2) if others else first
