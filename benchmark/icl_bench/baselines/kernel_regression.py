"""Gaussian-process regression at all context lengths from one Cholesky factorisation a prompt.

With K = L Lᵀ over the whole prompt and L z = y, the posterior mean at x_i given y_j, j < i, is
Σ_{j<i} L_ij z_j: the leading block of L factors the leading block of K, and row i of L holds the covariances
of y_i with the whitened targets before it (Rasmussen & Williams 2006, section 2.2).
"""

import numpy as np
from jaxtyping import Float

LEAST_NOISE = 1e-10  # of a target's variance: with less, rounding decides how repeated inputs are weighed


def posterior_means(
    covariance: Float[np.ndarray, "batch points points"], ys: Float[np.ndarray, "batch points k"]
) -> Float[np.ndarray, "batch points k"]:
    """E(y_i | y_j, j < i) for targets of mean 0, float64 in and out; 0 at i = 0.

    covariance: of the observed targets, so with their noise on the diagonal: at least LEAST_NOISE of the
    rest, which keeps the matrix positive definite in float64 however alike the inputs are. A point of
    variance 0 is answered by 0 and carries no information.
    """
    deviation = np.sqrt(np.einsum("bii->bi", covariance))
    known = deviation == 0
    unit = np.where(known, 1.0, deviation)
    correlation = covariance / unit[:, :, None] / unit[:, None, :]  # so that pivots are compared with 1
    np.einsum("bii->bi", correlation)[:] = 1.0
    factor = np.linalg.cholesky(correlation)
    means, whitened = np.zeros_like(ys), np.empty_like(ys)
    for i in range(ys.shape[1]):
        means[:, i] = (factor[:, i, None, :i] @ whitened[:, :i])[:, 0]
        whitened[:, i] = (ys[:, i] / unit[:, i, None] - means[:, i]) / factor[:, i, i, None]
    return means * deviation[:, :, None]
