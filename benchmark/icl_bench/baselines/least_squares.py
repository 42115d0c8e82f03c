"""Minimum-norm least squares: the Bayes predictor of noiseless linear regression with w ~ N(0, I)."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float

from icl_bench.baselines.base import BASELINES, Baseline

ILL_CONDITIONED = 1e-6
EPSILON = float(np.finfo(np.float64).eps)


@BASELINES.register
class LeastSquares(Baseline):
    """ŷ_i = x_i · w with w the least-squares fit to the context, of minimum norm where it is not unique.

    All context lengths come from one pass over the prompt. Directions that the context spans are kept as
    an orthonormal basis (Gram-Schmidt, twice), and the fit in that basis as a triangular system that each
    dependent point is rotated into (Givens): no normal equations, so the condition number is not squared.
    Prompts from the point on where a direction is all but dependent are fitted once a context length by
    singular values instead, so that the rank is decided as `numpy.linalg.lstsq` decides it.
    """

    type: Literal["least_squares"] = "least_squares"
    summary: ClassVar[str] = "the minimum-norm linear fit to the context"

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """Half of basis and triangle: a loop of d · points steps pays on many prompts, cache or not."""
        return d * (d + k)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """One recursive fit for all prompts side by side, then the ill-conditioned ones again."""
        fit = _RecursiveFit(batch=xs.shape[0], d=xs.shape[2], k=ys.shape[2])
        predictions = np.zeros_like(ys)
        doubtful = np.zeros(xs.shape[:2], bool)
        for i in range(xs.shape[1]):
            x = np.ascontiguousarray(xs[:, i].T)  # (d, batch): prompts lie side by side
            if i > 0:
                predictions[:, i] = fit.predict(x).T
                doubtful[:, i] = fit.doubtful()
            fit.add(x, ys[:, i].T.copy())
        _refit(predictions, doubtful, xs, ys)
        return predictions


class _RecursiveFit:
    """The least-squares fits of many prompts, one point at a time; the last axis is always the prompt.

    `basis[:rank]` spans the inputs seen; `triangle` (lower) and `target` hold the fit's equations in it.
    """

    def __init__(self, batch: int, d: int, k: int) -> None:
        self.basis = np.zeros((d, d, batch))
        self.triangle = np.zeros((d, d, batch))
        self.target = np.zeros((d, k, batch))
        self.rank = np.zeros(batch, int)
        self.longest = np.zeros(batch)  # the largest input seen
        self.shortest = np.full(batch, np.inf)  # the least that an input added to the span of those before

    def predict(self, x: Float[np.ndarray, "d batch"]) -> Float[np.ndarray, "k batch"]:
        """The answers at x, (k, batch)."""
        return np.einsum("jb,jkb->kb", self._coordinates(x), self._solution())

    def doubtful(self) -> Bool[np.ndarray, " batch"]:
        """Prompts with so short a pivot that rounding has grown too far."""
        return self.shortest < ILL_CONDITIONED * self.longest

    def add(self, x: Float[np.ndarray, "d batch"], y: Float[np.ndarray, "k batch"]) -> None:
        """Take in one point a prompt; x and y are used up."""
        length = np.sqrt(np.einsum("cb,cb->b", x, x))
        self.longest = np.maximum(self.longest, length)
        row = self._coordinates(x)
        full = len(self.basis)
        new = np.zeros(len(length), bool)
        if (self.rank < full).any():
            residual = x - np.einsum("jcb,jb->cb", self.basis, row)
            correction = self._coordinates(residual)
            row += correction
            residual -= np.einsum("jcb,jb->cb", self.basis, correction)
            added = np.sqrt(np.einsum("cb,cb->b", residual, residual))
            new = (added > 8 * full * EPSILON * length) & (self.rank < full)
            self._widen(np.flatnonzero(new), residual, added, row, y)
        if not new.all():
            row[:, new] = 0.0
            self._rotate(row, y)

    def _widen(
        self, who: np.ndarray, residual: np.ndarray, added: np.ndarray, row: np.ndarray, y: np.ndarray
    ) -> None:
        """A new direction for the prompts `who`, and with it an equation of its own."""
        place = self.rank[who]
        self.basis[place, :, who] = (residual[:, who] / added[who]).T
        self.triangle[place, :, who] = row[:, who].T
        self.triangle[place, place, who] = added[who]
        self.target[place, :, who] = y[:, who].T
        self.shortest[who] = np.minimum(self.shortest[who], added[who])
        self.rank[who] += 1

    def _rotate(self, row: np.ndarray, y: np.ndarray) -> None:
        """Givens rotations take the equation `row` · w = y into the triangle, last coordinate first."""
        for j in range(self.rank.max() - 1, -1, -1):
            radius = np.hypot(self.triangle[j, j], row[j])
            idle = radius == 0
            radius[idle] = 1.0
            cosine = np.where(idle, 1.0, self.triangle[j, j] / radius)
            sine = row[j] / radius
            for stored, passing in ((self.triangle[j, : j + 1], row[: j + 1]), (self.target[j], y)):
                turned = cosine * passing - sine * stored
                stored *= cosine
                stored += sine * passing
                passing[:] = turned

    def _coordinates(self, x: np.ndarray) -> np.ndarray:
        return np.einsum("jcb,cb->jb", self.basis, x)

    def _solution(self) -> np.ndarray:
        """Forward substitution, (d, k, batch); coordinates beyond the rank are 0."""
        solution = np.zeros_like(self.target)
        for j in range(self.rank.max()):
            known = np.einsum("mb,mkb->kb", self.triangle[j, :j], solution[:j])
            pivot = self.triangle[j, j]
            solution[j] = (self.target[j] - known) / np.where(pivot == 0, 1.0, pivot)
        return solution


def _refit(predictions: np.ndarray, doubtful: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> None:
    """Overwrite the doubtful predictions with those of a pseudo-inverse of the whole context."""
    for i in np.flatnonzero(doubtful.any(axis=0)):
        who = np.flatnonzero(doubtful[:, i])
        cutoff = EPSILON * max(i, xs.shape[2])
        weights = np.linalg.pinv(xs[who, :i], rcond=cutoff) @ ys[who, :i]
        predictions[who, i] = (xs[who, i, None] @ weights)[:, 0]
