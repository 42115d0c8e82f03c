"""Positions: a learned absolute table added to the residual stream, and rotary angles for attention."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

ROPE_BASE = 10_000.0


class LearnedPositions(nn.Module):
    """One learned vector a token, added to the residual stream before the stack (Radford et al. 2019)."""

    def __init__(self, max_tokens: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_tokens, width))

    is_table = True  # it starts as the weights of a linear map do

    def forward(self, h: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        return h + self.weight[: h.shape[1]]


class RotaryPositions(nn.Module):
    """Rotary embedding (Su et al. 2021, arXiv 2104.09864), pairing coordinates i and i + head/2 as LLaMA.

    Holds no parameters; the angles of the longest prompt so far are kept per device.
    """

    def __init__(self, head_width: int) -> None:
        super().__init__()
        self.head_width = head_width
        self._angles: tuple[Tensor, Tensor] | None = None

    def forward(
        self, qk: Float[Tensor, "batch tokens two heads head"]
    ) -> Float[Tensor, "batch tokens two heads head"]:
        cos, sin = (angle[:, None, None] for angle in self.angles(qk.shape[1], qk.device))
        return rotate(qk, cos, sin)

    def angles(self, tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosines and sines, each (tokens, head/2)."""
        if self._angles is None or self._angles[0].shape[0] < tokens or self._angles[0].device != device:
            self._angles = self._new_angles(tokens, device)
        return self._angles[0][:tokens], self._angles[1][:tokens]

    @torch.inference_mode(False)  # else angles made while predicting could not be trained with later
    def _new_angles(self, tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
        exponent = torch.arange(0, self.head_width, 2, dtype=torch.float32) / self.head_width
        position = torch.arange(tokens, dtype=torch.float32)
        angle = torch.outer(position, 1.0 / ROPE_BASE**exponent).to(device)
        return angle.cos(), angle.sin()


def rotate(
    x: Float[Tensor, "... head"], cos: Float[Tensor, "... half"], sin: Float[Tensor, "... half"]
) -> Float[Tensor, "... head"]:
    """Each pair of coordinates i and i + head/2 turned by its angle."""
    left, right = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)
