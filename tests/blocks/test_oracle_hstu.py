"""HSTU against a loop over tokens and heads in numpy, and its gradients against small differences."""

import numpy as np
import pytest
import torch

from icl_bench.blocks.hstu import HSTUSpec


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def looped(h: np.ndarray, inner: np.ndarray, out: np.ndarray, bias: np.ndarray, heads: int) -> np.ndarray:
    """One prompt (tokens, width), a token and a head at a time."""
    width = h.shape[1]
    size, answers = width // heads, []
    u, v, q, k = np.split(silu(h @ inner.T), 4, axis=1)
    for now in range(len(h)):
        o = np.zeros(width)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for past in range(now + 1):
                o[part] += silu(q[now, part] @ k[past, part]) * v[past, part] / (now + 1)
        o = (o - o.mean()) / np.sqrt(o.var() + 1e-6)
        answers.append(out @ (o * u[now]) + bias)
    return np.array(answers)


@pytest.mark.parametrize(("heads", "width", "tokens"), [(1, 4, 1), (2, 8, 9), (4, 32, 33), (3, 12, 50)])
def test_hstu_is_a_loop(heads: int, width: int, tokens: int) -> None:
    generator = torch.Generator().manual_seed(tokens)
    block = HSTUSpec(heads=heads, positions="none").build(width).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    h = torch.randn(2, tokens, width, generator=generator, dtype=torch.float64)
    weights = [parameter.detach().numpy() for parameter in block.parameters()]
    answer = block(h)
    for prompt in range(2):
        expected = looped(h[prompt].numpy(), *weights, heads)
        np.testing.assert_allclose(answer[prompt].detach().numpy(), expected, rtol=1e-10, atol=1e-10)


def test_the_gradient_is_that_of_the_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    block = HSTUSpec(heads=2, positions="none").build(8).double()
    h = torch.randn(1, 7, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = [parameter.detach().numpy() for parameter in block.parameters()]
    projection = np.cos(np.arange(7 * 8)).reshape(7, 8)
    (gradient,) = torch.autograd.grad((block(h) * torch.from_numpy(projection)).sum(), h)
    direction = torch.randn(7, 8, generator=generator, dtype=torch.float64).numpy()
    values = [
        (looped(h[0].detach().numpy() + step * direction, *weights, 2) * projection).sum()
        for step in (1e-5, -1e-5)
    ]
    slope = (gradient[0].numpy() * direction).sum()
    np.testing.assert_allclose(slope, (values[0] - values[1]) / 2e-5, rtol=1e-6)
