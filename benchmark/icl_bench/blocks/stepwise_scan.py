"""The selective scan as torch operations a step, any device and precision, with its backward by hand.

Notation and shapes: `icl_bench.blocks.selective_scan`.
"""

import torch
from torch import Tensor


def forward(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """y (batch, tokens, channels)."""
    y = torch.empty_like(u)
    h = u.new_zeros(u.shape[0], *A.shape)
    dx = delta * u
    for t in range(u.shape[1]):
        h = torch.exp(delta[:, t, :, None] * A).mul_(h).addcmul_(dx[:, t, :, None], B[:, t, None, :])
        torch.matmul(h, C[:, t, :, None], out=y[:, t, :, None])
    return y.addcmul_(u, D)


def backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of (u, delta, A, B, C, D), given dy (batch, tokens, channels)."""
    hs = _states(u, delta, A, B)
    dx = delta * u
    du, ddelta = dy * D, torch.empty_like(delta)
    dA, dB, dC = torch.zeros_like(A), torch.empty_like(B), torch.empty_like(C)
    g = torch.zeros_like(hs[:, 0])  # the gradient that reaches h_t
    for t in reversed(range(u.shape[1])):
        g = g.addcmul_(dy[:, t, :, None], C[:, t, None, :])
        dC[:, t] = (dy[:, t, None, :] @ hs[:, t + 1])[:, 0]
        dB[:, t] = (dx[:, t, None, :] @ g)[:, 0]
        along_B = (g @ B[:, t, :, None])[..., 0]
        g = g * torch.exp(delta[:, t, :, None] * A)
        through = g * hs[:, t]
        ddelta[:, t] = (through * A).sum(-1) + along_B * u[:, t]
        du[:, t] += along_B * delta[:, t]
        dA += (through * delta[:, t, :, None]).sum(0)
    return du, ddelta, dA, dB, dC, (dy * u).sum((0, 1))


def _states(u: Tensor, delta: Tensor, A: Tensor, B: Tensor) -> Tensor:
    """h_{-1} … h_{tokens-1}: (batch, tokens + 1, channels, state)."""
    hs = u.new_zeros(u.shape[0], u.shape[1] + 1, *A.shape)
    dx = delta * u
    for t in range(u.shape[1]):
        decay = torch.exp(delta[:, t, :, None] * A)
        hs[:, t + 1] = decay.mul_(hs[:, t]).addcmul_(dx[:, t, :, None], B[:, t, None, :])
    return hs
