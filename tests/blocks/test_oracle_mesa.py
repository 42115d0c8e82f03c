"""The mesa layer against a program that solves each token's ridge regression on its own."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks.recurrences.mesa import mesa, mesa_step

SHAPES = [(2, 1, 1, 4, 6), (2, 2, 20, 8, 5), (1, 3, 49, 16, 8), (1, 1, 49, 32, 16), (1, 2, 130, 24, 4)]


def inputs(batch: int, heads: int, tokens: int, key: int, value: int, similar: float) -> list[Tensor]:
    """q, k, v, β, log decays and Λ. `similar`: how much of every key is the same, which makes the systems
    ill-conditioned; β is then near 1, the decay near none, and Λ its least."""
    generator = torch.Generator().manual_seed(tokens + key)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    q, k = draw(batch, heads, tokens, key), draw(batch, heads, tokens, key)
    k = torch.nn.functional.normalize(k + similar * draw(key), dim=-1)
    write = (draw(batch, heads, tokens, 1) + similar).sigmoid()
    log_decay = torch.nn.functional.logsigmoid(draw(batch, heads, tokens, 1) + 1 + similar)
    ridge = 0.25 + draw(heads, key).square() / (1 + similar)
    v = draw(batch, heads, tokens, value)
    return [tensor.requires_grad_() for tensor in (q, k, v, write, log_decay, ridge)]


def solved(q: Tensor, k: Tensor, v: Tensor, write: Tensor, log_decay: Tensor, ridge: Tensor) -> Tensor:
    answers = []
    for now in range(q.shape[2]):
        past = slice(0, now + 1)
        kept = torch.stack([log_decay[:, :, j + 1 : now + 1].sum(2) for j in range(now + 1)], dim=2).exp()
        weighted = k[:, :, past] * write[:, :, past] * kept
        H, G = weighted.mT @ k[:, :, past], weighted.mT @ v[:, :, past]
        x = torch.linalg.solve(H + torch.diag_embed(ridge), q[:, :, now])
        answers.append((x[:, :, None] @ G)[:, :, 0])
    return torch.stack(answers, dim=2)


@pytest.mark.parametrize("similar", [0.0, 5.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_answered_by_its_ridge_regression(shape: tuple[int, ...], similar: float) -> None:
    leaves = inputs(*shape, similar)
    answer, expected = mesa(*leaves), solved(*leaves)
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    here, there = (torch.autograd.grad((o * weights).sum(), leaves) for o in (answer, expected))
    for gradient, other in zip(here, there, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("similar", [0.0, 5.0])
def test_the_iterations_are_as_exact_in_float32_as_a_factor(similar: float) -> None:
    """Of the step form's Cholesky factors, by the exact answer."""
    leaves = [tensor.detach() for tensor in inputs(2, 2, 100, 32, 8, similar)]
    exact = solved(*leaves)
    q, k, v, write, log_decay, ridge = (tensor.float() for tensor in leaves)
    state, steps = (torch.zeros(2, 2, 32, 32), torch.zeros(2, 2, 32, 8)), []
    for token in range(100):
        of_token = (tensor[:, :, token] for tensor in (q, k, v, write, log_decay))
        o, state = mesa_step(*state, *of_token, ridge)
        steps.append(o)
    errors = [
        (answer.double() - exact).square().mean().sqrt()
        for answer in (mesa(q, k, v, write, log_decay, ridge), torch.stack(steps, dim=2))
    ]
    assert errors[0] < 2 * errors[1] < 1e-5 * exact.abs().max()


def test_nothing_to_solve_for_leaves_numbers() -> None:
    """Queries and keys of 0, as a convolution of a network's first tokens may give."""
    leaves = [torch.zeros(1, 1, 30, size, requires_grad=True) for size in (4, 4, 3, 1, 1)]
    answer = mesa(*leaves, torch.ones(1, 4))
    gradients = torch.autograd.grad(answer.sum(), leaves)
    assert not answer.any()
    assert all(gradient.isfinite().all() for gradient in gradients)
