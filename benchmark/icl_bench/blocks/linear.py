"""The linear map of every block: torch's, with faster products in a training step on a CPU.

Predictions are made with torch's own operation, so that their bits stay those on record.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.kernels.onednn import product, weight_gradient
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.together import any_stacked


class Linear(nn.Linear):
    """`nn.Linear`, computed by `linear`."""

    def forward(self, x: Float[Tensor, "... features"]) -> Float[Tensor, "... outputs"]:
        return linear(x, self.weight, self.bias)


def linear(
    x: Float[Tensor, "... features"],
    weight: Float[Tensor, "outputs features"],
    bias: Float[Tensor, " outputs"] | None = None,
) -> Float[Tensor, "... outputs"]:
    """x Wᵀ + b; in a training step on a CPU differentiable once."""
    if trains_on_cpu(x) and not torch.is_autocast_enabled("cpu") and not any_stacked((x, weight)):
        return _Linear.apply(x, weight, bias)
    return F.linear(x, weight, bias)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows, dy_rows = x.flatten(0, -2), dy.flatten(0, -2)
        gradients = (
            lambda: product(dy, weight.mT),
            lambda: weight_gradient(dy_rows, rows),
            lambda: dy_rows.sum(0),
        )
        needed = zip(gradients, ctx.needs_input_grad, strict=True)
        return tuple(gradient() if is_needed else None for gradient, is_needed in needed)
