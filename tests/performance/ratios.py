"""Throughput beside the same architecture in `transformers`, on the same inputs and weights, as ratios.

Absolute times mean little and are not claimed.
"""

import torch
from models.twins import architecture, copy_weights, twin, twin_stack
from performance.timing import ratio
from torch import Tensor, nn

from icl_bench.models.model import ICLModel
from icl_bench.models.predictor import ModelPredictor

PAPER = dict(width=256, layers=12, heads=8, hidden=1024, expand=4, state=16, conv=4)
MINI = dict(width=64, layers=4, heads=4, hidden=256, expand=2, state=16, conv=4)


class TwinRegressor(nn.Module):
    """A `transformers` stack between our read-in and read-out, as earlier harnesses use it."""

    def __init__(self, name: str, sizes: dict[str, int], model: ICLModel) -> None:
        super().__init__()
        self.stack = twin(name, **sizes)
        copy_weights(self.stack, model)
        self.read_in, self.read_out = model.read_in, model.read_out
        self.tokens = model.tokens

    def forward(self, xs: Tensor, ys: Tensor) -> Tensor:
        return self.read_out(twin_stack(self.stack, self.read_in(self.tokens(xs, ys)))[:, ::2])


def pair(name: str, sizes: dict[str, int], d: int) -> tuple[ICLModel, TwinRegressor]:
    """Our model and its twin, with the same weights."""
    model = ICLModel(architecture(name, **sizes), d=d, k=1, task="paper-v1/linear_regression")
    return model, TwinRegressor(name, sizes, model)


def evaluation_ratio(name: str, sizes: dict[str, int], points: int, d: int, prompts: int) -> float:
    """Evaluation of the same prompts: ours in the batches that `evaluate` takes, theirs in batches of 64."""
    model, other = (module.eval() for module in pair(name, sizes, d))
    xs, ys = torch.randn(prompts, points, d), torch.randn(prompts, points, 1)
    predictor, arrays = ModelPredictor(model), (xs.numpy(), ys.numpy())

    @torch.inference_mode()
    def theirs() -> None:
        for start in range(0, prompts, 64):
            other(xs[start : start + 64], ys[start : start + 64])

    return ratio(lambda: predictor.predict(*arrays), theirs)


def training_ratio(name: str, sizes: dict[str, int], tokens: int, batch: int = 64) -> float:
    """Training: forward and backward pass and an Adam step, on prompts of about `tokens` tokens."""
    points = (tokens + 1) // 2
    model, other = (module.train() for module in pair(name, sizes, d=8))
    xs, ys = torch.randn(batch, points, 8), torch.randn(batch, points, 1)
    optimisers = {module: torch.optim.Adam(module.parameters(), fused=True) for module in (model, other)}

    def run(module: nn.Module) -> None:
        optimisers[module].zero_grad()
        (module(xs, ys) - ys).square().mean().backward()
        optimisers[module].step()

    return ratio(lambda: run(model), lambda: run(other), pairs=5)
