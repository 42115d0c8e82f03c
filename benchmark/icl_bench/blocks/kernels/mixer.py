"""The inside of the Mamba mixer as one autograd node around compiled kernels, float32 on the CPU.

What `icl_bench.blocks.mamba.mix` says in torch operations, without their temporaries: the gradients of the
two halves of the projection, and of the step sizes, B and C, are written where they belong.
"""

from typing import Any

import torch
from torch import Tensor

from icl_bench.blocks.kernels import convolution, scan
from icl_bench.blocks.kernels.onednn import product, weight_gradient
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.compiled import call


def mix(
    projected: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor,
    select: Tensor,
    step_weight: Tensor,
    step_bias: Tensor,
    A_log: Tensor,
    D: Tensor,
) -> Tensor:
    """Arguments and result as `icl_bench.blocks.mamba.mix`; differentiable once in every argument."""
    return _Mixer.apply(projected, conv_weight, conv_bias, select, step_weight, step_bias, A_log, D)


class _Mixer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        projected: Tensor,
        conv_weight: Tensor,
        conv_bias: Tensor,
        select: Tensor,
        step_weight: Tensor,
        step_bias: Tensor,
        A_log: Tensor,
        D: Tensor,
    ) -> Tensor:
        projected = projected.contiguous()
        u = projected.new_empty(*projected.shape[:2], D.shape[0])
        filters = torch.cat([conv_weight.mT, conv_bias[None]])
        run(convolution.forward_kernel(), projected, filters, u)
        linear = product if trains_on_cpu(projected) else torch.nn.functional.linear
        selected = linear(u, select)
        raw = linear(selected[..., : step_weight.shape[1]], step_weight, step_bias)
        A = -torch.exp(A_log.mT).contiguous()
        scanned, y = torch.empty_like(u), torch.empty_like(u)
        run(scan.forward_kernel(), u, raw, A, D[None], selected, projected, scanned, y, True)
        ctx.save_for_backward(projected, filters, u, select, selected, step_weight, raw, A, D, scanned)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, ...]:
        projected, filters, u, select, selected, step_weight, raw, A, D, scanned = ctx.saved_tensors
        batch, rank = len(u), step_weight.shape[1]
        du, draw, dselected, dprojected = map(torch.empty_like, (u, raw, selected, projected))
        dA, dD = u.new_empty(batch, *A.shape), u.new_empty(batch, 1, *D.shape)  # a row a prompt
        inputs = (dy.contiguous(), u, raw, A, D[None], selected, projected, scanned)
        run(scan.backward_kernel(), *inputs, du, draw, dA, dD, dselected, dprojected, True)
        draw, u, flat = draw.flatten(0, 1), u.flatten(0, 1), dselected.flatten(0, 1)
        flat[:, :rank] = (step_weight.mT @ draw.mT).mT  # of few columns: sooner this way round
        dstep_weight = weight_gradient(draw, selected[..., :rank].flatten(0, 1))
        du.flatten(0, 1).add_(product(flat, select.mT))
        dfilters = filters.new_empty(batch, *filters.shape)
        run(convolution.backward_kernel(), du, projected, filters, dprojected, dfilters)
        dfilters = dfilters.sum(0)
        return (
            dprojected, dfilters[:-1].mT, dfilters[-1], weight_gradient(flat, u),
            dstep_weight, draw.sum(0), (dA.sum(0) * A).mT, dD.sum((0, 1)),
        )  # fmt: skip


def run(kernel: Any, *arguments: Tensor | float) -> None:
    """Call a kernel on the memory of tensors."""
    call(kernel, *(a.detach().numpy() if isinstance(a, Tensor) else a for a in arguments))
