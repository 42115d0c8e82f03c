"""HSTU against a loop over tokens and heads, values and gradients."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks.hstu import HSTUSpec


def silu(x: Tensor) -> Tensor:
    return x / (1 + (-x).exp())


def looped(h: Tensor, inner: Tensor, out: Tensor, bias: Tensor, heads: int) -> Tensor:
    """One prompt (tokens, width), a token and a head at a time."""
    width = h.shape[1]
    size, answers = width // heads, []
    u, v, q, k = silu(h @ inner.T).chunk(4, dim=1)
    for now in range(len(h)):
        parts = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            read = [silu(q[now, part] @ k[past, part]) * v[past, part] for past in range(now + 1)]
            parts.append(sum(read) / (now + 1))
        o = torch.cat(parts)
        o = (o - o.mean()) / (o.var(correction=0) + 1e-6).sqrt()
        answers.append(out @ (o * u[now]) + bias)
    return torch.stack(answers)


@pytest.mark.parametrize(("heads", "width", "tokens"), [(1, 4, 1), (2, 8, 9), (4, 32, 33), (3, 12, 50)])
def test_hstu_is_a_loop(heads: int, width: int, tokens: int) -> None:
    generator = torch.Generator().manual_seed(tokens)
    block = HSTUSpec(heads=heads, positions="none").build(width).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    h = torch.randn(2, tokens, width, generator=generator, dtype=torch.float64, requires_grad=True)
    leaves = [h, *block.parameters()]
    inner, out, bias = block.parameters()
    answer, expected = block(h), torch.stack([looped(prompt, inner, out, bias, heads) for prompt in h])
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    projection = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).cos()
    found = (torch.autograd.grad((each * projection).sum(), leaves) for each in (answer, expected))
    for gradient, of_loop in zip(*found, strict=True):
        scale = of_loop.abs().max().clamp(min=1)
        torch.testing.assert_close(gradient / scale, of_loop / scale, rtol=1e-10, atol=1e-10)
