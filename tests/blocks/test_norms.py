"""RMSNorm while training is what torch's operations say, values and gradients."""

import pytest
import torch
from torch import Tensor, nn

from icl_bench.blocks import norms
from icl_bench.blocks.norms import build_norm
from icl_bench.specs.architecture import NormSpec


def norm_and_input(shape: tuple[int, ...], seed: int = 0) -> tuple[nn.Module, Tensor]:
    """A norm with random weights, and its input, in float64."""
    generator = torch.Generator().manual_seed(seed)
    norm = build_norm(NormSpec(type="rmsnorm", epsilon=1e-6), shape[-1]).double()
    for parameter in norm.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return norm, torch.randn(shape, generator=generator, dtype=torch.float64)


def values_and_gradients(norm: nn.Module, x: Tensor) -> list[Tensor]:
    leaf = x.clone().requires_grad_()
    y = norm(leaf)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return [y.detach(), *torch.autograd.grad(y, [leaf, *norm.parameters()], weight.to(y.dtype))]


@pytest.mark.parametrize("shape", [(4, 33, 64), (3, 1, 16), (1, 7, 5), (5, 4, 33), (2, 3, 256), (0, 3, 8)])
def test_compiled_norm_equals_torch(shape: tuple[int, ...]) -> None:
    norm, x = norm_and_input(shape)
    reference = values_and_gradients(norm, x)  # float64: torch's operations
    compiled = values_and_gradients(norm.float(), x.float())
    for exact, fast in zip(reference, compiled, strict=True):
        size = exact.abs().max().item() + 1e-30 if exact.numel() else 1.0
        torch.testing.assert_close(fast.double(), exact, rtol=0, atol=1e-5 * size)


def test_constant_and_missing_numbers() -> None:
    norm, x = norm_and_input((1, 4, 16))
    x[:, 1], x[0, 2, 3] = 0.0, float("nan")
    reference = values_and_gradients(norm, x)[:2]
    for exact, fast in zip(reference, values_and_gradients(norm.float(), x.float()), strict=False):
        torch.testing.assert_close(fast.double(), exact, rtol=1e-3, atol=1e-3, equal_nan=True)


def test_threads_do_not_change_the_bits() -> None:
    norm, x = norm_and_input((5, 9, 20))
    before, results = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(values_and_gradients(norm.float(), x.float()))
    torch.set_num_threads(before)
    for first, two in zip(*results, strict=True):
        assert torch.equal(first, two)


def test_the_gradient_of_a_gradient_is_refused() -> None:
    norm, x = norm_and_input((1, 2, 8))
    leaf = x.float().requires_grad_()
    (gradient,) = torch.autograd.grad(norm.float()(leaf).square().sum(), leaf, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_predictions_are_made_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(norms, "CompiledRMSNorm", None)
    norm, x = norm_and_input((1, 2, 8))
    with torch.inference_mode():
        norm.float()(x.float())
