"""The generalised delta rule: S ← diag(e^g) S − b (aᵀ S) + k vᵀ, o = Sᵀ q, with S (key, value) of a head.

With a = e^g k, b = β k and β v in the place of v it is the delta rule with decay: S ← e^g S, then
S ← S + k β (v − Sᵀ k)ᵀ (Schlag et al. 2021, arXiv 2102.11174; gated: Yang et al. 2024, arXiv 2412.06464; a
decay a key number: Kimi Linear, arXiv 2510.26692). RWKV-7 (arXiv 2503.14456) is of this form as well.

The form over all tokens: what a_tᵀ S reads before token t, u_t, depends on earlier tokens' u by a strictly
lower triangular matrix, which is solved once a head and chunk (Yang et al. 2024, arXiv 2406.06484).
"""

import torch
from torch import Tensor

from icl_bench.blocks.recurrences.decays import CHUNK, Decays, Keys, Values, decayed_products

LONGEST = 64  # tokens that are solved for at once where there is one decay a head


def delta_rule_step(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, a: Tensor, b: Tensor, log_decay: Tensor
) -> tuple[Tensor, Tensor]:
    """The answer (batch, heads, value) of the next token, and S (batch, heads, key, value) after it."""
    read = a[..., None, :] @ S
    S = log_decay.exp()[..., None] * S - b[..., :, None] @ read + k[..., :, None] @ v[..., None, :]
    return (q[..., None, :] @ S)[..., 0, :], S


def delta_rule(
    q: Keys, k: Keys, v: Values, a: Keys, b: Keys, log_decay: Decays, chunk: int | None = None
) -> Values:
    """The answers at every token. `chunk`: the tokens that are solved for at once; with a decay a key number
    the log decays of a chunk must sum to more than −88."""
    size = chunk or (LONGEST if log_decay.shape[-1] == 1 else CHUNK)
    S = q.new_zeros(*q.shape[:2], k.shape[-1], v.shape[-1])
    answers = []
    for first in range(0, q.shape[2], size):
        parts = (tensor[:, :, first : first + size] for tensor in (q, k, v, a, b, log_decay))
        o, S = _chunk(S, *parts)
        answers.append(o)
    return answers[0] if len(answers) == 1 else torch.cat(answers, dim=2)


def _chunk(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, a: Tensor, b: Tensor, log_decay: Tensor
) -> tuple[Tensor, Tensor]:
    sums = log_decay.cumsum(2)
    before = sums - log_decay  # up to the token before
    written = decayed_products(a, k, before, sums, diagonal=-1)
    removed = decayed_products(a, b, before, sums, diagonal=-1)
    right = written @ v + (a * before.exp()) @ S
    u = torch.linalg.solve_triangular(removed, right, upper=False, unitriangular=True)
    o = decayed_products(q, k, sums, sums) @ v - decayed_products(q, b, sums, sums) @ u
    o = o + (q * sums.exp()) @ S
    left = (sums[:, :, -1:] - sums).exp()
    S = sums[:, :, -1, :, None].exp() * S + (k * left).mT @ v - (b * left).mT @ u
    return o, S
