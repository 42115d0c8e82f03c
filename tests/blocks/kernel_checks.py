"""What the tests of a compiled recurrence ask of its function and of the definition beside it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Rule = Callable[..., Tensor]


def with_gradients(rule: Rule, tensors: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """The answers in this precision, and the gradients of a random projection of them."""
    leaves = [tensor.to(dtype).requires_grad_() for tensor in tensors]
    o = rule(*leaves)
    weight = torch.randn(o.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return [o, *torch.autograd.grad(o, leaves, weight.to(dtype), materialize_grads=True)]


def assert_near(names: Sequence[str], found: Sequence[Tensor], exact: Sequence[Tensor], error: float) -> None:
    """Each within an error relative to its largest number."""
    for name, a, b in zip(names, found, exact, strict=True):
        size = b.abs().max().item() + 1e-30 if b.numel() else 1.0
        torch.testing.assert_close(
            a.double(), b, rtol=0, atol=error * size, msg=lambda text, name=name: f"{name}: {text}"
        )


def assert_same_bits_on_other_threads(rule: Rule, tensors: Sequence[Tensor]) -> None:
    """Answers and gradients in float32 with one thread and with two."""
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(with_gradients(rule, tensors, torch.float32))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
