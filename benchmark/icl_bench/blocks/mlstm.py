"""The mLSTM of xLSTM: linear attention with an exponential input gate and a normaliser (arXiv 2405.04517).

The gates have the bound of xLSTM 7B (arXiv 2503.13427). At the source a head's answer has a LayerNorm and a
sigmoid gate; here it has what every recurrent block has (`output` in heads.py).
"""

from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from icl_bench.blocks.heads import HeadMixer, HeadParts, HeadsSpec
from icl_bench.blocks.linear import Linear
from icl_bench.blocks.recurrences.decays import log_sigmoid
from icl_bench.blocks.recurrences.mlstm import mlstm, mlstm_step
from icl_bench.specs.architecture import BLOCKS

CAP = 15.0  # no gate's logit is further from 0, so that e to its power does not overflow
INPUT_DEVIATION = 0.1  # of the initial biases of input gates
FORGET_FIRST, FORGET_LAST = 3.0, 6.0  # initial biases of the first and the last head's forget gate


@BLOCKS.register
class MLSTMSpec(HeadsSpec):
    """C ← f C + i k vᵀ, n ← f n + i k, o = Cᵀ q / max(|n · q|, 1) with q divided by √key, i = e^(a map of the
    input) and f = σ(another), each with a bias."""

    label: ClassVar[str] = "mLSTM"
    example: ClassVar[dict[str, Any]] = {"heads": 2, "key": 8, "value": 16, "conv": 4, "output": "gated"}

    type: Literal["mlstm"] = "mlstm"

    def build(self, width: int) -> nn.Module:
        write, forget = (Linear(width, self.heads) for _ in range(2))
        out = Linear(self.heads * self.value, width, bias=False)
        return MLSTM(self.parts(width), write, forget, out)

    def parameters(self, width: int) -> int:
        return super().parameters(width) + 2 * self.heads * (width + 1)

    def state_fixed(self, width: int) -> int:
        return super().state_fixed(width) + self.heads * (self.key + 1)

    def flops(self, width: int, tokens: int) -> int:
        recurrence = 2 * self.heads * self.key * (2 * self.value + 1)
        return self.flops_of_maps(width, tokens) + tokens * (4 * width * self.heads + recurrence)


class MLSTM(HeadMixer):
    """A matrix memory, written by exponential gates."""

    def __init__(self, parts: HeadParts, write: Linear, forget: Linear, out: Linear) -> None:
        super().__init__(parts, out)
        self.write, self.forget = write, forget

    def gates(self, h: Tensor) -> tuple[Tensor, ...]:
        return self.write(h)[..., None], self.forget(h)[..., None]

    def prepared(self, q: Tensor, k: Tensor, v: Tensor, *gates: Tensor) -> tuple[Tensor, ...]:
        write, forget = (CAP * torch.tanh(gate / CAP) for gate in gates)
        return q * k.shape[-1] ** -0.5, k, v, write, log_sigmoid(forget)

    def mix(self, *inputs: Tensor) -> Tensor:
        return mlstm(*inputs)

    def begin(self, batch: int) -> tuple[Tensor, ...]:
        heads, (_, key, value) = self.parts.heads, self.parts.sizes
        return (
            self.zeros(batch, heads, key, value),
            self.zeros(batch, heads, key),
            self.zeros(batch, heads, 1),
        )

    def mix_step(self, state: tuple[Tensor, ...], *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        C, n, m = state
        return mlstm_step(C, n, m, *inputs)

    @torch.no_grad()
    def reset(self, generator: Generator) -> None:
        """Heads forget at different paces, and write as they find."""
        self.write.bias.normal_(0.0, INPUT_DEVIATION, generator=generator)
        self.forget.bias.copy_(torch.linspace(FORGET_FIRST, FORGET_LAST, self.parts.heads))
