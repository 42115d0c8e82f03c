"""The exact Bayes predictor of sparse parity."""

from itertools import combinations
from math import comb
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec

MAX_SUBSETS = 20_000


@BASELINES.register
class ParityBayes(Baseline):
    """ŷ_i = mean of Π_{c∈S} x_ic over the subsets S of `sparsity` coordinates that fit the context.

    The subset is uniform a priori and the targets are noiseless, so the posterior is uniform over the
    subsets that reproduce every y_j, j < i. At context length 0 all of them do. Where none does (the
    targets are no such parity) the prediction is 0.
    """

    type: Literal["parity_bayes"] = "parity_bayes"
    summary: ClassVar[str] = (
        "the posterior mean over all coordinate subsets of its size, exact for sparse parity"
    )
    serves: ClassVar[str] = "sparse_parity"
    sparsity: int = Field(ge=1)

    @classmethod
    def for_task(cls, task: TaskSpec) -> "ParityBayes":
        """Reads the sparsity from the task; InputError where the task is no sparse parity."""
        if task.function_class.type != "sparse_parity":
            raise InputError(
                "baseline parity_bayes answers sparse parity only; choose another", code="other-task-only"
            )
        return cls(sparsity=task.function_class.sparsity)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Follows every subset along the prompt; InputError unless inputs are ±1 and targets single."""
        self._check_inputs(xs, ys)
        alive = np.ones((xs.shape[0], xs.shape[1]), bool)
        total = np.zeros(alive.shape)
        count = np.zeros(alive.shape)
        for subset in combinations(range(xs.shape[2]), self.sparsity):
            value = xs[:, :, subset].prod(axis=2)
            np.logical_and.accumulate(value[:, :-1] == ys[:, :-1, 0], axis=1, out=alive[:, 1:])
            total += value * alive
            count += alive
        return (total / np.maximum(count, 1))[:, :, None]

    def _check_inputs(self, xs: np.ndarray, ys: np.ndarray) -> None:
        if ys.shape[2] != 1 or not (np.abs(xs) == 1).all():
            raise InputError(
                "parity_bayes reads inputs of -1 and 1 and single targets; give parity prompts",
                code="other-prompts",
            )
        subsets = comb(xs.shape[2], self.sparsity)
        if not 1 <= subsets <= MAX_SUBSETS:
            raise InputError(
                f"parity_bayes would follow {subsets:,} subsets of {self.sparsity} among {xs.shape[2]} "
                f"coordinates; between 1 and {MAX_SUBSETS:,} are accepted",
                code="too-many-hypotheses",
            )
