"""The mesa layer of MesaNet: a token is answered by ridge regression on those before it (arXiv 2506.05233).

Public code: fla-org/flash-linear-attention, fla/layers/mesa_net.py, where values are not convolved.
"""

import math
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from icl_bench.blocks.deltanet import unit
from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.decays import log_sigmoid
from icl_bench.blocks.recurrences.mesa import mesa, mesa_step
from icl_bench.specs.architecture import BLOCKS

LEAST_RIDGE = 0.25
FIRST_RIDGE = 1.0


@BLOCKS.register
class MesaSpec(HeadsSpec):
    """H ← γ H + β k kᵀ, G ← γ G + β k vᵀ, o = Gᵀ (H + Λ)^(−1) q, with q and k of length 1, γ and β = σ(a map
    with a bias), and Λ ≥ 0.25 learned, a key number."""

    label: ClassVar[str] = "mesa layer"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "key": 8, "value": 16, "conv": 4, "output": "norm"}

    type: Literal["mesa"] = "mesa"

    def build(self, width: int) -> nn.Module:
        strength, forget = (Linear(width, self.heads) for _ in range(2))
        out = Linear(self.heads * self.value, width, bias=False)
        return Mesa(self.parts(width), strength, forget, out)

    def parameters(self, width: int) -> int:
        return super().parameters(width) + 2 * self.heads * (width + 1) + self.heads * self.key

    def state_fixed(self, width: int) -> int:
        return super().state_fixed(width) + self.heads * self.key * self.key

    def flops(self, width: int, tokens: int) -> int:
        """With a Cholesky factor and two triangular solutions a head and token."""
        solution = self.key**3 // 3 + 2 * self.key**2
        recurrence = self.heads * (2 * self.key * (self.key + 2 * self.value) + solution)
        return self.flops_of_maps(width, tokens) + tokens * (4 * width * self.heads + recurrence)


class Mesa(HeadMixer):
    """Ridge regression of the values on the keys, asked at the query."""

    def __init__(self, parts: HeadParts, strength: Linear, forget: Linear, out: Linear) -> None:
        super().__init__(parts, out)
        self.strength, self.forget = strength, forget
        self.ridge = nn.Parameter(torch.empty(parts.heads, parts.sizes[0]))

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return self.strength(h)[..., None], self.forget(h)[..., None]

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        strength, forget = gates
        ridge = LEAST_RIDGE + torch.logaddexp(self.ridge, torch.zeros_like(self.ridge))
        return unit(q), unit(k), v, strength.sigmoid(), log_sigmoid(forget), ridge

    def mix(self, *inputs: Tensor) -> Tensor:
        return mesa(*inputs)

    def begin(self, batch: int) -> tuple[Tensor, ...]:
        heads, (_, key, value) = self.parts.heads, self.parts.sizes
        return self.zeros(batch, heads, key, key), self.zeros(batch, heads, key, value)

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        H, G = state
        return mesa_step(H, G, *inputs)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """Λ = 1."""
        self.ridge.fill_(math.log(math.expm1(FIRST_RIDGE - LEAST_RIDGE)))
