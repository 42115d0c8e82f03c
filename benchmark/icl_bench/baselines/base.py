"""What every baseline is: a predictor that computes its answers from the prompt alone.

A baseline is a file in this folder with a subclass of `Baseline` under `@BASELINES.register`. It answers
all context lengths of many prompts at once, in float64, and predicts 0 (or its prior mean) at context
length 0.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError, UnknownNameError
from icl_bench.specs.schema import Registry, Strict, parse
from icl_bench.specs.suite import TaskSpec

# how many numbers a pass over a slice of the prompts keeps in memory; small enough to stay in cache
WORKING_SET = 2**18
LARGEST_ANSWER = float(np.finfo(np.float32).max)


class Baseline(Strict):
    """A predictor with numbers of its own and no weights; a subclass per file.

    A subclass sets `type` to its name, says in `summary` what it predicts and in `serves` which tasks
    it can answer, says where it is not `cheap`, and defines `answers`. A number that is to be chosen for
    each task on its development stream is a field with its candidates.
    """

    type: str
    summary: ClassVar[str]
    serves: ClassVar[str] = "every task"
    cheap: ClassVar[bool] = True  # answers a suite's prompts in seconds: may be computed where it is needed
    candidates: ClassVar[dict[str, tuple[float, ...]]] = {}  # at most one field, in order of preference

    @classmethod
    def for_task(cls, task: TaskSpec) -> "Baseline":
        """The baseline as it answers `task`, with the numbers that the task's `baseline_options` hold.

        InputError where it cannot answer it, SpecError where the options are not this baseline's.
        """
        names = BASELINES.entries()
        for name in task.baseline_options:
            if name not in names:
                raise UnknownNameError("baseline", name, names, f"baseline_options of {task.name}")
        name = cls.model_fields["type"].default
        return parse(cls, task.baseline_options.get(name, {}), f"{task.name}: baseline_options: {name}")

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """How many numbers `answers` holds for each prompt; sets how many prompts it is given at once."""
        return points * (points + d + k)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Predictions for a slice of prompts, float64 in and out."""
        raise NotImplementedError

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """Predictions (batch, points, k) in float32; prediction i reads only xs[:, :i+1] and ys[:, :i].

        Raises InputError where the arrays are not prompts, hold NaN or infinity, or are so large that answers
        leave float32.
        """
        _check_prompts(xs, ys)
        batch, points, d = xs.shape
        k = ys.shape[2]
        at_once = max(1, WORKING_SET // self.numbers_per_prompt(points, d, k))
        predictions = np.empty((batch, points, k), np.float32)
        for start in range(0, batch, at_once):
            part = slice(start, start + at_once)
            with np.errstate(all="ignore"):  # what overflows is reported below, in one line
                answers = self.answers(xs[part].astype(np.float64), ys[part].astype(np.float64))
            if not (np.abs(answers) <= LARGEST_ANSWER).all():
                raise InputError(
                    f"answers of baseline/{self.type} leave float32; scale xs and ys nearer to 1",
                    code="beyond-float32",
                )
            predictions[part] = answers
        return predictions


BASELINES: Registry[Baseline] = Registry("baseline", "icl_bench.baselines")


def get_baseline(name: str, task: TaskSpec) -> Baseline:
    """The baseline `name` as it answers `task`; InputError where there is none or it does not apply."""
    entries = BASELINES.entries()
    if name not in entries:
        raise UnknownNameError("baseline", name, entries)
    return entries[name].for_task(task)


def _check_prompts(xs: np.ndarray, ys: np.ndarray) -> None:
    if xs.ndim != 3 or ys.ndim != 3 or xs.shape[:2] != ys.shape[:2] or 0 in xs.shape[1:] + ys.shape[1:]:
        raise InputError(
            f"xs {xs.shape} and ys {ys.shape} are not prompts; "
            "give (batch, points, d) and (batch, points, k)",
            code="not-prompts",
        )
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise InputError("xs or ys hold NaN or infinity; give finite prompts", code="not-finite")
