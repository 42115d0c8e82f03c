"""The Omega rule of ATLAS: a memory descends on its errors at the last tokens (arXiv 2505.23735).

A matrix is the memory, of keys as they are: without the paper's polynomial features, deep memories and Muon.
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from icl_bench.blocks.deltanet import unit
from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.decays import log_sigmoid
from icl_bench.blocks.recurrences.omega import omega, omega_step
from icl_bench.specs.architecture import BLOCKS

FORGET_BIAS = 4.0  # of the initial decay, σ of which is 0.98


@BLOCKS.register
class OmegaSpec(HeadsSpec):
    """S ← α S − η Z, o = Sᵀ q / √key, with Z ← θ Z + Σ γ_j k_j (Sᵀ k_j − v_j)ᵀ over the last `window` tokens.

    q and k are of length 1. Each gate is σ(a map with a bias), and γ that divided by `window`, with which no
    step is too long. Without `momentum` θ is 0, and no Z is carried.
    """

    label: ClassVar[str] = "Omega rule"
    example: ClassVar[dict[str, Any]] = {
        "heads": 2,
        "key": 8,
        "value": 16,
        "conv": 4,
        "output": "gated",
        "window": 3,
        "momentum": True,
    }

    type: Literal["omega"] = "omega"
    window: int = Field(ge=1, le=1_024)
    momentum: bool

    def build(self, width: int) -> nn.Module:
        maps = [Linear(width, self.heads) for _ in range(3 + self.momentum)]
        out = Linear(self.heads * self.value, width, bias=False)
        return Omega(self.parts(width), maps, out, self.window)

    def least_tokens(self) -> int:
        return self.window

    def parameters(self, width: int) -> int:
        return super().parameters(width) + (3 + self.momentum) * self.heads * (width + 1)

    def state_fixed(self, width: int) -> int:
        memories = (1 + self.momentum) * self.key * self.value
        window = (self.window - 1) * (self.key + self.value + 1)
        return self.heads * (memories + window) + self.state_of_convolution()

    def flops(self, width: int, tokens: int) -> int:
        recurrence = (4 * self.window + 2) * self.heads * self.key * self.value
        gates = 2 * width * (3 + self.momentum) * self.heads
        return self.flops_of_maps(width, tokens) + tokens * (gates + recurrence)


class Omega(HeadMixer):
    """Descent on the errors at the last tokens. `maps`: to γ, η and α, and to θ where there is momentum."""

    def __init__(self, parts: HeadParts, maps: list[Linear], out: Linear, window: int) -> None:
        super().__init__(parts, out)
        self.write, self.strength, self.forget = maps[:3]
        self.momentum = maps[3] if len(maps) == 4 else None
        self.window = window

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        maps = self.write, self.strength, self.forget, self.momentum
        return tuple(gate(h)[..., None] for gate in maps if gate is not None)

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        write, strength, *kept = gates
        q, k = unit(q) * k.shape[-1] ** -0.5, unit(k)
        return q, k, v, write.sigmoid() / self.window, strength.sigmoid(), *map(log_sigmoid, kept)

    def mix(self, *inputs: Tensor) -> Tensor:
        q, k, v, write, rate, log_decay, *log_momentum = inputs
        momentum = log_momentum[0] if log_momentum else None
        return omega(q, k, v, write, rate, log_decay, momentum, self.window)

    def begin(self, batch: int) -> tuple[Tensor, ...]:
        heads, (_, key, value) = self.parts.heads, self.parts.sizes
        past = (self.zeros(batch, heads, self.window - 1, size) for size in (key, value, 1))
        memories = 1 if self.momentum is None else 2
        return (*past, *(self.zeros(batch, heads, key, value) for _ in range(memories)))

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        keys, values, writes, S, *momentum = state
        q, k, v, write, rate, log_decay, *log_momentum = inputs
        Z, log_theta = (momentum[0], log_momentum[0]) if momentum else (None, None)
        past = keys, values, writes
        o, (S, Z), past = omega_step((S, Z), past, q, k, v, write, rate, log_decay, log_theta)
        return o, (*past, S) if Z is None else (*past, S, Z)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """Little is forgotten."""
        self.forget.bias.fill_(FORGET_BIAS)
