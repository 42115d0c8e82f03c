"""What recurrent mixers with heads of keys and values share: sizes, the maps in and out, and their costs.

q, k, v = parts(silu(conv(inner(h))))          where `conv` is 0, parts(inner(h))
o = the block's own recurrence of q, k, v
answer = out(norm(o) · silu(gate(h)))          where `output` is `gated`
"""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.decays import Keys, Values
from icl_bench.blocks.short_convolution import ShortConvolution
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BlockSpec

Output = Literal["plain", "norm", "gated"]

EPSILON = 1e-6  # of the norm of a head's answer


class HeadsSpec(BlockSpec):
    """`heads` of `key` and `value` numbers. `conv` tokens are convolved before them and go through a SiLU, 0
    for neither. `output` says what becomes of a head's answer: `plain` as it is, `norm` its RMSNorm, `gated`
    that times a gate."""

    heads: int = Field(ge=1, le=1_024)
    key: int = Field(ge=1, le=4_096)
    value: int = Field(ge=1, le=4_096)
    conv: int = Field(ge=0, le=64)
    output: Output

    def parts(self, width: int) -> "HeadParts":
        """The shared modules."""
        return HeadParts(width, self.heads, self.key, self.value, self.conv, self.output)

    def parameters(self, width: int) -> int:
        read, written = self.heads * (2 * self.key + self.value), self.heads * self.value
        norm = 0 if self.output == "plain" else self.value
        gate = width * written if self.output == "gated" else 0
        return width * (read + written) + read * self.conv + norm + gate

    def state_fixed(self, width: int) -> int:
        return self.heads * self.key * self.value + self.state_of_convolution()

    def state_of_convolution(self) -> int:
        """Numbers that it carries: the tokens before the present one."""
        return self.heads * (2 * self.key + self.value) * max(self.conv - 1, 0)

    def flops_of_maps(self, width: int, tokens: int) -> int:
        """Those of everything but the recurrence."""
        read, written = self.heads * (2 * self.key + self.value), self.heads * self.value
        gate = width * written if self.output == "gated" else 0
        return 2 * tokens * (width * (read + written) + read * self.conv + gate)


class HeadParts(nn.Module):
    """The maps from the stream to heads, and what follows a head's answer but the map back."""

    def __init__(self, width: int, heads: int, key: int, value: int, conv: int, output: Output) -> None:
        super().__init__()
        self.heads, self.sizes = heads, (key, key, value)
        channels = heads * (2 * key + value)
        self.inner = Linear(width, channels, bias=False)
        self.conv = ShortConvolution(channels, conv) if conv else None
        self.norm = None if output == "plain" else HeadNorm(value)
        self.gate = Linear(width, heads * value, bias=False) if output == "gated" else None

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> tuple[Keys, Keys, Values]:
        """Queries, keys and values."""
        u = self.inner(h)
        u = u if self.conv is None else self.conv(u)
        parts = u.unflatten(-1, (self.heads, -1)).split(self.sizes, dim=-1)
        q, k, v = (part.transpose(1, 2) for part in parts)
        return q, k, v

    def step(
        self, h: Float[Tensor, "batch width"], past: State
    ) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        """The same of the next token, and what the convolution carries on."""
        u = self.inner(h)
        if self.conv is not None:
            u, tokens = self.conv.step(u, past[0])
            past = (tokens,)
        q, k, v = u.unflatten(-1, (self.heads, -1)).split(self.sizes, dim=-1)
        return (q, k, v), past

    def answered(self, o: Float[Tensor, "... heads value"], h: Tensor) -> Float[Tensor, "... values"]:
        """Heads' answers side by side, in `h`'s precision."""
        if self.norm is not None:
            o = self.norm(o)
        o = o.flatten(-2)
        return (o if self.gate is None else o * F.silu(self.gate(h))).to(h.dtype)


class HeadMixer(TokenMixer):
    """A recurrence of queries, keys, values and gates; a block defines `mix` and `mix_step`.

    What is carried is kept in the precision of the weights: under autocast the maps alone are in a lower one.
    """

    def __init__(self, parts: HeadParts, out: Linear) -> None:
        super().__init__()
        self.parts = parts
        self.out = out

    def gates(self, h: Float[Tensor, "... width"]) -> tuple[Tensor, ...]:
        """What else the recurrence reads of each token, (…, heads, size)."""
        return ()

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        """What both forms take, of one token or of many: the arguments of `mix`."""
        return q, k, v, *gates

    def mix(self, *inputs: Tensor) -> Values:
        """The answers at every token."""
        raise NotImplementedError

    def begin(self, batch: int) -> State:
        """The state before the first token: a (key, value) matrix a head, unless a block has another."""
        _, key, value = self.parts.sizes
        return (self.zeros(batch, self.parts.heads, key, value),)

    def mix_step(self, state: State, *inputs: Tensor) -> tuple[Tensor, State]:
        """The answers at the next token, and the recurrence's state after it."""
        raise NotImplementedError

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        inputs = *self.parts(h), *(gate.transpose(1, 2) for gate in self.gates(h))
        with torch.autocast(h.device.type, enabled=False):
            o = self.mix(*self.prepared(*self._exact(inputs)))
        return self.out(self.parts.answered(o.transpose(1, 2), h))

    def start(self, batch: int) -> State:
        conv = self.parts.conv
        past = () if conv is None else (self.zeros(batch, conv.weight.shape[1] - 1, conv.weight.shape[0]),)
        return past + self.begin(batch)

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        carried = 0 if self.parts.conv is None else 1
        read, past = self.parts.step(h, state[:carried])
        with torch.autocast(h.device.type, enabled=False):
            inputs = self.prepared(*self._exact((*read, *self.gates(h))))
            o, memory = self.mix_step(state[carried:], *inputs)
        return self.out(self.parts.answered(o, h)), past + memory

    def _exact(self, inputs: tuple[Tensor, ...]) -> list[Tensor]:
        return [tensor.to(self.out.weight.dtype) for tensor in inputs]


class HeadNorm(nn.Module):
    """The RMSNorm of each head's answer, one weight a number of it."""

    def __init__(self, size: int, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.epsilon = epsilon

    def forward(self, o: Float[Tensor, "... size"]) -> Float[Tensor, "... size"]:
        return F.rms_norm(o, self.weight.shape, self.weight, self.epsilon)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """The identity."""
        self.weight.fill_(1.0)
