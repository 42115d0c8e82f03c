"""The hierarchical sequential transduction unit: attention without a softmax, gated (arXiv 2402.17152).

Public code: facebookresearch/generative-recommenders, modeling/sequential/hstu.py, here without its bias of
relative positions and times. It divides by the longest sequence's length; here by the tokens so far, so that
no token's answer depends on how long a prompt becomes.
"""

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.linear import Linear
from icl_bench.blocks.token_mixer import State, TokenMixer
from icl_bench.specs.architecture import BLOCKS, BlockSpec

EPSILON = 1e-6  # of the norm before the gate, as at the source


@BLOCKS.register
class HSTUSpec(BlockSpec):
    """`heads` divides the width; of the four maps a token is read by, all have an activation."""

    label: ClassVar[str] = "HSTU"
    example: ClassVar[dict[str, Any]] = {"heads": 4, "positions": "none"}

    type: Literal["hstu"] = "hstu"
    heads: int = Field(ge=1, le=1_024)
    positions: Literal["none"]

    def check(self, width: int) -> None:
        if width % self.heads:
            raise ValueError(f"width {width} is not divisible by {self.heads} heads; change one of them")

    def build(self, width: int) -> nn.Module:
        return HSTU(Linear(width, 4 * width, bias=False), Linear(width, width), self.heads)

    def parameters(self, width: int) -> int:
        return 5 * width * width + width

    def state_per_token(self, width: int) -> int:
        return 2 * width

    def flops(self, width: int, tokens: int) -> int:
        pairs = tokens * (tokens + 1) // 2
        return 10 * tokens * width * width + 4 * pairs * width


class HSTU(TokenMixer):
    """out(norm(silu(q kᵀ) v / tokens so far) · u), with u, v, q, k = silu(inner(h)); the norm is over all
    heads and has no weights."""

    def __init__(self, inner: Linear, out: Linear, heads: int) -> None:
        super().__init__()
        self.inner = inner
        self.out = out
        self.heads = heads

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        u, v, q, k = self._parts(h)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        seen = torch.arange(1, h.shape[1] + 1, device=h.device)[:, None]
        o = (F.silu(q @ k.mT).tril() / seen).to(v.dtype) @ v
        return self._answered(o.transpose(1, 2), u)

    def start(self, batch: int) -> State:
        """No keys and no values."""
        nothing = self.zeros(batch, self.heads, 0, self.out.in_features // self.heads)
        return nothing, nothing

    def next_token(
        self, h: Float[Tensor, "batch width"], state: State
    ) -> tuple[Float[Tensor, "batch width"], State]:
        u, v, q, k = self._parts(h)
        keys, values = (
            torch.cat([past, x[:, :, None]], dim=2) for past, x in zip(state, (k, v), strict=True)
        )
        weights = F.silu(q[:, :, None] @ keys.mT) / keys.shape[2]
        return self._answered((weights @ values)[:, :, 0], u), (keys, values)

    def _parts(self, h: Tensor) -> tuple[Tensor, ...]:
        """u, v, q and k, (…, heads, size) each."""
        return F.silu(self.inner(h)).unflatten(-1, (4, self.heads, -1)).unbind(-3)

    def _answered(self, o: Float[Tensor, "... heads size"], u: Float[Tensor, "... heads size"]) -> Tensor:
        o = o.flatten(-2)
        return self.out(F.layer_norm(o, o.shape[-1:], eps=EPSILON) * u.flatten(-2))
