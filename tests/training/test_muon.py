"""Muon orthogonalises, agrees with torch's, and takes matrices together as it takes them alone."""

import pytest
import torch
from training.test_run import RECIPE, plan

from icl_bench.specs.recipe import Recipe
from icl_bench.training import muon
from icl_bench.training.muon import Muon, orthogonalised
from icl_bench.training.optimiser import RecipeOptimiser, block_matrices

SHAPES = [(8, 24), (24, 8), (16, 16), (8, 24), (3, 40)]


def matrices(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator) for shape in SHAPES]


def after_steps(optimiser_of: object, steps: int = 3, **options: float) -> list[torch.Tensor]:
    parameters = [torch.nn.Parameter(matrix) for matrix in matrices()]
    optimiser = optimiser_of(parameters, **options)
    for step in range(steps):
        for parameter, gradient in zip(parameters, matrices(step + 1), strict=True):
            parameter.grad = gradient
        optimiser.step()
    return [parameter.detach() for parameter in parameters]


def test_singular_values_end_near_1() -> None:
    for matrix in matrices():
        wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
        values = torch.linalg.svdvals(orthogonalised(wide[None])[0])
        assert values.max() < 1.3
        if wide.shape[0] < wide.shape[1]:  # a square one has a value near 0, which five steps do not lift
            assert values.min() > 0.6


def test_steps_are_those_of_torch() -> None:
    """torch iterates in bfloat16, which has 8 bits: the change agrees to some percent."""
    options = {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}
    ours = after_steps(Muon, **options)
    theirs = after_steps(torch.optim.Muon, adjust_lr_fn="match_rms_adamw", **options)
    for our, other, start in zip(ours, theirs, matrices(), strict=True):
        assert (our - other).norm() < 0.05 * (our - start).norm()


def test_steps_are_the_definition_in_float64() -> None:
    """Of one matrix at a time, the update written out with products of matrices alone."""
    rate, momentum, decay = 0.02, 0.95, 0.1
    for place, stepped in enumerate(after_steps(Muon, lr=rate, momentum=momentum, weight_decay=decay)):
        weight, average = matrices()[place].double(), 0.0
        for step in range(3):
            gradient = matrices(step + 1)[place].double()
            average = momentum * average + (1 - momentum) * gradient
            x = (1 - momentum) * gradient + momentum * average
            x = x / x.norm()
            for _ in range(5):
                gram = x @ x.T
                x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
            weight = (1 - rate * decay) * weight - rate * 0.2 * max(weight.shape) ** 0.5 * x
        assert torch.allclose(stepped.double(), weight, atol=1e-4)


@pytest.mark.parametrize("smallest", [1.0, 1e-3, 1e-7, 0.0])
@pytest.mark.parametrize("shape", [(8, 24), (16, 64), (5, 100), (64, 256)])
def test_wide_matrices_are_iterated_as_all_are(
    shape: tuple[int, int], smallest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their Gram matrices, also where singular values lie far apart."""
    generator = torch.Generator().manual_seed(2)
    left, values, right = torch.linalg.svd(
        torch.randn(3, *shape, generator=generator, dtype=torch.float64), full_matrices=False
    )
    values = values * torch.linspace(1.0, smallest ** (1 / 4), shape[0], dtype=torch.float64) ** 4
    gradients = left @ torch.diag_embed(values) @ right
    answer = orthogonalised(gradients.float()).double()
    monkeypatch.setattr(muon, "WIDE", float("inf"))
    wanted = orthogonalised(gradients)
    assert (answer - wanted).norm() < 1e-4 * wanted.norm()


def test_leading_axes_are_separate_matrices() -> None:
    first, second = (torch.nn.Parameter(matrix) for matrix in (matrices()[0], matrices(7)[0]))
    both = torch.nn.Parameter(torch.stack([first.detach(), second.detach()]))
    first.grad, second.grad = matrices(8)[0], matrices(9)[0]
    both.grad = torch.stack([first.grad, second.grad])
    for parameters in ([first, second], [both]):
        Muon(parameters, lr=0.1).step()
    assert torch.allclose(both[0], first, atol=1e-6)
    assert torch.allclose(both[1], second, atol=1e-6)


def test_muon_takes_the_matrices_of_blocks_and_adam_the_rest() -> None:
    recipe = Recipe.model_validate({**RECIPE.to_dict(), "optimiser": "muon", "matrix_rate": 0.01})
    model = plan(recipe).new_model("cpu")
    matrices_of = {id(matrix) for matrix in block_matrices(model)}
    names = {name for name, parameter in model.named_parameters() if id(parameter) in matrices_of}
    assert names == {"layers.0.0.module.qkv.weight", "layers.0.0.module.out.weight"}
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimiser = RecipeOptimiser(model, recipe)
    model(torch.randn(2, 4, 5), torch.randn(2, 4, 1)).square().sum().backward()
    optimiser.step(1.0)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and parameter.grad.any():
            assert not torch.equal(parameter, before[name]), name


def test_a_gradient_is_clipped_as_a_whole() -> None:
    recipe = RECIPE.model_copy(update={"clip": 0.5})
    model = plan(recipe).new_model("cpu")
    (1e3 * model(torch.randn(2, 4, 5), torch.randn(2, 4, 1))).square().sum().backward()
    RecipeOptimiser(model, recipe).step(0.0)
    norm = torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm()
    assert norm == pytest.approx(0.5, rel=1e-4)
