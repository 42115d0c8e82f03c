"""The Omega rule: a memory descends on its errors at the last `window` tokens (Behrouz et al. 2025, ATLAS,
arXiv 2505.23735, equations 9, 32 and 33 with a matrix as the memory and without Muon).

e_j = γ_j (Sᵀ k_j − v_j) for the last tokens j, Z ← θ Z + Σ k_j e_jᵀ, S ← α S − η Z, o = Sᵀ q: without
momentum θ is 0. With a window of one token and without momentum it is the delta rule with strength η γ.

The form over all tokens: the errors at token t depend on those at earlier tokens by a strictly lower
triangular matrix of window² blocks, which is solved as that of the delta rule is (delta_rule.py).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from icl_bench.blocks.recurrences.decays import Keys, Pairs, Values, sums_between

ROWS = 48  # errors that are solved for at once

Memory = tuple[Tensor, Tensor | None]  # S and Z, (batch, heads, key, value) each; no Z without momentum
Past = tuple[Tensor, Tensor, Tensor]  # keys, values and γ of the window but for its last token, oldest first


def omega_step(
    memory: Memory,
    past: Past,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    write: Tensor,
    rate: Tensor,
    log_decay: Tensor,
    log_momentum: Tensor | None,
) -> tuple[Tensor, Memory, Past]:
    """The answer (batch, heads, value) of the next token, and the memory and the window after it. `write` is
    γ, `rate` η, and the others log α and log θ, (batch, heads, 1) each."""
    S, Z = memory
    keys, values, writes = (
        torch.cat([before, now[:, :, None]], dim=2) for before, now in zip(past, (k, v, write), strict=True)
    )
    gradient = keys.mT @ (writes * (keys @ S - values))
    if Z is not None and log_momentum is not None:
        Z = gradient = log_momentum.exp()[..., None] * Z + gradient
    S = log_decay.exp()[..., None] * S - rate[..., None] * gradient
    return (q[..., None, :] @ S)[..., 0, :], (S, Z), (keys[:, :, 1:], values[:, :, 1:], writes[:, :, 1:])


def omega(
    q: Keys,
    k: Keys,
    v: Values,
    write: Tensor,
    rate: Tensor,
    log_decay: Tensor,
    log_momentum: Tensor | None,
    window: int,
) -> Values:
    """The answers at every token; the four gates are (batch, heads, tokens, 1)."""
    windows = [_windows(x, window) for x in (k, v, write)]
    S = Z = q.new_zeros(*q.shape[:2], k.shape[-1], v.shape[-1])
    size, answers = max(ROWS // window, 1), []
    for first in range(0, q.shape[2], size):
        part = slice(first, first + size)
        keys, values, writes = (x[:, :, part].flatten(2, 3) for x in windows)
        momentum = None if log_momentum is None else log_momentum[:, :, part]
        course = _course(rate[:, :, part], log_decay[:, :, part], momentum)
        o, S, Z = _chunk(S, Z, q[:, :, part], keys, values, writes, *course)
        answers.append(o)
    return answers[0] if len(answers) == 1 else torch.cat(answers, dim=2)


def _windows(x: Tensor, window: int) -> Tensor:
    """(batch, heads, tokens, window, size): each token with those before it, oldest first, 0 before all."""
    padded = F.pad(x, (0, 0, window - 1, 0))
    return torch.stack([padded[:, :, lag : lag + x.shape[2]] for lag in range(window)], dim=3)


def _course(
    rate: Tensor, log_decay: Tensor, log_momentum: Tensor | None
) -> tuple[Pairs, Tensor, Tensor, Pairs, Tensor]:
    """By how much what is done at a token, less of it, is in S and in Z at later tokens, (…, later, token),
    and the first S and Z in S, and the first Z in Z, (…, later, 1)."""
    stepped = sums_between(log_decay).exp().tril() * rate.mT
    S_in_S = log_decay.cumsum(2).exp()
    if log_momentum is None:
        eye = torch.eye(rate.shape[2], dtype=rate.dtype, device=rate.device).expand_as(stepped)
        return stepped, S_in_S, torch.zeros_like(rate), eye, torch.zeros_like(rate)
    in_Z, Z_in_Z = sums_between(log_momentum).exp().tril(), log_momentum.cumsum(2).exp()
    return stepped @ in_Z, S_in_S, stepped @ Z_in_Z, in_Z, Z_in_Z


def _chunk(
    S: Tensor,
    Z: Tensor,
    q: Tensor,
    keys: Tensor,
    values: Tensor,
    writes: Tensor,
    in_S: Tensor,
    S_in_S: Tensor,
    Z_in_S: Tensor,
    in_Z: Tensor,
    Z_in_Z: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The answers, and S and Z after the chunk; `keys`, `values` and `writes` have a row for each token and
    each of its window."""
    window = keys.shape[2] // q.shape[2]
    in_S_rows = _repeated(in_S, window)
    before = _repeated(F.pad(in_S_rows, (0, 0, 1, 0))[:, :, :-1].mT, window).mT
    S_before, Z_before = (
        _repeated(F.pad(x[:, :, :-1], (0, 0, 1, 0), value=first).mT, window).mT
        for x, first in ((S_in_S, 1.0), (Z_in_S, 0.0))
    )
    read = S_before * (keys @ S) - Z_before * (keys @ Z)
    depends = writes * before * (keys @ keys.mT)
    e = torch.linalg.solve_triangular(depends, writes * (read - values), upper=False, unitriangular=True)
    o = S_in_S * (q @ S) - Z_in_S * (q @ Z) - (q @ keys.mT * in_S_rows) @ e
    written = [(keys.mT * _repeated(course[:, :, -1:], window)) @ e for course in (in_S, in_Z)]
    S, Z = S_in_S[:, :, -1:] * S - Z_in_S[:, :, -1:] * Z - written[0], Z_in_Z[:, :, -1:] * Z + written[1]
    return o, S, Z


def _repeated(x: Tensor, times: int) -> Tensor:
    """Each column `times` times."""
    return x[..., None].expand(*x.shape, times).flatten(-2)
