"""The steps of runs of one shape, as those of several seeds, made for all of them at once.

Every run has prompts, rates, a gradient norm and optimiser moments of its own, so that it ends as it ends
alone, up to rounding. On a CPU nothing is gained: three take 1.3 (mamba) to 1.8 times (gpt2) as long as one
after the other (`tests/performance/bench.py together`). On a GPU, which a small model leaves idle, the whole
step is recorded as a CUDA graph.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from icl_bench.training.captured import RecordedStep, Recorder, Step, as_cuda_graph
from icl_bench.training.device_errors import device_faults
from icl_bench.training.module_plan import ModulePlan
from icl_bench.training.optimiser import change_parameters
from icl_bench.training.plan import RunPlan
from icl_bench.training.precision import forward_autocast, training_precision
from icl_bench.training.prompts import Batch, PromptQueue, on_device, training_batch
from icl_bench.training.run import AHEAD, training_errors
from icl_bench.training.stacked import StackedModels
from icl_bench.training.state import RunState


class BatchedStep:
    """Makes steps of runs that are at one step; they are counted by who asks for them."""

    def __init__(self, runs: Sequence[RunState], record: Recorder | None = None) -> None:
        """`record` turns a step into one that is carried out again; on CUDA as a graph unless given."""
        self._runs = list(runs)
        self._plan, self._on = runs[0].plan, torch.device(runs[0].device)
        on_cpu = self._on.type == "cpu"
        self._queue = PromptQueue(partial(_stacked_batch, [run.plan for run in runs]), 0 if on_cpu else AHEAD)
        self._losses = torch.stack([run.loss_sum for run in runs])
        with device_faults(None):
            self._models = StackedModels([run.model for run in runs])
        for run, loss_sum in zip(runs, self._losses.unbind(), strict=True):
            run.loss_sum = loss_sum
        self._pass = self._recorded(record or (None if on_cpu else as_cuda_graph))

    def _recorded(self, record: Recorder | None) -> Step:
        if record is None or self._plan.recipe.curriculum is not None:  # whose prompts change their shape
            return self._eager
        for run in self._runs:
            run.optimiser.keep_rates_on_device()
        return RecordedStep(self._eager, record)

    def __call__(self) -> int:
        """Make the next step; the points of its prompts."""
        step = self._runs[0].step
        xs, ys = on_device(self._queue.at(step), self._on)
        for run in self._runs:
            run.optimiser.set_share(run.plan.recipe.schedule(step, run.end))
        self._losses += self._pass(xs, ys)
        return xs.shape[2]

    def _eager(self, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        """The losses of a step on prompts (runs, batch, points, d or k)."""
        precision = self._plan.recipe.precision
        self._models.zero_grad()
        with training_precision(precision):
            with forward_autocast(precision, self._on):
                predictions = self._models(xs, ys)
            losses = training_errors(self._plan, predictions, ys).square().mean((1, 2, 3))
            self._models.backward(losses)
            change_parameters([run.optimiser for run in self._runs])
        return losses.detach()


def _stacked_batch(plans: Sequence[RunPlan | ModulePlan], step: int) -> Batch:
    batches = [training_batch(plan.suite, plan.task, plan.recipe, plan.seed, step) for plan in plans]
    xs, ys = zip(*batches, strict=True)
    return np.stack(xs), np.stack(ys)
