"""Attention while training is what torch's operations say, values and gradients."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks import attention
from icl_bench.blocks.attention import LONGEST_COMPILED, AttentionSpec, compiled_mix, mix
from icl_bench.blocks.positions import RotaryPositions

pytestmark = pytest.mark.slow


def random_qkv(batch: int, tokens: int, heads: int, head: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2.0 * torch.randn(batch, tokens, 3 * heads * head, generator=generator, dtype=torch.float64)


def value_and_gradient(function, qkv: Tensor, heads: int, rope: bool, dtype: torch.dtype) -> list[Tensor]:
    rotary = RotaryPositions(qkv.shape[2] // (3 * heads)) if rope else None
    leaf = qkv.to(dtype).requires_grad_()
    out = function(leaf, heads, rotary)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return [out.detach(), *torch.autograd.grad(out, leaf, weight.to(dtype))]


@pytest.mark.parametrize("rope", [False, True])
@pytest.mark.parametrize(
    ("batch", "tokens", "heads", "head"),
    [
        (4, 33, 2, 32),  # that of mini-v1
        (3, 1, 1, 2),  # one token
        (2, 16, 3, 16),  # whole vectors
        (1, 17, 1, 8),  # a vector and a token, less than a vector of coordinates
        (3, 5, 2, 20),
        (5, 47, 4, 6),
        (2, 130, 1, 48),
        (0, 5, 2, 8),
    ],
)
def test_compiled_attention_equals_torch(batch: int, tokens: int, heads: int, head: int, rope: bool) -> None:
    qkv = random_qkv(batch, tokens, heads, head)
    reference = value_and_gradient(mix, qkv, heads, rope, torch.float64)
    compiled = value_and_gradient(compiled_mix, qkv, heads, rope, torch.float32)
    for exact, fast in zip(reference, compiled, strict=True):
        size = exact.abs().max().item() + 1e-30 if exact.numel() else 1.0
        torch.testing.assert_close(fast.double(), exact, rtol=0, atol=1e-5 * size)


def test_scores_far_apart() -> None:
    """A later token's score, however large, is not seen, and the largest seen one takes all."""
    qkv = random_qkv(2, 21, 1, 16)
    qkv[:, ::4, :32] *= 300.0
    qkv[:, 20, 16:32] *= 1e4
    reference = value_and_gradient(mix, qkv, 1, False, torch.float64)
    compiled = value_and_gradient(compiled_mix, qkv, 1, False, torch.float32)
    torch.testing.assert_close(compiled[0].double(), reference[0], rtol=1e-3, atol=1e-3)
    assert all(part.isfinite().all() for part in compiled)


def test_later_tokens_change_nothing() -> None:
    qkv = random_qkv(2, 40, 2, 12).float()
    whole = compiled_mix(qkv, 2, None)
    changed = torch.cat([qkv[:, :19], random_qkv(2, 21, 2, 12, seed=7).float() * 1e3], dim=1)
    assert torch.equal(compiled_mix(changed, 2, None)[:, :19], whole[:, :19])


def test_a_number_that_is_none_stays_none() -> None:
    """A diverged training must show in its loss."""
    for place in (0, 16, 32):  # a query, a key, a value
        qkv = random_qkv(1, 20, 1, 16).float()
        qkv[0, 3, place] = float("nan")
        assert compiled_mix(qkv, 1, None)[0, 3].isnan().any()


@pytest.mark.parametrize("rope", [False, True])
def test_threads_do_not_change_the_bits(rope: bool) -> None:
    qkv = random_qkv(5, 19, 3, 10)
    before, results = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(value_and_gradient(compiled_mix, qkv, 3, rope, torch.float32))
    torch.set_num_threads(before)
    for first, two in zip(*results, strict=True):
        assert torch.equal(first, two)


def test_the_gradient_of_a_gradient_is_refused() -> None:
    qkv = random_qkv(1, 3, 1, 4).float().requires_grad_()
    (gradient,) = torch.autograd.grad(compiled_mix(qkv, 1, None).square().sum(), qkv, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize(
    ("dtype", "tokens", "training", "passed"),
    [
        (torch.float32, 9, True, "compiled_mix"),
        (torch.float32, 9, False, "mix"),  # a prediction has the bits that are on record
        (torch.float64, 9, True, "mix"),
        (torch.float32, LONGEST_COMPILED + 1, True, "mix"),
    ],
)
def test_kernels_are_for_training_on_short_prompts(
    dtype: torch.dtype, tokens: int, training: bool, passed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, original = [], getattr(attention, passed)
    monkeypatch.setattr(attention, passed, lambda *inputs: calls.append(passed) or original(*inputs))
    block = AttentionSpec(heads=2, positions="rope", bias=True).build(8).to(dtype)
    with torch.inference_mode(not training):
        block(torch.randn(2, tokens, 8, dtype=dtype))
    assert calls == [passed]
