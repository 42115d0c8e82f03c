"""How far a run has come: errors on prompts of the development stream, while it trains."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from icl_bench.baselines.base import get_baseline
from icl_bench.frozen.anchors import ZERO
from icl_bench.frozen.errors import load_errors
from icl_bench.models.module_predictor import evaluating
from icl_bench.scoring.scores import scored_sums, squared_errors
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import generate, load_suite

# Enough that the optimality of answers half way to the exact predictor's has a standard error below 0.02 on
# every task of mini-v1 (`tests/training/test_dev_score.py`). Where few points of a prompt are scored,
# a prompt says less, and costs no less.
_PROMPTS, _PROMPTS_OF_FEWER_POINTS = 512, 1_024


def development_prompts(task: TaskSpec) -> int:
    """How many prompts a run on a task is watched on."""
    return _PROMPTS if task.scored_points.every else _PROMPTS_OF_FEWER_POINTS


class DevResult(NamedTuple):
    """A model on the development prompts; None where the suite has no frozen errors to compare with."""

    score: float | None  # an estimate of the ICL regression score
    optimality: float | None  # the same with the exact predictor in the baseline's place


class Development:
    """Scores of a model on the first prompts of a task's development stream.

    Optimality is 1 − E / (Z − X), with E the mean over development prompts of the model's error less the
    exact predictor's on the same prompt, and Z and X the frozen mean errors of answering 0 and of the exact
    predictor: what makes a prompt hard for both drops out. The score is the same share of what the baseline
    gains. Estimates, to watch a run and to end it by; scores are made by `icl-bench evaluate` alone.
    """

    def __init__(self, suite: str, task: TaskSpec) -> None:
        """SuiteError where frozen errors are damaged."""
        self.task = task
        self.xs, self.ys, _ = generate(task, suite, "dev", 0, development_prompts(task))
        self.mean_zero_error = float(self._errors(np.zeros_like(self.ys)).mean())
        frozen_suite = load_suite(suite)
        self._gains: tuple[float, float] | None = None
        if not frozen_suite.lock_path.exists():
            return
        frozen = [load_errors(frozen_suite, task.name, name) for name in (ZERO, task.baseline, task.exact)]
        zero, baseline, exact = (None if errors is None else errors.mean_error(task) for errors in frozen)
        if zero is None or baseline is None or exact is None or not (baseline < zero and exact < zero):
            return
        self._gains = zero - baseline, zero - exact
        self._exact_errors = self._errors(get_baseline(task.exact, task).predict(self.xs, self.ys))

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> DevResult:
        """The scores of the model as it is."""
        if self._gains is None:
            return DevResult(None, None)
        device = next(model.parameters()).device
        xs, ys = (torch.from_numpy(part).to(device) for part in (self.xs, self.ys))
        with evaluating(model):
            predictions = torch.cat([model(*part) for part in zip(xs.split(64), ys.split(64), strict=True)])
        excess = float((self._errors(predictions.float().cpu().numpy()) - self._exact_errors).mean())
        to_baseline, to_exact = self._gains
        return DevResult((to_exact - excess) / to_baseline, 1 - excess / to_exact)

    def _errors(self, predictions: np.ndarray) -> np.ndarray:
        """A prompt's mean error over the scored positions."""
        scored = self.task.scored_points
        return scored_sums(squared_errors(predictions, self.ys), scored) / scored.count
