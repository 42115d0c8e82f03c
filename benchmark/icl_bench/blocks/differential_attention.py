"""Differential attention: the difference of two softmax maps reads the values (arXiv 2410.05258).

Public code: microsoft/unilm, Diff-Transformer/multihead_diffattn.py; transformers' modeling_diffllama.py.
"""

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Generator, Tensor, nn

from icl_bench.blocks.heads import HeadNorm
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.positions import RotaryPositions, rotate
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

DEVIATION = 0.1  # of the initial vectors that λ is computed from
EPSILON = 1e-5  # of the norm of a head's answer, as at the source


@BLOCKS.register
class DifferentialAttentionSpec(BlockSpec):
    """`heads` pairs of softmax maps, each pair with values of width / heads and keys of half of that.

    `lambda_init` is λ₀, at the source 0.8 − 0.6 e^(−0.3 · layer) with layers counted from 0: a block does not
    know its layer. `rope` rotates queries and keys.
    """

    label: ClassVar[str] = "differential attention"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "positions": "rope", "bias": False, "lambda_init": 0.2}

    type: Literal["differential_attention"] = "differential_attention"
    heads: int = Field(ge=1, le=1_024)
    positions: Literal["none", "rope"]
    bias: bool
    lambda_init: float = Field(ge=0, lt=1)

    def check(self, width: int) -> None:
        if width % (2 * self.heads):
            raise ValueError(
                f"width {width} is not divisible by two maps of {self.heads} heads; change one of them"
            )
        if self.positions == "rope" and width // (2 * self.heads) % 2:
            raise ValueError(f"rope needs an even key, not {width // (2 * self.heads)}; change the heads")

    def build(self, width: int) -> nn.Module:
        key = width // (2 * self.heads)
        qkv, out = Linear(width, 3 * width, bias=self.bias), Linear(width, width, bias=self.bias)
        rotary = RotaryPositions(key) if self.positions == "rope" else None
        return DifferentialAttention(qkv, out, self.heads, rotary, self.lambda_init)

    def parameters(self, width: int) -> int:
        key = width // (2 * self.heads)
        return 4 * width * width + 4 * width * self.bias + 4 * key + 2 * key

    def state_per_token(self, width: int) -> int:
        return 2 * width

    def flops(self, width: int, tokens: int) -> int:
        pairs = tokens * (tokens + 1) // 2
        return 8 * tokens * width * width + 4 * pairs * width


class DifferentialAttention(TokenMixer):
    """(softmax(q₁ k₁ᵀ / √key) − λ softmax(q₂ k₂ᵀ / √key)) v, then (1 − λ₀) norm(·), a head; λ = e^(a₁·b₁) −
    e^(a₂·b₂) + λ₀ of four learned vectors."""

    def __init__(
        self, qkv: Linear, out: Linear, heads: int, rotary: RotaryPositions | None, lambda_init: float
    ) -> None:
        super().__init__()
        self.qkv = qkv
        self.out = out
        self.heads = heads
        self.rotary = rotary
        self.lambda_init = lambda_init
        value = out.in_features // heads
        self.vectors = nn.Parameter(torch.empty(2, 2, value // 2))  # a₁, b₁; a₂, b₂
        self.norm = HeadNorm(value, EPSILON)

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        tokens = h.shape[1]
        q, k, v = self._parts(h)
        if self.rotary is not None:
            cos, sin = (angle[:, None, None] for angle in self.rotary.angles(tokens, h.device))
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        q, k, v = q.movedim(1, -2), k.movedim(1, -2), v.movedim(1, -2)
        later = torch.ones(tokens, tokens, dtype=torch.bool, device=h.device).triu(1)
        scores = (q @ k.mT * q.shape[-1] ** -0.5).masked_fill(later, -torch.inf)
        return self._answered((self._difference(scores) @ v).transpose(1, 2), h)

    def start(self, batch: int) -> State:
        """No keys (batch, heads, two, tokens, key) and no values (batch, heads, tokens, value)."""
        value = self.out.in_features // self.heads
        return self.zeros(batch, self.heads, 2, 0, value // 2), self.zeros(batch, self.heads, 0, value)

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        q, k, v = self._parts(h)
        keys, values = state
        if self.rotary is not None:
            now = keys.shape[-2]
            cos, sin = (angle[now] for angle in self.rotary.angles(now + 1, h.device))
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        keys = torch.cat([keys, k[..., None, :]], dim=-2)
        values = torch.cat([values, v[..., None, :]], dim=-2)
        scores = q[..., None, :] @ keys.mT * q.shape[-1] ** -0.5
        o = (self._difference(scores) @ values)[..., 0, :]
        return self._answered(o, h), (keys, values)

    def _parts(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys (…, heads, two, key), and values (…, heads, value)."""
        q, k, v = self.qkv(h).chunk(3, dim=-1)
        q, k = (part.unflatten(-1, (self.heads, 2, -1)) for part in (q, k))
        return q, k, v.unflatten(-1, (self.heads, -1))

    def _difference(self, scores: Float[Tensor, "batch heads two queries keys"]) -> Tensor:
        """The first softmax of each pair without λ times the second one."""
        first, second = scores.softmax(-1).unbind(2)
        products = self.vectors.prod(1).sum(-1).exp()
        return first - (products[0] - products[1] + self.lambda_init) * second

    def _answered(self, o: Float[Tensor, "... heads value"], h: Tensor) -> Tensor:
        o = (1 - self.lambda_init) * self.norm(o.to(self.vectors.dtype))
        return self.out(o.flatten(-2).to(h.dtype))

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """λ is about λ₀."""
        self.vectors.normal_(0.0, DEVIATION, generator=generator)
