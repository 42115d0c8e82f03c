"""The mixer of Mamba-2: a decay a head, and B and C shared by the heads (Dao & Gu 2024, arXiv 2405.21060)."""

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.decay_gate import DecayGate
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.linear import linear_attention, linear_step
from icl_bench.blocks.short_convolution import ShortConvolution
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

EPSILON = 1e-5  # of the norm before the map out, as at the source


@BLOCKS.register
class Mamba2Spec(BlockSpec):
    """`expand` × width channels in heads of `head`; each channel has `state` numbers of memory, and `conv`
    tokens are convolved before them."""

    label: ClassVar[str] = "Mamba-2"
    example: ClassVar[dict[str, Any]] = {"expand": 2, "head": 16, "state": 8, "conv": 4}

    type: Literal["mamba2"] = "mamba2"
    expand: int = Field(ge=1, le=64)
    head: int = Field(ge=1, le=4_096)
    state: int = Field(ge=1, le=4_096)
    conv: int = Field(ge=1, le=64)

    def check(self, width: int) -> None:
        if self.expand * width % self.head:
            raise ValueError(
                f"{self.expand * width} channels are not divisible into heads of {self.head}; change head"
            )

    def build(self, width: int) -> nn.Module:
        return Mamba2(width, self.expand * width // self.head, self.head, self.state, self.conv)

    def parameters(self, width: int) -> int:
        channels, read = self.expand * width, self.expand * width + 2 * self.state
        heads = channels // self.head
        maps = width * (channels + read + heads) + channels * width
        return maps + read * (self.conv + 1) + 3 * heads + channels

    def state_fixed(self, width: int) -> int:
        channels = self.expand * width
        return channels * self.state + (channels + 2 * self.state) * (self.conv - 1)

    def flops(self, width: int, tokens: int) -> int:
        channels, read = self.expand * width, self.expand * width + 2 * self.state
        maps = width * (channels + read + channels // self.head) + channels * width
        return tokens * (2 * maps + 2 * read * self.conv + 4 * channels * self.state)


class Mamba2(TokenMixer):
    """out(norm(y · silu(gate))): h ← e^{ΔA} h + Δ B x, y = C h + D x, a head's channels alike."""

    def __init__(self, width: int, heads: int, head: int, state: int, conv: int) -> None:
        super().__init__()
        channels, read = heads * head, heads * head + 2 * state
        self.head, self.sizes = head, (channels, state, state)
        self.inner = Linear(width, channels + read + heads, bias=False)  # gate; x, B, C; steps
        self.conv = ShortConvolution(read, conv, bias=True)
        self.decay = DecayGate(heads, 1)
        self.D = nn.Parameter(torch.empty(heads, 1))
        self.norm = nn.RMSNorm(channels, eps=EPSILON)
        self.out = Linear(channels, width, bias=False)

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        gate, xBC, u = self._projected(h)
        with torch.autocast(h.device.type, enabled=False):
            x, B, C, steps, log_decay = self._inputs(self.conv(xBC), u)
            q, k = (shared[:, None].expand(-1, x.shape[2], -1, -1) for shared in (C, B))
            decay, v = log_decay.transpose(1, 2), (steps * x).transpose(1, 2)
            y = linear_attention(q, k, v, decay).transpose(1, 2) + self.D * x
            normed = self.norm(y.flatten(-2) * F.silu(gate))
        return self.out(normed)

    def start(self, batch: int) -> State:
        channels, state, _ = self.sizes
        past = self.zeros(batch, self.conv.weight.shape[1] - 1, self.conv.weight.shape[0])
        return past, self.zeros(batch, channels // self.head, state, self.head)

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        gate, xBC, u = self._projected(h)
        with torch.autocast(h.device.type, enabled=False):
            convolved, past = self.conv.step(xBC, state[0])
            x, B, C, steps, log_decay = self._inputs(convolved, u)
            q, k = (shared[:, None].expand(-1, x.shape[1], -1) for shared in (C, B))
            y, memory = linear_step(state[1], q, k, steps * x, log_decay)
            normed = self.norm((y + self.D * x).flatten(-2) * F.silu(gate))
        return self.out(normed), (past, memory)

    def _projected(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gate, what is convolved, and the steps before their bias, in the precision of the weights."""
        channels, state, _ = self.sizes
        projected = self.inner(h).to(self.D.dtype)
        gate, xBC, u = projected.split((channels, channels + 2 * state, channels // self.head), dim=-1)
        return gate, xBC, u

    def _inputs(self, convolved: Tensor, u: Tensor) -> tuple[Tensor, ...]:
        """x (…, heads, head), B and C (…, state), steps and log decays (…, heads, 1)."""
        x, B, C = convolved.split(self.sizes, dim=-1)
        u = u[..., None]
        return x.unflatten(-1, (-1, self.head)), B, C, self.decay.steps(u), self.decay(u)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """D = 1; the norm is the identity."""
        self.D.fill_(1.0)
        self.norm.weight.fill_(1.0)
