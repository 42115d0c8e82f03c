"""The optimal fast weights of ridge regression: o = Gᵀ (H + Λ)^(−1) q with H = Σ β k kᵀ and G = Σ β k vᵀ,
which decay, and Λ a positive number a key number (von Oswald et al. 2025, arXiv 2506.05233).

Public code: fla-org/flash-linear-attention, fla/ops/mesa_net. With keys and queries divided by √Λ the systems
of all tokens, I + H, are solved together by conjugate gradients. A product with every H is two masked
products of all keys, so no H is ever made. Such a system has no more than tokens + 1 different eigenvalues,
and no more than `key`, so as many iterations solve it but for rounding; SPARE ones see to that, and on a CPU
they end where all that is left is rounding. The gradient is another solution: the systems are symmetric. A
training step on a CPU does all of it in a compiled kernel.
"""

from typing import Any

import torch
from torch import Tensor

from icl_bench.blocks.kernels.mesa import compiled_mesa, takes_mesa_kernel
from icl_bench.blocks.recurrences.decays import Keys, Pairs, Values, sums_between
from icl_bench.blocks.together import along_batch

SPARE = 4  # iterations


def mesa_step(
    H: Tensor, G: Tensor, q: Tensor, k: Tensor, v: Tensor, write: Tensor, log_decay: Tensor, ridge: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The answer (batch, heads, value) of the next token, and H (batch, heads, key, key) and G (batch, heads,
    key, value) after it. `write` is β and `log_decay` g, (batch, heads, 1); `ridge` is Λ, (heads, key)."""
    decay, column = log_decay.exp()[..., None], (write * k)[..., :, None]
    H = decay * H + column @ k[..., None, :]
    G = decay * G + column @ v[..., None, :]
    factor = torch.linalg.cholesky_ex(H + torch.diag_embed(ridge)).L
    x = torch.cholesky_solve(q[..., None], factor)
    return (x.mT @ G)[..., 0, :], (H, G)


def mesa(q: Keys, k: Keys, v: Values, write: Tensor, log_decay: Tensor, ridge: Tensor) -> Values:
    """The answers at every token; `write` and `log_decay` are (batch, heads, tokens, 1), `ridge` is (heads,
    key)."""
    scale = ridge.rsqrt().expand(len(q), *ridge.shape)  # of each prompt, which may be one of several models'
    return along_batch(_mesa, q, k, v, write, log_decay, scale)


def _mesa(q: Keys, k: Keys, v: Values, write: Tensor, log_decay: Tensor, scale: Tensor) -> Values:
    if takes_mesa_kernel(q, v):
        return compiled_mesa(q, k, v, write, log_decay, scale, _most_iterations(q))
    scale = scale[:, :, None]
    q, k = q * scale, k * scale
    weights = sums_between(log_decay).exp().tril() * write.mT
    x = _Solution.apply(k, weights, q)
    return (x @ k.mT * weights) @ v


def solve(k: Keys, weights: Pairs, right: Keys) -> Keys:
    """x_t of (I + Σ_s weights[t, s] k_s k_sᵀ) x_t = right_t for every token t."""
    tiny, rounding = torch.finfo(right.dtype).tiny, torch.finfo(right.dtype).eps
    k, right = k.contiguous(), right.contiguous()  # else each product copies them
    x, residual, direction = torch.zeros_like(right), right.clone(), right.clone()
    size = residual.square().sum(-1, keepdim=True)
    enough = size * rounding**2
    for _ in range(_most_iterations(right)):
        product = ((direction @ k.mT).mul_(weights) @ k).add_(direction)
        length = size / (direction * product).sum(-1, keepdim=True).clamp_(min=tiny)
        x.addcmul_(length, direction)
        residual.addcmul_(length, product, value=-1)
        before, size = size, residual.square().sum(-1, keepdim=True)
        if _may_look(right) and bool((size <= enough).all()):
            break
        direction.mul_(size / before.clamp_(min=tiny)).add_(residual)
    return x


def _most_iterations(right: Keys) -> int:
    return min(right.shape[-1], right.shape[-2] + 1) + SPARE


def _may_look(x: Tensor) -> bool:
    """Whether it costs little to decide by numbers: an accelerator would wait, and the compiler cannot."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


class _Solution(torch.autograd.Function):
    """`solve`, whose gradient is not that of its iterations."""

    @staticmethod
    def forward(ctx: Any, k: Tensor, weights: Tensor, right: Tensor) -> Tensor:
        x = solve(k, weights, right)
        ctx.save_for_backward(k, weights, x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        k, weights, x = ctx.saved_tensors
        y = solve(k, weights, gradient)
        of_x, of_y = x @ k.mT, y @ k.mT
        of_keys = (weights * of_x).mT @ y + (weights * of_y).mT @ x
        return -of_keys, -of_x * of_y, y
