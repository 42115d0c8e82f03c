"""The optimiser of a recipe: Adam, AdamW, or Muon on the blocks' matrices and Adam on the rest."""

from typing import Any

import torch
from torch import nn

from icl_bench.models.model import ICLModel
from icl_bench.specs.recipe import Recipe
from icl_bench.training.muon import Muon


class RecipeOptimiser:
    """One step changes every parameter, at a share of its rate."""

    def __init__(self, model: ICLModel, recipe: Recipe) -> None:
        matrices = block_matrices(model) if recipe.optimiser == "muon" else []
        taken = {id(matrix) for matrix in matrices}
        rest = [parameter for parameter in model.parameters() if id(parameter) not in taken]
        self._parameters = list(model.parameters())
        self._clip = recipe.clip
        self._parts: list[tuple[torch.optim.Optimizer, float]] = [(_adam(rest, recipe), recipe.learning_rate)]
        if recipe.matrix_rate is not None and matrices:
            muon = Muon(matrices, recipe.matrix_rate, weight_decay=recipe.weight_decay)
            self._parts.append((muon, recipe.matrix_rate))

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimiser, _ in self._parts:
            optimiser.zero_grad()

    def step(self, share: float) -> None:
        """Change the parameters by their gradients, at this share of the rates."""
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
        for optimiser, rate in self._parts:
            for group in optimiser.param_groups:
                group["lr"] = rate * share
            optimiser.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """What the optimisers keep between two steps."""
        return [optimiser.state_dict() for optimiser, _ in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Take up a saved state; errors as torch raises them."""
        for (optimiser, _), part in zip(self._parts, state, strict=True):
            optimiser.load_state_dict(part)


def block_matrices(model: ICLModel) -> list[torch.Tensor]:
    """The weights of the linear maps inside blocks: not those of read-in, read-out, positions and norms."""
    return [
        module.weight
        for part in (model.stem, model.layers)
        for module in part.modules()
        if isinstance(module, nn.Linear)
    ]


def _adam(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    betas = (recipe.betas[0], recipe.betas[1])
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, betas=betas, weight_decay=recipe.weight_decay, fused=True
        )
    return torch.optim.Adam(parameters, lr=recipe.learning_rate, betas=betas, fused=True)
