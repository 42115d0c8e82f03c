"""The matrix memory of xLSTM: C ← f C + i k vᵀ, n ← f n + i k, o = Cᵀ q / max(|n · q|, 1), a head.

Beck et al. 2024 (arXiv 2405.04517); public code: NX-AI/xlstm, and transformers' modeling_xlstm.py. The input
gate i = e^(log i) is no probability, so C and n are kept times e^(−m) with m = max(log f + m, log i), in
which the 1 becomes e^(−m). The answer does not depend on m, and no gradient passes through it.
"""

import torch
from torch import Tensor

from icl_bench.blocks.recurrences.decays import Keys, Values


def mlstm_step(
    C: Tensor, n: Tensor, m: Tensor, q: Tensor, k: Tensor, v: Tensor, log_input: Tensor, log_forget: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """The answer (batch, heads, value) of the next token, and C (batch, heads, key, value), n (batch, heads,
    key) and m (batch, heads, 1) after it; the gates are (batch, heads, 1)."""
    before, m = m, torch.maximum(log_forget + m, log_input).detach()
    forget, write = (log_forget + before - m).exp(), (log_input - m).exp()
    C = forget[..., None] * C + (write * k)[..., :, None] @ v[..., None, :]
    n = forget * n + write * k
    read = q[..., None, :] @ torch.cat([C, n[..., None]], dim=-1)
    answer, weight = read[..., 0, :-1], read[..., 0, -1:]
    return answer / torch.maximum(weight.abs(), (-m).exp()), (C, n, m)


def mlstm(q: Keys, k: Keys, v: Values, log_input: Tensor, log_forget: Tensor) -> Values:
    """The answers at every token; the gates are (batch, heads, tokens, 1)."""
    sums = log_forget.cumsum(2)
    exact = log_forget.double().cumsum(2)  # a difference of long sums in float32 would lose their digits
    exponent = (exact - exact.mT).to(q.dtype) + log_input.mT
    later = torch.ones(exponent.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
    exponent = exponent.masked_fill(later, -torch.inf)
    m = torch.maximum(exponent.amax(-1, keepdim=True), sums).detach()
    weights = q @ k.mT * (exponent - m).exp()
    return weights @ v / torch.maximum(weights.sum(-1, keepdim=True).abs(), (-m).exp())
