"""Retrieval by a key with noise: the mean of the values, weighed by how likely each key is."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec

_NODES = 128  # of the integral over lengths: twice as many change no weight by 1e-12 of it
_REACH = 12.0  # deviations beyond the key's own length at which the integral ends


@BASELINES.register
class NoisyLookup(Baseline):
    """ŷ_i = Σ_j w_j y_j / Σ_j w_j over j < i, w_j the density of the direction of x_i given that it was x_j
    plus N(0, σ² I), put back to its length: with u the direction of x_i and d coordinates,

        w_j ∝ exp(−‖x_j‖²/2σ²) ∫_0^∞ s^(d−1) exp(−s²/2σ² + s u·x_j/σ²) ds,

    the density of the projected normal distribution. The query is each key with the same probability, and
    values are independent of keys, so that this is the posterior mean. Weights exp(q·k/σ²) would leave out
    that the length of the noisy key is not seen.
    """

    type: Literal["noisy_lookup"] = "noisy_lookup"
    summary: ClassVar[str] = "the mean of the values, weighed by how likely the query is each key with noise"
    serves: ClassVar[str] = "variants whose query is a key with noise"
    deviation: float = Field(gt=0, allow_inf_nan=False)

    @classmethod
    def for_task(cls, task: TaskSpec) -> "NoisyLookup":
        """Reads the deviation from the task's shift; InputError where its queries have no noise."""
        if task.shift is None or task.shift.type != "noisy_query":
            raise InputError(
                f"baseline noisy_lookup answers queries with noise, and {task.name} has none; choose another",
                code="other-task-only",
            )
        return cls(deviation=task.shift.deviation)

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """The integrand for every pair of points."""
        return points * points * _NODES

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Every point as the query of the points before it; 0 where there are none."""
        points = xs.shape[1]
        before = np.tri(points, k=-1, dtype=bool)
        likelihoods = np.where(before, self._log_likelihoods(xs), -np.inf)
        largest = likelihoods[:, 1:].max(axis=2, keepdims=True)
        weights = np.exp(likelihoods[:, 1:] - largest)
        answers = np.zeros_like(ys)
        answers[:, 1:] = weights @ ys / weights.sum(axis=2, keepdims=True)
        return answers

    def _log_likelihoods(self, xs: np.ndarray) -> Float[np.ndarray, "batch points points"]:
        """Of the direction of each point (first axis of the pair) given each key, up to a constant."""
        d = xs.shape[2]
        scaled = xs / self.deviation
        lengths = np.linalg.norm(scaled, axis=2)
        directions = scaled / np.where(lengths == 0, 1, lengths)[:, :, None]
        along = directions @ scaled.mT
        nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
        end = lengths.max() + _REACH
        s = (nodes + 1) * end / 2
        exponents = (d - 1) * np.log(s) - np.square(s) / 2 + along[..., None] * s
        largest = exponents.max(axis=3, keepdims=True)
        integrals = (np.exp(exponents - largest) * node_weights).sum(axis=3)
        return np.log(integrals) + largest[..., 0] - np.square(lengths)[:, None, :] / 2
