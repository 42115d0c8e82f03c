"""The causal convolution with SiLU as one autograd node around compiled kernels, float32 on the CPU."""

from typing import Any

import torch
from torch import Tensor

from icl_bench.blocks.kernels import convolution
from icl_bench.blocks.kernels.mixer import run


class CompiledConvolution(torch.autograd.Function):
    """(u (batch, tokens, channels), weight (channels, length), bias (channels)) to silu(convolution), the
    shape of u; differentiable once in every argument."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        u = u.contiguous()
        filters, y = torch.cat([weight.mT, bias[None]]), torch.empty_like(u)
        run(convolution.forward_kernel(), u, filters, y)
        ctx.save_for_backward(u, filters)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u, filters = ctx.saved_tensors
        du, dfilters = torch.empty_like(u), filters.new_empty(len(u), *filters.shape)
        run(convolution.backward_kernel(), dy.contiguous(), u, filters, du, dfilters)
        dfilters = dfilters.sum(0)
        return du, dfilters[:-1].mT, dfilters[-1]
