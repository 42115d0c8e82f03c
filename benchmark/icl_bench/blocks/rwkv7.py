"""The time mixing of RWKV-7 (Peng et al. 2025, arXiv 2503.14456), without the values of the first layer."""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.delta_rule import generalised_delta_rule, generalised_step
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

STRONGEST = -math.exp(-0.5)  # log of the strongest decay of a token
CHUNK = 64  # tokens: their log decays sum to more than −39
EPSILON = 64e-5  # of the norm of a head's answer, as at the source
# what mixes the present token with the one before it (receptance, decay, key, value, write strength, gate),
# and the power of its initial ramp over channels
MIXTURES = {"r": 0.2, "w": 0.9, "k": 0.7, "v": 0.7, "a": 0.9, "g": 0.2}


@BLOCKS.register
class RWKV7Spec(BlockSpec):
    """`heads` divides the width; decays, write strengths and gates come from maps of `rank`.

    S ← S diag(w) − S κ̂ (κ̂ ∘ a)ᵀ + v kᵀ, o = S r, with w = exp(−e^{−½} σ(·)); every map reads a mixture of
    the present token and the one before it.
    """

    label: ClassVar[str] = "RWKV-7"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "rank": 4}

    type: Literal["rwkv7"] = "rwkv7"
    heads: int = Field(ge=1, le=1_024)
    rank: int = Field(ge=1, le=4_096)

    def check(self, width: int) -> None:
        if width % self.heads:
            raise ValueError(f"width {width} is not divisible by {self.heads} heads; change one of them")

    def build(self, width: int) -> nn.Module:
        return RWKV7(width, self.heads, self.rank)

    def parameters(self, width: int) -> int:
        maps = 4 * width * width + 3 * 2 * self.rank * width
        return maps + width * (len(MIXTURES) + 2 + 3 + 2)  # mixtures; w0, a0; κ, k_a, bonus; norm

    def state_fixed(self, width: int) -> int:
        return width * width // self.heads + width

    def flops(self, width: int, tokens: int) -> int:
        maps = 4 * width * width + 3 * 2 * self.rank * width
        return tokens * (2 * maps + 8 * width * width // self.heads)


class LowRank(nn.Module):
    """up(nonlinearity(down(x))) + bias."""

    def __init__(self, width: int, rank: int, nonlinearity: Callable[[Tensor], Tensor], bias: bool) -> None:
        super().__init__()
        self.down = Linear(width, rank, bias=False)
        self.up = Linear(rank, width, bias=bias)
        self.nonlinearity = nonlinearity

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.nonlinearity(self.down(x)))


class RWKV7(TokenMixer):
    """The generalised delta rule with token shift, a bonus for the present token, and a gate."""

    def __init__(self, width: int, heads: int, rank: int) -> None:
        super().__init__()
        self.heads = heads
        self.mixture = nn.Parameter(torch.empty(len(MIXTURES), width))
        self.receptance, self.key, self.value = (Linear(width, width, bias=False) for _ in range(3))
        self.decay = LowRank(width, rank, torch.tanh, bias=True)
        self.strength = LowRank(width, rank, nn.Identity(), bias=True)
        self.gate = LowRank(width, rank, torch.sigmoid, bias=False)
        self.removal, self.replaced, self.bonus = (nn.Parameter(torch.empty(width)) for _ in range(3))
        self.norm = nn.GroupNorm(heads, width, eps=EPSILON)
        self.out = Linear(width, width, bias=False)

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        before = F.pad(h, (0, 0, 1, 0))[:, :-1]
        inputs, gate = self._inputs(h, before)
        with torch.autocast(h.device.type, enabled=False):
            r, k, v, removal, added, log_decay = (tensor.transpose(1, 2) for tensor in inputs)
            o = generalised_delta_rule(r, k, v, removal, added, log_decay, CHUNK).transpose(1, 2)
            o = self._answered(o, *inputs[:3])
        return self.out(o.to(h.dtype) * gate)

    def start(self, batch: int) -> State:
        width = self.out.in_features
        size = width // self.heads
        return self.zeros(batch, width), self.zeros(batch, self.heads, size, size)

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        inputs, gate = self._inputs(h, state[0].to(h.dtype))
        with torch.autocast(h.device.type, enabled=False):
            o, S = generalised_step(state[1], *inputs)
            o = self._answered(o, *inputs[:3])
        return self.out(o.to(h.dtype) * gate), (h.to(S.dtype), S)

    def _inputs(self, h: Tensor, before: Tensor) -> tuple[list[Tensor], Tensor]:
        """r, k, v, κ̂ / w, κ̂ ∘ a and log w, (…, heads, head) in the precision of the weights; and the gate."""
        xr, xw, xk, xv, xa, xg = (h + (before - h) * part for part in self.mixture)
        r, k, v = self.receptance(xr), self.key(xk), self.value(xv)
        a = self.strength(xa).sigmoid()
        removal = F.normalize((k * self.removal).unflatten(-1, (self.heads, -1)), dim=-1).flatten(-2)
        k = k * (1 + (a - 1) * self.replaced)
        log_decay = STRONGEST * self.decay(xw).to(self.bonus.dtype).sigmoid()
        flat = (r, k, v, removal * (-log_decay).exp(), removal * a, log_decay)  # κ̂ reads S before its decay
        return [x.to(self.bonus.dtype).unflatten(-1, (self.heads, -1)) for x in flat], self.gate(xg)

    def _answered(self, o: Tensor, r: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The norm of each head's answer, and the present value by r · (bonus ∘ k)."""
        normed = self.norm(o.reshape(-1, self.out.in_features)).view(*o.shape[:-2], -1)
        bonus = self.bonus.view(self.heads, -1)
        return normed + ((r * k * bonus).sum(-1, keepdim=True) * v).flatten(-2)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """The ramps over channels that the first layer has at the source; mixtures and decays differ most."""
        width, size = self.out.in_features, self.out.in_features // self.heads
        channel, powers = torch.arange(width), torch.tensor(list(MIXTURES.values()))[:, None]
        ramp = channel / max(width - 1, 1)
        within = (channel % size - (size - 1) / 2) / max((size - 1) / 2, 1)
        zigzag = within * within.abs()
        self.mixture.copy_(1 - (channel / width) ** powers)
        self.decay.up.bias.copy_(-5.5 + 6 * ramp + 2.5 * zigzag)
        self.strength.up.bias.copy_(-0.19 + 0.3 * zigzag + 0.4 * (ramp - 0.5))
        self.removal.copy_(0.71 - 0.1 * (ramp - 0.5))
        self.replaced.fill_(1.02)
        self.bonus.fill_(-0.04)
        self.norm.weight.fill_(1.0)
        self.norm.bias.zero_()
