"""The Omega rule against descent by autograd on the window's loss, and against the delta rule."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks.recurrences.delta_rule import delta_rule
from icl_bench.blocks.recurrences.omega import omega

# batch, heads, tokens, key, value, window
SHAPES = [
    (2, 1, 1, 4, 6, 3),
    (2, 2, 20, 8, 5, 1),
    (1, 3, 49, 8, 8, 4),
    (1, 1, 90, 6, 4, 2),
    (1, 2, 30, 4, 4, 40),
]


def inputs(batch: int, heads: int, tokens: int, key: int, value: int) -> list[Tensor]:
    """q, k, v, γ, η, and the logs of α and θ."""
    generator = torch.Generator().manual_seed(tokens + key)

    def draw(size: int) -> Tensor:
        return torch.randn(batch, heads, tokens, size, generator=generator, dtype=torch.float64)

    q, k, v = draw(key), torch.nn.functional.normalize(draw(key), dim=-1), draw(value)
    gates = [
        0.4 * draw(1).sigmoid(),
        draw(1).sigmoid(),
        (draw(1) + 1).sigmoid().log(),
        draw(1).sigmoid().log(),
    ]
    return [tensor.requires_grad_() for tensor in (q, k, v, *gates)]


def descended(leaves: list[Tensor], window: int, momentum: bool) -> Tensor:
    """Token by token: the gradient of the loss Σ γ ½ |Sᵀ k − v|² by S, and a step by it."""
    q, k, v, write, rate, log_decay, log_momentum = leaves
    S = torch.zeros(*q.shape[:2], k.shape[-1], v.shape[-1], dtype=torch.float64, requires_grad=True)
    Z, answers = torch.zeros_like(S), []
    for now in range(q.shape[2]):
        loss = S.sum() * 0
        for j in range(max(0, now - window + 1), now + 1):
            error = (k[:, :, j, :, None] * S).sum(-2) - v[:, :, j]
            loss = loss + 0.5 * (write[:, :, j] * error.square()).sum()
        (gradient,) = torch.autograd.grad(loss, S, create_graph=True)
        kept = log_momentum[:, :, now].exp()[..., None] if momentum else 0.0
        Z = kept * Z + gradient
        S = log_decay[:, :, now].exp()[..., None] * S - rate[:, :, now, :, None] * Z
        answers.append((q[:, :, now, :, None] * S).sum(-2))
    return torch.stack(answers, dim=2)


def check(answer: Tensor, expected: Tensor, leaves: list[Tensor]) -> None:
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    here, there = (
        torch.autograd.grad((o * weights).sum(), leaves, materialize_grads=True) for o in (answer, expected)
    )
    for gradient, other in zip(here, there, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_omega_is_descent_on_the_loss_of_a_window(shape: tuple[int, ...], momentum: bool) -> None:
    *sizes, window = shape
    leaves = inputs(*sizes)
    q, k, v, write, rate, log_decay, log_momentum = leaves
    answer = omega(q, k, v, write, rate, log_decay, log_momentum if momentum else None, window)
    check(answer, descended(leaves, window, momentum), leaves)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_token_without_momentum_is_the_delta_rule(shape: tuple[int, ...]) -> None:
    """Of `deltanet`, with strength β = η γ and without decay."""
    leaves = inputs(*shape[:-1])
    q, k, v, write, rate, _, _ = leaves
    nothing = torch.zeros_like(write)
    expected = delta_rule(q, k, v, rate * write, None)
    check(omega(q, k, v, write, rate, nothing, None, 1), expected, [q, k, v, write, rate])


def test_steps_are_short_enough_for_keys_that_are_the_same() -> None:
    """The worst case of a window: its errors add up, and the memory must not oscillate ever wider."""
    window, tokens = 8, 400
    k = torch.nn.functional.normalize(torch.ones(1, 1, tokens, 4), dim=-1)
    v, full, kept = torch.ones(1, 1, tokens, 3), torch.ones(1, 1, tokens, 1), torch.zeros(1, 1, tokens, 1)
    for momentum in (None, kept - 0.1):
        o = omega(k, k, v, full / window, full, kept, momentum, window)
        torch.testing.assert_close(o[:, :, -1], v[:, :, -1], rtol=1e-3, atol=1e-3)
