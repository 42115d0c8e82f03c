"""The Mamba mixer (Gu & Dao 2023, arXiv 2312.00752): convolution, selective scan and gate in one block."""

import math
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.decay_gate import steps_bias
from icl_bench.blocks.kernels.mixer import mix as compiled_mix
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.selective_scan import selective_scan
from icl_bench.blocks.short_convolution import causal_convolution
from icl_bench.blocks.together import one_by_one
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec


@BLOCKS.register
class MambaSpec(BlockSpec):
    """`expand` × width channels, each with `state` numbers of memory; `conv` is the convolution's length."""

    label: ClassVar[str] = "Mamba"
    example: ClassVar[dict[str, Any]] = {"expand": 2, "state": 16, "conv": 4}

    type: Literal["mamba"] = "mamba"
    expand: int = Field(ge=1, le=64)
    state: int = Field(ge=1, le=1_024)
    conv: int = Field(ge=1, le=64)

    def build(self, width: int) -> nn.Module:
        return Mamba(width, self.expand * width, self.state, self.conv, _step_rank(width))

    def parameters(self, width: int) -> int:
        channels, rank = self.expand * width, _step_rank(width)
        projections = channels * (2 * width + rank + 2 * self.state + rank + width)
        return projections + channels * (self.conv + 1 + 1 + self.state + 1)

    def state_fixed(self, width: int) -> int:
        return self.expand * width * (self.state + self.conv - 1)

    def flops(self, width: int, tokens: int) -> int:
        channels, rank = self.expand * width, _step_rank(width)
        projections = 2 * channels * (3 * width + 2 * rank + 2 * self.state)
        # a step of one state number: Δ·A, exp, ·h, Δx·B, +, ·C, + ; the exponential counts as one
        return tokens * (projections + 2 * channels * self.conv + 7 * channels * self.state)


def _step_rank(width: int) -> int:
    """Rank of the map from channels to step sizes, the paper's ⌈width / 16⌉."""
    return math.ceil(width / 16)


def mix(
    projected: Float[Tensor, "batch tokens two_channels"],
    conv_weight: Float[Tensor, "channels length"],
    conv_bias: Float[Tensor, " channels"],
    select: Float[Tensor, "selected channels"],
    step_weight: Float[Tensor, "channels rank"],
    step_bias: Float[Tensor, " channels"],
    A_log: Float[Tensor, "channels state"],
    D: Float[Tensor, " channels"],
) -> Float[Tensor, "batch tokens channels"]:
    """scan(silu(conv(u))) · silu(gate), with u and gate the halves of `projected`, on any device.

    On a CPU in float32 the mixer takes `compiled_mix` in its place: the same in a few compiled loops.
    """
    u, gate = projected.chunk(2, dim=-1)
    u = F.silu(causal_convolution(u, conv_weight, conv_bias))
    sizes = (step_weight.shape[1], A_log.shape[1], A_log.shape[1])
    step, B, C = F.linear(u, select).split(sizes, dim=-1)
    delta = F.softplus(F.linear(step, step_weight, step_bias))
    return selective_scan(u, delta, -torch.exp(A_log), B, C, D) * F.silu(gate)


class Mamba(TokenMixer):
    """out(scan(silu(conv(u))) · silu(gate)), with step sizes and B, C computed from the input."""

    has_cpu_kernels = True  # torch.compile leaves it as it is there

    def __init__(self, width: int, channels: int, state: int, conv: int, step_rank: int) -> None:
        super().__init__()
        self.inner = Linear(width, 2 * channels, bias=False)
        self.conv = nn.Conv1d(channels, channels, conv, groups=channels)  # holds the weights
        self.select = Linear(channels, step_rank + 2 * state, bias=False)  # step, B, C
        self.step = Linear(step_rank, channels)
        self.A_log = nn.Parameter(torch.empty(channels, state))
        self.D = nn.Parameter(torch.empty(channels))
        self.out = Linear(channels, width, bias=False)

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        projected = self.inner(h).to(self.D.dtype)
        compiled = projected.device.type == "cpu" and projected.dtype == torch.float32
        weights = (self.select.weight, self.step.weight, self.step.bias, self.A_log, self.D)
        with torch.autocast(projected.device.type, enabled=False):  # a memory of many steps is kept exactly
            bias: Tensor = self.conv.bias  # type: ignore[assignment]  # it has one
            inputs = (projected, self.conv.weight[:, 0], bias, *weights)
            mixed = one_by_one(compiled_mix, *inputs) if compiled else mix(*inputs)
        return self.out(mixed)

    def start(self, batch: int) -> State:
        channels, length = self.conv.weight.shape[0], self.conv.weight.shape[2]
        return self.zeros(batch, length - 1, channels), self.zeros(batch, *self.A_log.shape)

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        past, memory = state
        u, gate = self.inner(h).to(self.D.dtype).chunk(2, dim=-1)
        with torch.autocast(h.device.type, enabled=False):
            bias: Tensor = self.conv.bias  # type: ignore[assignment]  # it has one
            window = torch.cat([past, u[:, None]], dim=1)
            u = F.silu((window * self.conv.weight[:, 0].mT).sum(1) + bias)
            size = self.A_log.shape[1]
            step, B, C = self.select(u).split((self.step.in_features, size, size), dim=-1)
            delta = F.softplus(self.step(step))
            decay = torch.exp(delta[..., None] * -torch.exp(self.A_log))
            memory = decay * memory + (delta * u)[..., None] * B[:, None]
            y = (memory @ C[..., None])[..., 0] + self.D * u
            mixed = y * F.silu(gate)
        return self.out(mixed), (window[:, 1:], memory)

    @torch.no_grad()
    def reset(self, generator: torch.Generator) -> None:
        """The initial memory: A = -1 … -state, D = 1, log-uniform steps (section 3.6 of the paper)."""
        channels, state = self.A_log.shape
        self.A_log.copy_(torch.log(torch.arange(1, state + 1, dtype=torch.float32)).expand(channels, state))
        self.D.fill_(1.0)
        bound = self.step.in_features**-0.5
        self.step.weight.uniform_(-bound, bound, generator=generator)
        self.step.bias.copy_(steps_bias(torch.rand(channels, generator=generator)))
        bound = self.conv.kernel_size[0] ** -0.5
        self.conv.weight.uniform_(-bound, bound, generator=generator)
        if self.conv.bias is not None:
            self.conv.bias.zero_()
