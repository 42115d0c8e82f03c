"""The selective scan as torch operations a step, any device and precision, with its backward by hand.

Notation and shapes: `icl_bench.blocks.selective_scan`; every argument may have one more axis before those,
over which scans are separate: that of models that are trained together.
"""

import torch
from torch import Tensor


def forward(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """y (batch, tokens, channels)."""
    y = torch.empty_like(u)
    A = A.unsqueeze(-3)  # beside the batch
    h = u.new_zeros(*u.shape[:-2], *A.shape[-2:])
    dx = delta * u
    for t in range(u.shape[-2]):
        h = torch.exp(delta[..., t, :, None] * A).mul_(h).addcmul_(dx[..., t, :, None], B[..., t, None, :])
        torch.matmul(h, C[..., t, :, None], out=y[..., t, :, None])
    return y.addcmul_(u, D[..., None, None, :])


def backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of (u, delta, A, B, C, D), given dy (batch, tokens, channels)."""
    dA = torch.zeros_like(A)
    A = A.unsqueeze(-3)
    hs = _states(u, delta, A, B)
    dx = delta * u
    du, ddelta = dy * D[..., None, None, :], torch.empty_like(delta)
    dB, dC = torch.empty_like(B), torch.empty_like(C)
    g = torch.zeros_like(hs[0])  # the gradient that reaches h_t
    for t in reversed(range(u.shape[-2])):
        g = g.addcmul_(dy[..., t, :, None], C[..., t, None, :])
        dC[..., t, :] = (dy[..., t, None, :] @ hs[t + 1])[..., 0, :]
        dB[..., t, :] = (dx[..., t, None, :] @ g)[..., 0, :]
        along_B = (g @ B[..., t, :, None])[..., 0]
        g = g * torch.exp(delta[..., t, :, None] * A)
        through = g * hs[t]
        ddelta[..., t, :] = (through * A).sum(-1) + along_B * u[..., t, :]
        du[..., t, :] += along_B * delta[..., t, :]
        dA += (through * delta[..., t, :, None]).sum(-3)
    return du, ddelta, dA, dB, dC, (dy * u).sum((-3, -2))


def _states(u: Tensor, delta: Tensor, A: Tensor, B: Tensor) -> Tensor:
    """h_{-1} … h_{tokens-1}: (tokens + 1, batch, channels, state)."""
    hs = u.new_zeros(u.shape[-2] + 1, *u.shape[:-2], *A.shape[-2:])
    dx = delta * u
    for t in range(u.shape[-2]):
        decay = torch.exp(delta[..., t, :, None] * A)
        torch.addcmul(decay.mul_(hs[t]), dx[..., t, :, None], B[..., t, None, :], out=hs[t + 1])
    return hs
