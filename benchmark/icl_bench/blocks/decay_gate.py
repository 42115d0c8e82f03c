"""Decay as state-space models have it: log decay −e^A softplus(u + bias), A a number a head (Mamba-2)."""

import math

import torch
from torch import Generator, Tensor, nn

from icl_bench.blocks.recurrences.decays import bounded

STEP_MIN, STEP_MAX = 1e-3, 1e-1  # range of the initial softplus(bias), as Mamba's step sizes
A_MIN, A_MAX = 1.0, 16.0  # of the initial e^A, as Mamba-2's


class DecayGate(nn.Module):
    """Log decays of `heads` heads, `size` of each."""

    def __init__(self, heads: int, size: int) -> None:
        super().__init__()
        self.A_log = nn.Parameter(torch.empty(heads, 1))
        self.bias = nn.Parameter(torch.empty(heads, size))

    def steps(self, u: Tensor) -> Tensor:
        """softplus(u + bias), (…, heads, size) both. As log(e^u + 1): torch's compiler is wrong about how the
        gradient of `softplus` lies in memory."""
        u = u + self.bias
        return torch.logaddexp(u, torch.zeros_like(u))

    def forward(self, u: Tensor) -> Tensor:
        """Log decays (…, heads, size)."""
        log_decay = -self.A_log.exp() * self.steps(u)
        return log_decay if self.bias.shape[1] == 1 else bounded(log_decay)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """e^A uniform, softplus(bias) log-uniform."""
        spread = torch.rand(self.A_log.shape, generator=generator)
        self.A_log.copy_(torch.log(A_MIN + (A_MAX - A_MIN) * spread))
        self.bias.copy_(steps_bias(torch.rand(self.bias.shape, generator=generator)))


def steps_bias(spread: Tensor) -> Tensor:
    """Biases whose softplus is log-uniform between STEP_MIN and STEP_MAX, of uniform numbers."""
    steps = torch.exp(math.log(STEP_MIN) + spread * (math.log(STEP_MAX) - math.log(STEP_MIN)))
    return steps + torch.log(-torch.expm1(-steps))  # the inverse of softplus
