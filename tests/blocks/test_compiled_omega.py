"""The compiled Omega rule computes what the rule says a token at a time, values and gradients."""

import pytest
import torch
from blocks.kernel_checks import Rule, assert_near, assert_same_bits_on_other_threads, with_gradients
from torch import Tensor

from icl_bench.blocks.kernels.omega import compiled_omega
from icl_bench.blocks.kernels.trains_on_cpu import takes_kernel
from icl_bench.blocks.recurrences.omega import omega, omega_step

NAMES = ("o", "q", "k", "v", "write", "rate", "decay", "momentum")
SIZES = {  # batch, heads, tokens, key, value, window
    "a prompt of the zoo": (2, 2, 41, 32, 32, 2),
    "a window of one": (2, 1, 9, 8, 16, 1),
    "odd sizes": (1, 2, 9, 17, 33, 4),
    "fewer than a vector": (2, 1, 5, 3, 2, 2),
    "a window longer than the prompt": (1, 1, 5, 4, 4, 12),
    "one of all": (1, 1, 1, 1, 1, 1),
    "no prompts": (0, 2, 5, 4, 4, 2),
}


def inputs(batch: int, heads: int, tokens: int, key: int, value: int, window: int) -> list[Tensor]:
    """q, k, v, γ, η, α and θ in float64."""
    generator = torch.Generator().manual_seed(key + value)

    def normal(size: int) -> Tensor:
        return torch.randn(batch, heads, tokens, size, generator=generator, dtype=torch.float64)

    q, k = (torch.nn.functional.normalize(normal(key), dim=-1) for _ in range(2))
    gates = (
        normal(1).sigmoid() / window,
        normal(1).sigmoid(),
        (normal(1) + 2).sigmoid(),
        normal(1).sigmoid(),
    )
    return [q, k, normal(value), *gates]


def step_by_step(window: int) -> Rule:
    def rule(*tensors: Tensor) -> Tensor:
        q, k, v, write, rate, decay, momentum = tensors
        batch, heads, tokens, key = q.shape
        S, answers = q.new_zeros(batch, heads, key, v.shape[3]), []
        memory: tuple[Tensor, Tensor | None] = (S, S)
        past = tuple(q.new_zeros(batch, heads, window - 1, size) for size in (key, v.shape[3], 1))
        for t in range(tokens):
            at = [x[:, :, t] for x in (q, k, v, write, rate, decay.log(), momentum.log())]
            o, memory, past = omega_step(memory, past, *at)
            answers.append(o)
        return torch.stack(answers, dim=2)

    return rule


def by_kernel(window: int) -> Rule:
    return lambda q, k, v, *gates: compiled_omega(q, k, v, gates, window)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_values_and_gradients_are_those_of_the_steps(sizes: tuple[int, ...]) -> None:
    exact = with_gradients(step_by_step(sizes[-1]), inputs(*sizes), torch.float64)
    fast = with_gradients(by_kernel(sizes[-1]), inputs(*sizes), torch.float32)
    assert_near(NAMES, fast, exact, 2e-6)


def test_no_momentum_is_one_of_zero() -> None:
    q, k, v, write, rate, decay, _ = (x.float() for x in inputs(2, 2, 9, 8, 16, 2))
    leaf = q.clone().requires_grad_()
    trained = omega(leaf, k, v, write, rate, decay.log(), None, 2)
    assert takes_kernel(leaf, v)
    assert torch.equal(trained, compiled_omega(q, k, v, (write, rate, decay.log().exp(), 0 * rate), 2))
    torch.testing.assert_close(trained, omega(q, k, v, write, rate, decay.log(), None, 2))


def test_threads_do_not_change_the_bits() -> None:
    assert_same_bits_on_other_threads(by_kernel(3), inputs(5, 2, 9, 8, 16, 3))


def test_training_alone_takes_the_kernels() -> None:
    q, _, v, *_ = (x.float() for x in inputs(1, 1, 4, 8, 8, 2))
    assert not takes_kernel(q, v)
    assert not takes_kernel(q.double().requires_grad_(), v.double())
    assert takes_kernel(q.clone().requires_grad_(), v)
    many = torch.zeros(1, 1, 16, 256, requires_grad=True)
    assert takes_kernel(many, many)
    assert not takes_kernel(many, many, states=2)
