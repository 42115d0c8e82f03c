"""Causal multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762), with or without RoPE.

With a window a token sees the last tokens and, with a sink, the first ones: the Λ-shaped mask of LM-Infinite
(Han et al. 2023, arXiv 2308.16137), without the bound that it sets to distances. Layers with a window and a
few without one are MASFormer (arXiv 2310.12442).
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field, model_serializer
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.kernels.attention import CausalAttention
from icl_bench.blocks.kernels.trains_on_cpu import trains_on_cpu
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.positions import RotaryPositions, rotate
from icl_bench.blocks.together import along_batch
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

LONGEST_COMPILED = 256  # tokens


@BLOCKS.register
class AttentionSpec(BlockSpec):
    """`heads` divides the width; `rope` rotates queries and keys; `bias` is on in GPT-2, off in LLaMA.

    With `window` a token sees that many, itself counted, and the first `sink` ones; without it all.
    """

    label: ClassVar[str] = "attention"
    example: ClassVar[dict[str, Any]] = {"heads": 4, "positions": "rope", "bias": False}

    type: Literal["attention"] = "attention"
    heads: int = Field(ge=1, le=1_024)
    positions: Literal["none", "rope"]
    bias: bool
    window: int | None = Field(default=None, ge=1, le=1_000_000)
    sink: int = Field(default=0, ge=0, le=1_000_000)

    @model_serializer(mode="wrap")
    def _without_usual_window(self, dump: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        usual = {"window": None, "sink": 0}
        return {key: value for key, value in dump(self).items() if key not in usual or value != usual[key]}

    def called(self) -> str:
        return self.label if self.window is None else f"windowed {self.label}"

    def check(self, width: int) -> None:
        if width % self.heads:
            raise ValueError(f"width {width} is not divisible by {self.heads} heads; change one of them")
        if self.positions == "rope" and (width // self.heads) % 2:
            raise ValueError(f"rope needs an even head width, not {width // self.heads}; change the heads")
        if self.sink and self.window is None:
            raise ValueError("a sink is what is seen beside a window; give a window, or no sink")

    def build(self, width: int) -> nn.Module:
        rotary = RotaryPositions(width // self.heads) if self.positions == "rope" else None
        qkv = Linear(width, 3 * width, bias=self.bias)
        out = Linear(width, width, bias=self.bias)
        if self.window is None:
            return Attention(qkv, out, self.heads, rotary)
        return WindowedAttention(qkv, out, self.heads, rotary, self.window, self.sink)

    def parameters(self, width: int) -> int:
        return 4 * width * width + 4 * width * self.bias

    def state_fixed(self, width: int) -> int:
        """Of a window that is full: what the next token sees but itself, and its position where it counts."""
        if self.window is None:
            return 0
        return 2 * width * (self.window - 1 + self.sink) + (self.positions == "rope")

    def state_per_token(self, width: int) -> int:
        return 2 * width if self.window is None else 0

    def carried(self, width: int, tokens: int) -> int:
        """Of a window that is not full yet, no more than attention to all has."""
        return min(super().carried(width, tokens), 2 * width * tokens + (self.positions == "rope"))

    def flops(self, width: int, tokens: int) -> int:
        filling = tokens if self.window is None else min(tokens, self.window + self.sink)
        pairs = filling * (filling + 1) // 2 + (tokens - filling) * filling
        return 8 * tokens * width * width + 4 * pairs * width


class Attention(TokenMixer):
    """softmax(q kᵀ / √head) v over the past and the present token."""

    def __init__(self, qkv: Linear, out: Linear, heads: int, rotary: RotaryPositions | None) -> None:
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
        return self._read(h, state, position=state[0].shape[2])

    def _read(self, h: Tensor, state: State, position: int) -> tuple[Tensor, State]:
        """The answer at a token by what is carried, and that with the token's key and value."""
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).unbind(1)
        if self.rotary is not None:
            cos, sin = (angle[position] for angle in self.rotary.angles(position + 1, h.device))
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        keys, values = (
            torch.cat([past, x[:, :, None]], dim=2) for past, x in zip(state, (k, v), strict=True)
        )
        scores = (q[:, :, None] @ keys.mT) * q.shape[-1] ** -0.5
        return self.out((scores.softmax(-1) @ values).flatten(1)), (keys, values)

    def _mix(self, qkv: Tensor) -> Tensor:
        short = qkv.shape[1] <= LONGEST_COMPILED
        return (compiled_mix if short and trains_on_cpu(qkv) else mix)(qkv, self.heads, self.rotary)


class WindowedAttention(Attention):
    """The same over the last `window` tokens, the present one counted, and the first `sink` ones."""

    def __init__(
        self,
        qkv: Linear,
        out: Linear,
        heads: int,
        rotary: RotaryPositions | None,
        window: int,
        sink: int,
    ) -> None:
        super().__init__(qkv, out, heads, rotary)
        self.window = window
        self.sink = sink

    def start(self, batch: int) -> State:
        """No keys and no values; with RoPE, the position of the next token, (batch, 1)."""
        return super().start(batch) + (() if self.rotary is None else (self.zeros(batch, 1),))

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        position = 0 if self.rotary is None else int(state[2][0])
        answer, carried = self._read(h, state[:2], position)
        if carried[0].shape[2] == self.window + self.sink:  # the oldest of the window is seen no more
            carried = tuple(torch.cat([x[:, :, : self.sink], x[:, :, self.sink + 1 :]], 2) for x in carried)
        return answer, carried + tuple(seen + 1 for seen in state[2:])

    def _mix(self, qkv: Tensor) -> Tensor:
        token = torch.arange(qkv.shape[1], device=qkv.device)
        back = token[:, None] - token
        visible = (back >= 0) & ((back < self.window) | (token < self.sink))
        return mix(qkv, self.heads, self.rotary, visible)


def mix(
    qkv: Float[Tensor, "batch tokens three_widths"],
    heads: int,
    rotary: RotaryPositions | None,
    visible: Bool[Tensor, "tokens tokens"] | None = None,
) -> Float[Tensor, "batch tokens width"]:
    """The heads' answers side by side, on any device. `visible`: which token sees which; None for all until
    the present one."""
    batch, tokens, width = *qkv.shape[:2], qkv.shape[2] // 3
    parts = qkv.view(batch, tokens, 3, heads, width // heads)
    qk, v = parts[:, :, :2], parts[:, :, 2]
    if rotary is not None:
        qk = rotary(qk)
    q, k = qk.unbind(2)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=visible, is_causal=visible is None)
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
