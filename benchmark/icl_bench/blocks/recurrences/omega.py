"""The Omega rule: a memory descends on its errors at the last `window` tokens (Behrouz et al. 2025, ATLAS,
arXiv 2505.23735, equations 9, 32 and 33 with a matrix as the memory and without Muon).

e_j = γ_j (Sᵀ k_j − v_j) for the last tokens j, Z ← θ Z + Σ k_j e_jᵀ, S ← α S − η Z, o = Sᵀ q: without
momentum θ is 0. With a window of one token, without momentum and decay it is the delta rule of strength η γ;
with decay, its errors are those of S before the decay. The factor 2 of a square's gradient is part of η.

The form over all tokens: the errors at token t depend on those at earlier tokens by a strictly lower
triangular matrix of window² blocks, which is solved as that of the delta rule is (delta_rule.py).
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from icl_bench.blocks.kernels.omega import compiled_omega
from icl_bench.blocks.kernels.trains_on_cpu import takes_kernel
from icl_bench.blocks.recurrences.decays import Keys, Pairs, Values, sums_between
from icl_bench.blocks.together import along_batch

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
    gates = write, rate, log_decay, *([] if log_momentum is None else [log_momentum])
    return along_batch(functools.partial(_omega, window), q, k, v, *gates)


def _omega(window: int, q: Keys, k: Keys, v: Values, *gates: Tensor) -> Values:
    write, rate, log_decay, *momenta = gates
    log_momentum = momenta[0] if momenta else None
    if takes_kernel(q, v, states=2):
        kept = torch.zeros_like(rate) if log_momentum is None else log_momentum.exp()
        return compiled_omega(q, k, v, (write, rate, log_decay.exp(), kept), window)
    windows = [_windows(x, window) for x in (k, v, write)]
    memory, size, tokens, answers = None, max(ROWS // window, 1), q.shape[2], []
    for first in range(0, tokens, size):
        part = slice(first, first + size)
        momentum = None if log_momentum is None else log_momentum[:, :, part]
        course = _course(rate[:, :, part], log_decay[:, :, part], momentum)
        keys, values, writes = (x[:, :, part] for x in windows)
        o, memory = _chunk(memory, q[:, :, part], keys, values, writes, *course)
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
    memory: tuple[Tensor, Tensor] | None,
    q: Tensor,
    keys: Tensor,
    values: Tensor,
    writes: Tensor,
    in_S: Tensor,
    S_in_S: Tensor,
    Z_in_S: Tensor,
    in_Z: Tensor,
    Z_in_Z: Tensor,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The answers, and the memory after the chunk; None is a memory of 0. `keys`, `values` and `writes` are
    (batch, heads, tokens, window, size)."""
    tokens, window = keys.shape[2:4]
    keys, values, writes = (x.flatten(2, 3) for x in (keys, values, writes))
    products = torch.cat([writes * keys, q], dim=2) @ keys.mT
    of_errors, of_queries = (
        part.unflatten(3, (tokens, window)) for part in products.split((tokens * window, tokens), dim=2)
    )
    before = F.pad(in_S, (0, 0, 1, 0))[:, :, :-1, None, :, None]
    depends = of_errors.unflatten(2, (tokens, window)) * before
    right = -writes * values
    if memory is not None:
        S_before, Z_before = (
            F.pad(x[:, :, :-1], (0, 0, 1, 0), value=first)[:, :, :, None].expand(-1, -1, -1, window, -1)
            for x, first in ((S_in_S, 1.0), (Z_in_S, 0.0))
        )
        right = right + writes * _read(keys, memory, S_before.flatten(2, 3), Z_before.flatten(2, 3))
    e = torch.linalg.solve_triangular(
        depends.flatten(4, 5).flatten(2, 3), right, upper=False, unitriangular=True
    )
    o = -(of_queries * in_S[..., None]).flatten(3) @ e
    if memory is not None:
        o = o + _read(q, memory, S_in_S, Z_in_S)
    kept = e.unflatten(2, (tokens, window))
    written = [keys.mT @ (kept * course[:, :, -1, :, None, None]).flatten(2, 3) for course in (in_S, in_Z)]
    if memory is None:
        return o, (-written[0], written[1])
    S, Z = memory
    S = S_in_S[:, :, -1:] * S - Z_in_S[:, :, -1:] * Z - written[0]
    return o, (S, Z_in_Z[:, :, -1:] * Z + written[1])


def _read(x: Tensor, memory: tuple[Tensor, Tensor], in_S: Tensor, in_Z: Tensor) -> Tensor:
    """What x reads of a later S, by how much of the memory is in it."""
    S, Z = memory
    return in_S * (x @ S) - in_Z * (x @ Z)
