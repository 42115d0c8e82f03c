"""The compiled mesa layer computes what solutions of every token's system on its own say, in float32 as
exactly as torch's operations do."""

import pytest
import torch
from blocks.kernel_checks import assert_same_bits_on_other_threads, with_gradients
from torch import Tensor

from icl_bench.blocks.kernels.mesa import MOST, takes_mesa_kernel
from icl_bench.blocks.recurrences import mesa as recurrence
from icl_bench.blocks.recurrences.mesa import mesa

NAMES = ("o", "q", "k", "v", "write", "log_decay", "ridge")
SIZES = {  # batch, heads, tokens, key, value
    "those of the zoo": (2, 2, 41, 32, 32),
    "three vectors of keys": (2, 1, 33, 40, 20),
    "an odd number of keys": (2, 1, 7, 17, 50),
    "fewer than a vector": (1, 3, 5, 3, 2),
    "more tokens than keys": (1, 2, 90, 5, 16),
    "one token": (3, 2, 1, 8, 4),
    "one of all": (1, 1, 1, 1, 1),
    "no prompts": (0, 2, 5, 4, 4),
}
CONDITIONS = {  # how much of every key is the same, the factor of β, the least Λ, and the error that may be
    "as at first": (0.0, 1.0, 1.0, 2e-6),
    "similar keys": (5.0, 1.0, 0.25, 2e-6),
    "large weights": (0.0, 1e3, 0.25, 1e-3),
    "large weights of similar keys": (5.0, 1e2, 0.25, 5e-5),
    "no weights": (0.0, 0.0, 1.0, 2e-6),
}


def inputs(
    batch: int, heads: int, tokens: int, key: int, value: int, similar: float, strong: float, ridge: float
) -> list[Tensor]:
    """q, k, v, β, log decays and Λ, numbers of float32 in float64."""
    generator = torch.Generator().manual_seed(tokens + key)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    q, k, v = (normal(batch, heads, tokens, size) for size in (key, key, value))
    q, k = (torch.nn.functional.normalize(x, dim=-1) for x in (q, k + similar * normal(key)))
    write, log_decay = (normal(batch, heads, tokens, 1).sigmoid() for _ in range(2))
    log_decay = log_decay.log() / (1 + similar)
    return [x.double() for x in (q, k, v, strong * write, log_decay, ridge + normal(heads, key).square())]


def solved(q: Tensor, k: Tensor, v: Tensor, write: Tensor, log_decay: Tensor, ridge: Tensor) -> Tensor:
    H = torch.zeros(*q.shape[:2], q.shape[3], q.shape[3], dtype=q.dtype)
    G, answers = torch.zeros(*q.shape[:2], q.shape[3], v.shape[3], dtype=q.dtype), []
    for t in range(q.shape[2]):
        decay, column = log_decay[:, :, t, :, None].exp(), (write * k)[:, :, t, :, None]
        H, G = decay * H + column * k[:, :, t, None], decay * G + column * v[:, :, t, None]
        answers.append(torch.linalg.solve(H + torch.diag_embed(ridge), q[:, :, t])[:, :, None] @ G)
    return torch.cat(answers, dim=2)


def errors(found: list[Tensor], exact: list[Tensor]) -> dict[str, float]:
    """The largest of each tensor, over the exact one's largest number."""
    return {
        name: ((a.double() - b).abs().max() / (b.abs().max() + 1e-30)).item() if b.numel() else 0.0
        for name, a, b in zip(NAMES, found, exact, strict=True)
    }


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS.keys())
def test_values_and_gradients_are_those_of_solutions(
    sizes: tuple[int, ...], condition: tuple[float, ...]
) -> None:
    *condition, bound = condition
    tensors = inputs(*sizes, *condition)
    found = with_gradients(mesa, tensors, torch.float32)
    exact = with_gradients(solved, tensors, torch.float64)
    for name, error in errors(found, exact).items():
        assert error < bound, name


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS.keys())
def test_it_is_as_exact_as_operations_of_torch(
    condition: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the mean over prompts, heads and tokens: single numbers are as good as their rounding's luck."""
    tensors = inputs(16, 2, 41, 32, 32, *condition[:-1])
    exact = with_gradients(solved, tensors, torch.float64)
    fast = with_gradients(mesa, tensors, torch.float32)
    monkeypatch.setattr(recurrence, "takes_mesa_kernel", lambda *_: False)
    by_torch = with_gradients(mesa, tensors, torch.float32)
    for name, found, other, expected in zip(NAMES, fast, by_torch, exact, strict=True):
        rounding = 1e-7 * expected.abs().mean()
        ours, theirs = ((x.double() - expected).abs().mean() for x in (found, other))
        assert ours <= 1.5 * theirs + rounding, name


def test_threads_do_not_change_the_bits() -> None:
    assert_same_bits_on_other_threads(mesa, inputs(5, 2, 9, 8, 16, 0.0, 1.0, 1.0))


@pytest.mark.parametrize("tokens", [9, 33])
def test_a_prompt_of_no_numbers_spoils_no_other(tokens: int) -> None:
    """Prompts of one thread are computed in the same memory."""
    tensors = inputs(3, 2, tokens, 20, 12, 0.0, 1.0, 1.0)
    expected = with_gradients(mesa, tensors, torch.float32)[:-1]  # Λ is of all prompts
    for tensor in tensors[:-1]:
        tensor[1] = torch.nan
    found = with_gradients(mesa, tensors, torch.float32)[:-1]
    for a, b in zip(expected, found, strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[2], b[2])
    assert found[0][1].isnan().all()


def test_training_alone_takes_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v, write, log_decay, ridge = (x.float() for x in inputs(1, 1, 4, 8, 8, 0.0, 1.0, 1.0))
    assert not takes_mesa_kernel(q, v)
    assert not takes_mesa_kernel(q.double().requires_grad_(), v.double())
    q.requires_grad_()
    assert takes_mesa_kernel(q, v)
    monkeypatch.setattr(recurrence, "compiled_mesa", lambda *_: 0 * v)
    assert not mesa(q, k, v, write, log_decay, ridge).any()


@pytest.mark.parametrize("sizes", [(MOST + 1, 4, 4), (4, MOST + 1, 4), (4, 4, MOST + 1)])
def test_a_head_that_would_leave_the_cache_is_computed_by_torch(sizes: tuple[int, ...]) -> None:
    q, k, v, write, log_decay, ridge = (x.float() for x in inputs(1, 1, *sizes, 0.0, 1.0, 1.0))
    q.requires_grad_()
    assert not takes_mesa_kernel(q, v)
    assert mesa(q, k, v, write, log_decay, ridge).shape == v.shape
