"""The optimiser of a recipe: Adam, AdamW, or Muon on the blocks' matrices and Adam on the rest."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from icl_bench.models.model import ICLModel
from icl_bench.specs.recipe import Recipe
from icl_bench.training.muon import Muon, step_together


class RecipeOptimiser:
    """One step changes every parameter, at a share of its rate."""

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        matrices = block_matrices(model) if recipe.optimiser == "muon" else []
        taken = {id(matrix) for matrix in matrices}
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        rest = [parameter for parameter in self._parameters if id(parameter) not in taken]
        self._clip = recipe.clip
        self._adam = _adam(rest, recipe)
        self._parts: list[tuple[torch.optim.Optimizer, float]] = [(self._adam, recipe.learning_rate)]
        self._muon: Muon | None = None
        if recipe.matrix_rate is not None and matrices:
            self._muon = Muon(matrices, recipe.matrix_rate, weight_decay=recipe.weight_decay)
            self._parts.append((self._muon, recipe.matrix_rate))

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimiser, _ in self._parts:
            optimiser.zero_grad()

    def step(self, share: float) -> None:
        """Change the parameters by their gradients, at this share of the rates."""
        self.set_share(share)
        change_parameters([self])

    def set_share(self, share: float) -> None:
        """What share of the rates the next step has."""
        for optimiser, rate in self._parts:
            for group in optimiser.param_groups:
                if isinstance(group["lr"], torch.Tensor):
                    group["lr"].fill_(rate * share)
                else:
                    group["lr"] = rate * share

    def keep_rates_on_device(self) -> None:
        """Hold the rates in memory beside the parameters, where a recorded step reads them."""
        for optimiser, _ in self._parts:
            for group in optimiser.param_groups:
                device = group["params"][0].device
                group["lr"] = torch.tensor(float(group["lr"]), device=device)
                if "capturable" in group and device.type == "cuda":
                    group["capturable"] = True

    def state_dict(self) -> list[dict[str, Any]]:
        """What the optimisers keep between two steps, the same wherever their rates are held."""
        parts = [optimiser.state_dict() for optimiser, _ in self._parts]
        for group in (group for part in parts for group in part["param_groups"]):
            group["lr"] = float(group["lr"])
            if "capturable" in group:
                group["capturable"] = False
        return parts

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Take up a saved state; errors as torch raises them. The rates are numbers again."""
        for (optimiser, _), part in zip(self._parts, state, strict=True):
            optimiser.load_state_dict(part)


def change_parameters(optimisers: Sequence[RecipeOptimiser]) -> None:
    """A step of each by the gradients of its own parameters, at the share that was set."""
    for optimiser in optimisers:
        if optimiser._clip is not None:
            nn.utils.clip_grad_norm_(optimiser._parameters, optimiser._clip)
        optimiser._adam.step()
    step_together([optimiser._muon for optimiser in optimisers if optimiser._muon is not None])


def block_matrices(model: nn.Module) -> list[torch.Tensor]:
    """The weights of the linear maps inside blocks: not those of read-in, read-out, positions and norms.

    Of a module of one's own, those of every `nn.Linear` but the first and the last that it defines.
    """
    if not isinstance(model, ICLModel):
        linear = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
        return [weight for weight in linear[1:-1] if weight.requires_grad]
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
