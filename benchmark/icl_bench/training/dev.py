"""How far a run has come: a score on a few prompts of the development stream, while it trains."""

import numpy as np
import torch
from torch import nn

from icl_bench.evaluation.references import ZERO
from icl_bench.evaluation.scores import scored_errors, squared_errors
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import generate, load_suite
from icl_bench.suites.frozen_errors import load_errors

PROMPTS = 128


class DevScore:
    """The model's share of what the task's baseline gains over answering 0.

    (1 − E_model / E_zero) / (1 − F_baseline / F_zero), with E the summed errors on the first PROMPTS of the
    development stream and F the frozen ones of the suite. An estimate of the ICL regression score from few
    prompts, to watch a run by; scores are made by `icl-bench evaluate` alone.
    """

    def __init__(self, suite: str, task: TaskSpec) -> None:
        """Without frozen errors of its baseline a task has no score. SuiteError where they are damaged."""
        self.task = task
        self.xs, self.ys, _ = generate(task, suite, "dev", 0, PROMPTS)
        self._zero = self._summed(np.zeros_like(self.ys))
        scored = task.points if task.scored == "all" else 1
        self.mean_zero_error = self._zero / (PROMPTS * scored)  # of answering 0, over prompts and positions
        of = load_suite(suite)
        self._share = None
        if not of.lock_path.exists():
            return
        zero, baseline = (load_errors(of, task.name, name) for name in (ZERO, task.baseline))
        if zero is not None and baseline is not None:
            self._share = 1 - baseline.mean_error(task) / zero.mean_error(task)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> float | None:
        """The score of the model as it is; None where there is nothing to compare with."""
        if self._share is None or self._share <= 0:
            return None
        device = next(model.parameters()).device
        xs, ys = (torch.from_numpy(part).to(device) for part in (self.xs, self.ys))
        error = self._summed(model(xs, ys).float().cpu().numpy())
        return (1 - error / self._zero) / self._share

    def _summed(self, predictions: np.ndarray) -> float:
        return float(scored_errors(squared_errors(predictions, self.ys), self.task.scored).sum())
