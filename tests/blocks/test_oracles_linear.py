"""Linear attention, retention and GLA against programs of their definitions: whole blocks, and gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from icl_bench.blocks.recurrences.linear import linear_attention, linear_step
from icl_bench.specs.architecture import BLOCKS

WIDTH = 12
SIZES = [(1, 4, 6, 1), (2, 8, 5, 9), (3, 6, 6, 33), (2, 5, 7, 70)]  # heads, key, value, tokens


def random_block(name: str, heads: int, key: int, value: int, **keys: Any) -> nn.Module:
    spec = {"type": name, "heads": heads, "key": key, "value": value, "conv": 0, "output": "plain"}
    block, generator = BLOCKS.parse(spec | keys).build(WIDTH).double(), torch.Generator().manual_seed(key)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return block


def heads_of(block: nn.Module, h: Tensor, heads: int, key: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """q (tokens, key), k and v of every head of one prompt."""
    parts = F.linear(h, block.parts.inner.weight).chunk(heads, dim=-1)
    return [(part[:, :key] / key**0.5, part[:, key : 2 * key], part[:, 2 * key :]) for part in parts]


def check(block: nn.Module, program: Any, tokens: int) -> None:
    """The block against the program of one prompt."""
    generator = torch.Generator().manual_seed(tokens)
    h = torch.randn(2, tokens, WIDTH, generator=generator, dtype=torch.float64, requires_grad=True)
    answer = block(h)
    expected = torch.stack([F.linear(program(prompt), block.out.weight) for prompt in h])
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    leaves = [h, *block.parameters()]
    here, there = (
        torch.autograd.grad((o * weights).sum(), leaves, materialize_grads=True) for o in (answer, expected)
    )
    for gradient, other in zip(here, there, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("decay", ["none", "retention"])
@pytest.mark.parametrize(("heads", "key", "value", "tokens"), SIZES)
def test_linear_attention_is_a_masked_product(
    heads: int, key: int, value: int, tokens: int, decay: str
) -> None:
    block = random_block("linear_attention", heads, key, value, decay=decay)

    def program(h: Tensor) -> Tensor:
        answers = []
        for head, (q, k, v) in enumerate(heads_of(block, h, heads, key)):
            gamma = 1 - 2.0 ** (-5 - head) if decay == "retention" else 1.0
            mask = torch.tensor(
                [[gamma ** (t - s) if s <= t else 0.0 for s in range(tokens)] for t in range(tokens)],
                dtype=torch.float64,
            )
            answers.append((q @ k.T * mask) @ v)
        return torch.cat(answers, dim=-1)

    check(block, program, tokens)


@pytest.mark.parametrize(("heads", "key", "value", "tokens"), SIZES)
def test_gla_is_its_recurrence(heads: int, key: int, value: int, tokens: int) -> None:
    block = random_block("gla", heads, key, value, rank=3)

    def program(h: Tensor) -> Tensor:
        answers = []
        logits = F.linear(F.linear(h, block.down.weight), block.up.weight, block.up.bias).chunk(heads, dim=-1)
        for (q, k, v), logit in zip(heads_of(block, h, heads, key), logits, strict=True):
            S, o = torch.zeros(key, value, dtype=torch.float64), []
            for t in range(tokens):
                S = torch.diag(logit[t].sigmoid() ** (1 / 16)) @ S + torch.outer(k[t], v[t])
                o.append(S.T @ q[t])
            answers.append(torch.stack(o))
        return torch.cat(answers, dim=-1)

    check(block, program, tokens)


def test_strong_and_uneven_decays_keep_their_digits_over_a_long_prompt() -> None:
    """In float32: a difference of sums of hundreds would have lost them."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 2, 279, size, generator=generator) for size in (8, 8, 16))
    log_decay = torch.full((2, 2, 279, 1), -0.01)
    log_decay[:, :, ::3] = -20.0
    expected, S = [], torch.zeros(2, 2, 8, 16, dtype=torch.float64)
    for now in zip(*(x.double().unbind(2) for x in (q, k, v, log_decay)), strict=True):
        o, S = linear_step(S, *now)
        expected.append(o)
    exact = torch.stack(expected, dim=2)
    error = (linear_attention(q, k, v, log_decay).double() - exact).abs().max() / exact.abs().max()
    assert error < 1e-6
