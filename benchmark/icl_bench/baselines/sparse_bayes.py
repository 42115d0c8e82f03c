"""The exact Bayes predictor of sparse linear regression."""

from itertools import combinations
from math import comb
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec

MAX_NUMBERS = 2**24  # kept for the supports of a prompt: 128 MiB
DEPENDENT = 1e-10  # of an input's length: as little outside the span of those before is rounding
ROUNDING = 2.0**-23  # relative error allowed to a target: twice that of rounding to float32


@BASELINES.register
class SparseBayes(Baseline):
    """ŷ_i = the posterior mean of w · x_i for w ~ N(0, I) on a support drawn uniformly from all of its size.

    Given its support S, w has the minimum-norm fit to the context as its mean, and S has the evidence
    N(y; 0, X_S X_Sᵀ). A point that is dependent on those before (in S, any point after `sparsity` independent
    ones) has the density 1 or 0: S survives where its fit reproduces the target, and is ruled out otherwise.
    The fit reproduces a target y if it misses it by no more than targets rounded to float32 can explain:
    with the fit written as Σ_m a_m y_m over the independent points, ROUNDING · (|y| + Σ_m |a_m| |y_m|).
    Where no support survives (the targets are no such function) those that miss by the least multiple of
    that are kept.
    """

    type: Literal["sparse_bayes"] = "sparse_bayes"
    summary: ClassVar[str] = "the posterior mean over all supports, exact for sparse linear regression"
    serves: ClassVar[str] = "sparse_linear_regression"
    sparsity: int = Field(ge=1)

    @classmethod
    def for_task(cls, task: TaskSpec) -> "SparseBayes":
        """Reads the sparsity from the task; InputError where the task is no sparse linear regression."""
        if task.function_class.type != "sparse_linear_regression":
            raise InputError(
                "baseline sparse_bayes answers sparse linear regression only; choose another",
                code="other-task-only",
            )
        return cls(sparsity=task.function_class.sparsity)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """A prompt after the other, its supports side by side; InputError unless targets are single."""
        if ys.shape[2] != 1:
            raise InputError(
                "sparse_bayes reads single targets; give prompts of sparse linear regression",
                code="other-prompts",
            )
        supports = self._supports(xs.shape[2])
        predictions = np.empty_like(ys)
        for prompt in range(len(xs)):
            posterior = _Posterior(supports)
            for i, x in enumerate(xs[prompt]):
                predictions[prompt, i] = posterior.follow(x, ys[prompt, i, 0])
        return predictions

    def _supports(self, d: int) -> Int[np.ndarray, "supports sparsity"]:
        count, numbers = comb(d, self.sparsity), comb(d, self.sparsity) * self.sparsity**2
        if count == 0 or numbers > MAX_NUMBERS:
            raise InputError(
                f"sparse_bayes would follow {count:,} supports of {self.sparsity} among {d} coordinates; "
                f"at least one, and at most {MAX_NUMBERS // self.sparsity**2:,} of this size are accepted",
                code="too-many-hypotheses",
            )
        return np.array(list(combinations(range(d), self.sparsity)))


class _Posterior:
    """The supports that the context has left, and what is known about each.

    All of them have the same independent points: where some find a point dependent and reproduce it, the
    others are infinitely less likely; where none does, those that find it dependent are ruled out.
    """

    def __init__(self, supports: Int[np.ndarray, "supports sparsity"]) -> None:
        sparsity = supports.shape[1]
        self.supports = supports
        self.log_evidence = np.zeros(len(supports))
        self.basis = np.empty((0, *supports.shape))  # (rank, supports, sparsity), orthonormal for a support
        self.inverse = np.empty((0, *supports.shape))  # the fit is Σ_m inverse[m] targets[m]
        self.targets = np.empty(0)  # (rank,), of the independent points
        self.sparsity = sparsity

    def follow(self, x: Float[np.ndarray, " d"], y: float) -> float:
        """The prediction at x, after which the posterior takes y in."""
        inputs = x[self.supports]
        coefficients = np.einsum("mSc,Sc->mS", self.inverse, inputs)
        means = self.targets @ coefficients
        evidence = np.exp(self.log_evidence - self.log_evidence.max())
        prediction = evidence @ means / evidence.sum()
        self._take_in(inputs, y, coefficients, means)
        return float(prediction)

    def _take_in(self, inputs: np.ndarray, y: float, coefficients: np.ndarray, means: np.ndarray) -> None:
        outside, length = self._outside(inputs)
        new = length > 0
        allowed = ROUNDING * (abs(y) + np.abs(self.targets) @ np.abs(coefficients))
        missed = np.abs(y - means)
        reproduced = ~new & (missed <= allowed)
        if reproduced.any():
            self._keep(reproduced)
        elif new.any():
            self._keep(new)
            self._widen(outside[new] / length[new, None], length[new], y, coefficients[:, new], means[new])
        else:
            multiple = missed / allowed
            self._keep(multiple == multiple.min())

    def _outside(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What of the inputs is outside the span of those before, and its length: 0 where it is rounding."""
        if len(self.targets) == self.sparsity:
            return np.zeros_like(inputs), np.zeros(len(inputs))
        outside = inputs
        for _ in range(2):  # Gram-Schmidt, twice
            along = np.einsum("mSc,Sc->mS", self.basis, outside)
            outside = outside - np.einsum("mSc,mS->Sc", self.basis, along)
        length = np.linalg.norm(outside, axis=1)
        return outside, np.where(length > DEPENDENT * np.linalg.norm(inputs, axis=1), length, 0.0)

    def _keep(self, which: np.ndarray) -> None:
        if not which.all():
            self.supports, self.log_evidence = self.supports[which], self.log_evidence[which]
            self.basis, self.inverse = self.basis[:, which], self.inverse[:, which]

    def _widen(
        self, direction: np.ndarray, length: np.ndarray, y: float, coefficients: np.ndarray, means: np.ndarray
    ) -> None:
        """An independent point: y has the evidence N(y; mean, length²), and the fit moves to reproduce it."""
        self.log_evidence = self.log_evidence - np.log(length) - np.square((y - means) / length) / 2
        step = direction / length[:, None]
        old = self.inverse - coefficients[:, :, None] * step
        self.inverse = np.concatenate([old, step[None]])
        self.basis = np.concatenate([self.basis, direction[None]])
        self.targets = np.append(self.targets, y)
