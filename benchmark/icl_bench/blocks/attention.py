"""Causal multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762), with or without RoPE."""

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.kernels.attention import CausalAttention
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.positions import RotaryPositions, rotate
from icl_bench.blocks.together import along_batch
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

LONGEST_COMPILED = 256  # tokens


@BLOCKS.register
class AttentionSpec(BlockSpec):
    """`heads` divides the width; `rope` rotates queries and keys; `bias` is on in GPT-2, off in LLaMA."""

    label: ClassVar[str] = "attention"
    example: ClassVar[dict[str, Any]] = {"heads": 4, "positions": "rope", "bias": False}

    type: Literal["attention"] = "attention"
    heads: int = Field(ge=1, le=1_024)
    positions: Literal["none", "rope"]
    bias: bool

    def check(self, width: int) -> None:
        if width % self.heads:
            raise ValueError(f"width {width} is not divisible by {self.heads} heads; change one of them")
        if self.positions == "rope" and (width // self.heads) % 2:
            raise ValueError(f"rope needs an even head width, not {width // self.heads}; change the heads")

    def build(self, width: int) -> nn.Module:
        rotary = RotaryPositions(width // self.heads) if self.positions == "rope" else None
        qkv = nn.Linear(width, 3 * width, bias=self.bias)
        return Attention(qkv, nn.Linear(width, width, bias=self.bias), self.heads, rotary)

    def parameters(self, width: int) -> int:
        return 4 * width * width + 4 * width * self.bias

    def state_per_token(self, width: int) -> int:
        return 2 * width

    def flops(self, width: int, tokens: int) -> int:
        pairs = tokens * (tokens + 1) // 2
        return 8 * tokens * width * width + 4 * pairs * width


class Attention(TokenMixer):
    """softmax(q kᵀ / √head) v over the past and the present token."""

    def __init__(self, qkv: nn.Linear, out: nn.Linear, heads: int, rotary: RotaryPositions | None) -> None:
        super().__init__()
        self.qkv = qkv
        self.out = out
        self.heads = heads
        self.rotary = rotary

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        return self.out(along_batch(self._mix, self.qkv(h)))

    def start(self, batch: int) -> State:
        """No keys and no values."""
        width = self.out.in_features
        nothing = self.zeros(batch, self.heads, 0, width // self.heads)
        return nothing, nothing

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).unbind(1)
        if self.rotary is not None:
            now = state[0].shape[2]
            cos, sin = (angle[now] for angle in self.rotary.angles(now + 1, h.device))
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        keys, values = (
            torch.cat([past, x[:, :, None]], dim=2) for past, x in zip(state, (k, v), strict=True)
        )
        scores = (q[:, :, None] @ keys.mT) * q.shape[-1] ** -0.5
        return self.out((scores.softmax(-1) @ values).flatten(1)), (keys, values)

    def _mix(self, qkv: Tensor) -> Tensor:
        short = qkv.shape[1] <= LONGEST_COMPILED
        return (compiled_mix if short and trains_on_cpu(qkv) else mix)(qkv, self.heads, self.rotary)


def mix(
    qkv: Float[Tensor, "batch tokens three_widths"], heads: int, rotary: RotaryPositions | None
) -> Float[Tensor, "batch tokens width"]:
    """The heads' answers side by side, on any device."""
    batch, tokens, width = *qkv.shape[:2], qkv.shape[2] // 3
    parts = qkv.view(batch, tokens, 3, heads, width // heads)
    qk, v = parts[:, :, :2], parts[:, :, 2]
    if rotary is not None:
        qk = rotary(qk)
    q, k = qk.unbind(2)
    mixed = F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
    )
    return mixed.transpose(1, 2).reshape(batch, tokens, width)


def compiled_mix(
    qkv: Float[Tensor, "batch tokens three_widths"], heads: int, rotary: RotaryPositions | None
) -> Float[Tensor, "batch tokens width"]:
    """The same by compiled kernels, on a CPU in float32."""
    if rotary is None:
        cos = sin = qkv.new_empty(0, 0)
    else:
        cos, sin = rotary.angles(qkv.shape[1], qkv.device)
    return CausalAttention.apply(qkv, heads, cos, sin)
