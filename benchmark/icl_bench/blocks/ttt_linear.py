"""TTT-Linear: a linear model of the tokens so far, trained on them by gradient descent (arXiv 2407.04620).

Public code: test-time-training/ttt-lm-pytorch, ttt.py. Here without its rotary positions within a chunk; its
LayerNorm over all heads' answers is the norm of `output` (heads.py).
"""

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.ttt_linear import ttt, ttt_step
from icl_bench.specs.architecture import BLOCKS

DEVIATION = 0.02  # of the initial W, as at the source


@BLOCKS.register
class TTTLinearSpec(HeadsSpec):
    """W ← W − η ∇ ½ |LN(k W + b) − (v − k)|², o = q + LN(q W′ + b′): `chunk` tokens have their gradients at
    the W before them, and each is answered after its own.

    η is `rate` σ(a map with a bias) / key, times 1 / the token's place in its chunk and a learned number. A
    key has as many numbers as a value.
    """

    label: ClassVar[str] = "TTT-Linear"
    example: ClassVar[dict[str, Any]] = {
        "heads": 2,
        "key": 8,
        "value": 8,
        "conv": 4,
        "output": "gated",
        "chunk": 4,
        "rate": 1.0,
    }

    type: Literal["ttt_linear"] = "ttt_linear"
    chunk: int = Field(ge=1, le=4_096)
    rate: float = Field(gt=0, le=100)

    def check(self, width: int) -> None:
        if self.key != self.value:
            raise ValueError(
                f"key {self.key} and value {self.value} differ, but values less keys are what is learned; "
                "give one size for both"
            )

    def build(self, width: int) -> nn.Module:
        out = Linear(self.heads * self.value, width, bias=False)
        return TTTLinear(self.parts(width), Linear(width, self.heads), out, self.chunk, self.rate)

    def least_tokens(self) -> int:
        return self.chunk

    def parameters(self, width: int) -> int:
        model = self.heads * self.value * (self.key + 1)
        return super().parameters(width) + self.heads * (width + 1 + 2 * self.value) + model + self.chunk

    def state_fixed(self, width: int) -> int:
        """The model before the chunk, the sum of the chunk's gradients, and the place in the chunk."""
        return 2 * self.heads * self.value * (self.key + 1) + 1 + self.state_of_convolution()

    def flops(self, width: int, tokens: int) -> int:
        recurrence = 6 * self.heads * self.key * self.value
        return self.flops_of_maps(width, tokens) + tokens * (2 * width * self.heads + recurrence)


class TTTLinear(HeadMixer):
    """A model that is trained while it is read."""

    def __init__(self, parts: HeadParts, strength: Linear, out: Linear, chunk: int, rate: float) -> None:
        super().__init__(parts, out)
        self.strength = strength
        heads, (_, key, value) = parts.heads, parts.sizes
        self.rate = rate / key
        self.W, self.b = nn.Parameter(torch.empty(heads, key, value)), nn.Parameter(torch.empty(heads, value))
        self.norm_scale, self.norm_shift = (nn.Parameter(torch.empty(heads, value)) for _ in range(2))
        self.place = nn.Parameter(torch.empty(chunk))  # added to 1 / place

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return (self.strength(h)[..., None],)

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        return q, k, v, self.rate * gates[0].sigmoid()

    def mix(self, *inputs: Tensor) -> Tensor:
        q, k, v, rate = inputs
        batch = q.shape[0]
        begun = self.W.expand(batch, -1, -1, -1), self.b.expand(batch, -1, -1)
        return ttt(begun, q, k, v, rate, self._scales(), (self.norm_scale, self.norm_shift))

    def begin(self, batch: int) -> tuple[Tensor, ...]:
        begun = self.W.expand(batch, -1, -1, -1), self.b.expand(batch, -1, -1)
        return (*begun, *(torch.zeros_like(x) for x in begun), self.zeros(batch, 1))

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        q, k, v, rate = inputs
        W, b, gradient_W, gradient_b, place = state
        begun, norm, scale = (W, b), (self.norm_scale, self.norm_shift), self._scales()[int(place[0])]
        o, now, gradient = ttt_step(begun, (gradient_W, gradient_b), q, k, v, rate, scale, norm)
        if place[0] + 1 < self.place.shape[0]:
            return o, (*begun, *gradient, place + 1)
        return o, (*now, *(torch.zeros_like(x) for x in gradient), torch.zeros_like(place))

    def _scales(self) -> Tensor:
        """What gradients are multiplied by at each place of a chunk."""
        place = torch.arange(1, self.place.shape[0] + 1, dtype=self.place.dtype, device=self.place.device)
        return (1 / place + self.place).clamp(min=0)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """A model of nearly 0, under a norm that is the identity."""
        self.W.normal_(0.0, DEVIATION, generator=generator)
        self.b.zero_()
        self.norm_scale.fill_(1.0)
        self.norm_shift.zero_()
        self.place.zero_()
