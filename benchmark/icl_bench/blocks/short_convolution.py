"""The short causal convolution that stands before many recurrent mixers, as in Mamba (arXiv 2312.00752)."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.kernels.short_convolution import CompiledConvolution
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.together import one_by_one


def causal_convolution(
    u: Float[Tensor, "batch tokens channels"], weight: Float[Tensor, "channels length"], bias: Tensor | None
) -> Float[Tensor, "batch tokens channels"]:
    """Each channel convolved with its own weights over the present and the past tokens.

    A few shifted products with the channels last: three times as fast on a CPU as torch's grouped
    convolution, forwards and backwards, which wants the channels first.
    """
    tokens, length = u.shape[1], weight.shape[1]
    padded = F.pad(u, (0, 0, length - 1, 0))
    y = padded[:, :tokens] * weight[:, 0]
    if bias is not None:
        y = y + bias
    for lag in range(1, length):
        y = torch.addcmul(y, padded[:, lag : lag + tokens], weight[:, lag])
    return y


class ShortConvolution(nn.Module):
    """silu(convolution(u)), a weight for each channel and lag, and a bias where it is wanted."""

    def __init__(self, channels: int, length: int, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, length))
        self.bias = nn.Parameter(torch.empty(channels)) if bias else None

    def forward(self, u: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "batch tokens channels"]:
        if trains_on_cpu(u):
            bias = self.weight.new_zeros(len(self.weight)) if self.bias is None else self.bias
            return one_by_one(CompiledConvolution.apply, u, self.weight, bias)
        return F.silu(causal_convolution(u, self.weight, self.bias))

    def step(self, u: Float[Tensor, "batch channels"], past: Tensor) -> tuple[Tensor, Tensor]:
        """The answer at the next token, and the `length - 1` tokens (batch, lags, channels) before the one
        that follows it."""
        window = torch.cat([past, u[:, None]], dim=1)
        convolved = (window * self.weight.mT).sum(1)
        return F.silu(convolved if self.bias is None else convolved + self.bias), window[:, 1:]

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """torch's own for a convolution, uniform within length^-½, but no bias."""
        bound = self.weight.shape[1] ** -0.5
        self.weight.uniform_(-bound, bound, generator=generator)
        if self.bias is not None:
            self.bias.zero_()
