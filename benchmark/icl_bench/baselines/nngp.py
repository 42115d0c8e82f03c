"""The Gaussian process of two-layer ReLU networks."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.baselines.kernel_regression import LEAST_NOISE, posterior_means


@BASELINES.register
class NNGP(Baseline):
    """ŷ_i = the posterior mean of the Gaussian process with the covariance of random two-layer ReLU networks.

    That covariance is width/2 times `arc_cosine_kernel`, at any width (the posterior mean depends on no
    factor). At finite width the prior is no Gaussian process, but the best predictor that is linear in the
    observed targets depends on the covariance alone, and this is it. Targets are taken to have a noise of
    LEAST_NOISE of their variance, so that repeated inputs do no harm.
    """

    type: Literal["nngp"] = "nngp"
    summary: ClassVar[str] = "the posterior mean of the Gaussian process of random two-layer ReLU networks"

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """One Cholesky factorisation a prompt; a point at 0, where every network is 0, is answered by 0."""
        covariance = arc_cosine_kernel(xs)
        np.einsum("bii->bi", covariance)[:] *= 1 + LEAST_NOISE
        return posterior_means(covariance, ys)


def arc_cosine_kernel(xs: Float[np.ndarray, "batch points d"]) -> Float[np.ndarray, "batch points points"]:
    """2 E relu(w·x) relu(w·x′) for w ~ N(0, I): ‖x‖‖x′‖ (sin θ + (π − θ) cos θ) / π, θ the angle of x and x′.

    Width/2 times that is the covariance of y = Σ_m v_m relu(w_m·x) over v and w ~ N(0, I), m up to width.
    Source: Cho & Saul 2009, Kernel methods for deep learning, the kernel of order 1.
    """
    norm = np.sqrt(np.einsum("bid,bid->bi", xs, xs))
    direction = xs / np.where(norm == 0, 1.0, norm)[:, :, None]
    cosine = np.clip(direction @ direction.transpose(0, 2, 1), -1.0, 1.0)
    kernel = (np.sqrt(1 - cosine * cosine) + (np.pi - np.arccos(cosine)) * cosine) / np.pi
    np.einsum("bii->bi", kernel)[:] = 1.0
    return norm[:, :, None] * norm[:, None, :] * kernel
