"""Causal linear attention, without a normaliser; with decay, the retention of RetNet (arXiv 2307.08621).

Queries and keys are as they are: the linear transformer (arXiv 2006.16236) has elu + 1 of them, and RetNet
rotates them.
"""

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.linear import linear_attention, linear_step
from icl_bench.specs.architecture import BLOCKS


@BLOCKS.register
class LinearAttentionSpec(HeadsSpec):
    """S ← γ S + k vᵀ, o = Sᵀ q / √key; `decay` is `none`, γ = 1, or `retention`, γ = 1 − 2^(−5 − head)."""

    label: ClassVar[str] = "linear attention"
    example: ClassVar[dict[str, Any]] = {
        "heads": 2,
        "key": 8,
        "value": 16,
        "conv": 0,
        "output": "gated",
        "decay": "retention",
    }

    type: Literal["linear_attention"] = "linear_attention"
    decay: Literal["none", "retention"]

    def called(self) -> str:
        return "retention" if self.decay == "retention" else self.label

    def build(self, width: int) -> nn.Module:
        out = Linear(self.heads * self.value, width, bias=False)
        return LinearAttention(self.parts(width), out, self.decay == "retention")

    def flops(self, width: int, tokens: int) -> int:
        return self.flops_of_maps(width, tokens) + tokens * 4 * self.heads * self.key * self.value


class LinearAttention(HeadMixer):
    """q kᵀ v over the past and the present token, a softmax nowhere."""

    def __init__(self, parts: HeadParts, out: Linear, decays: bool) -> None:
        super().__init__(parts, out)
        self.decays = decays

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        return q * k.shape[-1] ** -0.5, k, v

    def mix(self, *inputs: Tensor) -> Tensor:
        q, k, v = inputs
        if not self.decays:
            return linear_attention(q, k, v)
        return linear_attention(q, k, v, self._log_decay(q)[:, None].expand(*q.shape[:3], 1))

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        q, k, v = inputs
        log_decay = self._log_decay(q).expand(*q.shape[:2], 1) if self.decays else None
        o, S = linear_step(state[0], q, k, v, log_decay)
        return o, (S,)

    def _log_decay(self, like: Tensor) -> Tensor:
        """log γ of each head, (heads, 1)."""
        head = torch.arange(self.parts.heads, dtype=like.dtype, device=like.device)
        return torch.log1p(-torch.exp2(-5 - head))[:, None]
