"""The products that training takes from oneDNN are those of torch, and predictions keep torch's bits."""

import pytest
import torch
from torch.nn import functional as F

from icl_bench.blocks import linear as module
from icl_bench.blocks.kernels import onednn
from icl_bench.blocks.linear import Linear, linear

SHAPES = {
    "a prompt": ((5, 8), 6),
    "a batch": ((3, 41, 64), 192),
    "more features than outputs": ((3, 7, 172), 64),
    "one feature": ((3, 7, 1), 4),
    "one output": ((3, 7, 20), 1),
    "four axes": ((2, 3, 5, 8), 12),
    "no prompts": ((0, 5, 8), 6),
}


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("shape", "outputs"), SHAPES.values(), ids=SHAPES.keys())
def test_values_and_gradients_are_those_of_torch(shape: tuple[int, ...], outputs: int, bias: bool) -> None:
    exact = [drawn(*shape), drawn(outputs, shape[-1]), *([drawn(outputs)] if bias else [])]
    dy = drawn(*shape[:-1], outputs)
    single = [tensor.float().requires_grad_() for tensor in exact]
    exact = [tensor.requires_grad_() for tensor in exact]
    y, expected = linear(*single), F.linear(*exact)
    assert type(y.grad_fn).__name__ == "_LinearBackward"
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-5)
    y.backward(dy.float())
    expected.backward(dy)
    for got, wanted in zip(single, exact, strict=True):
        torch.testing.assert_close(got.grad, wanted.grad, rtol=1e-5, atol=2e-5, check_dtype=False)


def test_tensors_that_are_not_contiguous() -> None:
    x = drawn(7, 3, 20).float().requires_grad_()
    weight, dy = drawn(20, 9).float().mT.requires_grad_(), drawn(9, 7, 3).float().permute(2, 1, 0)
    y = linear(x.transpose(0, 1), weight)
    y.backward(dy)
    torch.testing.assert_close(y, F.linear(x.transpose(0, 1), weight))
    torch.testing.assert_close(x.grad, (dy @ weight).transpose(0, 1))


def test_frozen_weights_have_no_gradient() -> None:
    layer = Linear(4, 3).requires_grad_(False)
    x = drawn(2, 4).float().requires_grad_()
    layer(x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is layer.bias.grad is None


def test_predictions_have_torchs_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "product", None)  # called by training alone
    layer, x = Linear(64, 192), drawn(3, 41, 64).float()
    with torch.inference_mode():
        assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))


def test_lower_precision_is_torchs() -> None:
    layer, x = Linear(8, 4), drawn(3, 8).float().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    assert linear(x.double(), layer.weight.double()).dtype == torch.float64


def test_a_torch_without_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "has_onednn", lambda: False)
    layer, x = Linear(8, 4), drawn(3, 8).float().requires_grad_()
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
    assert torch.equal(onednn.product(x, layer.weight), F.linear(x, layer.weight))
