"""Models of one architecture as one: their parameters share memory, and one pass computes for all of them."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap


class StackedModels:
    """Parameters stacked on a first axis, of which every model's own are slices.

    What changes a model's parameters, as its optimiser does, changes the stacked ones, and the other way
    round. The models stay usable by themselves.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self.models = list(models)
        own = [dict(model.named_parameters()) for model in models]
        self._stacked = {
            name: torch.stack([parameters[name].detach() for parameters in own]).requires_grad_()
            for name in own[0]
        }
        self._slices = [  # (parameter of a model, the stacked one, place)
            (parameters[name], stacked, place)
            for place, parameters in enumerate(own)
            for name, stacked in self._stacked.items()
        ]
        for parameter, stacked, place in self._slices:
            parameter.data = stacked.detach()[place]

    def __call__(
        self, xs: Float[Tensor, "models batch points d"], ys: Float[Tensor, "models batch points k"]
    ) -> Float[Tensor, "models batch points k"]:
        """Predictions of every model on its own prompts."""
        return vmap(lambda own, xs, ys: functional_call(self.models[0], own, (xs, ys)))(self._stacked, xs, ys)

    def zero_grad(self) -> None:
        """Forget the gradients, those of the models too."""
        for stacked in self._stacked.values():
            stacked.grad = None
        for parameter, _, _ in self._slices:
            parameter.grad = None

    def backward(self, losses: Float[Tensor, " models"]) -> None:
        """Give every model's parameters the gradients of its own loss."""
        losses.sum().backward()
        for parameter, stacked, place in self._slices:
            parameter.grad = None if stacked.grad is None else stacked.grad[place]
