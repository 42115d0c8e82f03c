"""The compiled delta rule computes what the rule says a token at a time, values and gradients."""

import pytest
import torch
from blocks.kernel_checks import assert_near, assert_same_bits_on_other_threads, with_gradients
from torch import Tensor

from icl_bench.blocks.kernels.delta_rule import compiled_delta_rule
from icl_bench.blocks.kernels.trains_on_cpu import takes_kernel
from icl_bench.blocks.recurrences import linear
from icl_bench.blocks.recurrences.delta_rule import delta_rule, generalised_step
from icl_bench.blocks.recurrences.linear import linear_step

NAMES = ("o", "q", "k", "v", "a", "b", "log_decay")
SIZES = {  # batch, heads, tokens, key, value, decays, key numbers that are removed
    "a decay a key number": (2, 2, 41, 32, 64, 32, 32),
    "a decay a head": (2, 2, 41, 32, 64, 1, 32),
    "nothing is removed": (2, 2, 9, 16, 16, 16, 0),
    "an odd number of keys": (2, 1, 7, 17, 20, 17, 17),
    "fewer than a vector": (1, 3, 5, 3, 2, 1, 3),
    "one of all": (1, 1, 1, 1, 1, 1, 1),
    "no prompts": (0, 2, 5, 4, 4, 4, 4),
}


def inputs(
    batch: int, heads: int, tokens: int, key: int, value: int, decays: int, removed: int
) -> list[Tensor]:
    """q, k, v, a, b and log decays in float64; what is removed and what is kept are at most all."""
    generator = torch.Generator().manual_seed(key + value)

    def normal(size: int) -> Tensor:
        return torch.randn(batch, heads, tokens, size, generator=generator, dtype=torch.float64)

    q, k, a = (torch.nn.functional.normalize(normal(size), dim=-1) for size in (key, key, removed))
    return [q, k, normal(value), a, a * torch.sigmoid(normal(1)), -normal(decays).abs()]


def step_by_step(q: Tensor, k: Tensor, v: Tensor, a: Tensor, b: Tensor, log_decay: Tensor) -> Tensor:
    S, answers = q.new_zeros(*q.shape[:2], q.shape[3], v.shape[3]), []
    for t in range(q.shape[2]):
        at, decay = [x[:, :, t] for x in (q, k, v, a, b)], log_decay[:, :, t]
        o, S = generalised_step(S, *at, decay) if a.shape[-1] else linear_step(S, *at[:3], decay)
        answers.append(o)
    return torch.stack(answers, dim=2)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_values_and_gradients_are_those_of_the_steps(sizes: tuple[int, ...]) -> None:
    exact = with_gradients(step_by_step, inputs(*sizes), torch.float64)
    fast = with_gradients(compiled_delta_rule, inputs(*sizes), torch.float32)
    assert_near(NAMES, fast, exact, 2e-6)


def test_without_decay_everything_is_kept() -> None:
    q, k, v, a, b, log_decay = (x.float() for x in inputs(2, 2, 9, 8, 16, 1, 8))
    kept = compiled_delta_rule(q, k, v, a, b, torch.zeros_like(log_decay))
    assert torch.equal(compiled_delta_rule(q, k, v, a, b, None), kept)


def test_threads_do_not_change_the_bits() -> None:
    assert_same_bits_on_other_threads(compiled_delta_rule, inputs(5, 2, 9, 8, 16, 8, 8))


def test_training_alone_takes_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v, _, _, log_decay = (x.float() for x in inputs(1, 1, 4, 8, 8, 8, 8))
    assert not takes_kernel(q, v)
    assert not takes_kernel(q.double().requires_grad_(), v.double())
    q.requires_grad_()
    assert takes_kernel(q, v)
    monkeypatch.setattr(linear, "compiled_delta_rule", lambda *_: 0 * v)
    assert not linear.linear_attention(q, k, v, log_decay).any()
    assert linear.linear_attention(q, k, v, log_decay[..., :1]).any()  # one decay a head costs two products


def test_a_head_whose_states_are_too_many_is_computed_in_chunks() -> None:
    shape = (1, 1, 40, 256)
    q, k, v = (torch.nn.functional.normalize(torch.randn(shape), dim=-1) for _ in range(3))
    assert not takes_kernel(q.requires_grad_(), v)
    assert delta_rule(q, k, v, torch.full((1, 1, 40, 1), 0.5), None).shape == shape
