"""The mLSTM against transformers' xLSTM: its step by step form and its chunked one."""

import pytest
import torch
from torch import Tensor

from icl_bench.blocks.recurrences.mlstm import mlstm, mlstm_step

SHAPES = [(2, 1, 1, 4, 6), (3, 2, 16, 8, 8), (1, 4, 64, 16, 5), (2, 3, 32, 5, 12)]


def inputs(batch: int, heads: int, tokens: int, key: int, value: int) -> list[Tensor]:
    """q, k, v, and the logits of the input and the forget gate, which may be far apart."""
    generator = torch.Generator().manual_seed(tokens)
    shapes = [(tokens, key), (tokens, key), (tokens, value), (tokens, 1), (tokens, 1)]
    drawn = [torch.randn(batch, heads, *shape, generator=generator, dtype=torch.float64) for shape in shapes]
    drawn[3] *= 4.0
    drawn[4] = 3.0 * drawn[4] + 2.0
    return [tensor.requires_grad_() for tensor in drawn]


def ours(q: Tensor, k: Tensor, v: Tensor, write: Tensor, forget: Tensor) -> Tensor:
    return mlstm(q * q.shape[-1] ** -0.5, k, v, write, torch.nn.functional.logsigmoid(forget))


def check(answer: Tensor, expected: Tensor, leaves: list[Tensor]) -> None:
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    here, there = (torch.autograd.grad((o * weights).sum(), leaves) for o in (answer, expected))
    for gradient, other in zip(here, there, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_mlstm_is_the_recurrent_form_of_transformers(shape: tuple[int, ...]) -> None:
    from transformers.models.xlstm.modeling_xlstm import mlstm_recurrent_sequence_native

    leaves = inputs(*shape)
    q, k, v, write, forget = leaves
    gates = {"igate": write[..., 0], "fgate": forget[..., 0]}
    expected = mlstm_recurrent_sequence_native(q, k, v, **gates, eps=0.0, dtype_state=torch.float64)
    check(ours(*leaves), expected, leaves)


@pytest.mark.parametrize("shape", SHAPES)
def test_mlstm_is_the_chunked_form_of_transformers(shape: tuple[int, ...]) -> None:
    from transformers.models.xlstm.modeling_xlstm import mlstm_chunkwise_native_autograd

    leaves = inputs(*shape)
    q, k, v, write, forget = leaves
    gates = {"igate": write[..., 0], "fgate": forget[..., 0]}
    chunk = min(16, shape[2])
    expected = mlstm_chunkwise_native_autograd(q, k, v, **gates, eps=0.0, chunk_size=chunk)
    check(ours(*leaves), expected, leaves)


def test_gates_far_apart_leave_numbers() -> None:
    """Gates at their bound in float32, all writing and forgetting or neither."""
    for write in (-15.0, 15.0):
        for forget in (-15.0, 15.0):
            q, k, v = (tensor.float() for tensor in inputs(1, 1, 200, 4, 4)[:3])
            gates = torch.full((1, 1, 200, 1), write), torch.full((1, 1, 200, 1), forget)
            state = tuple(torch.zeros(1, 1, *shape) for shape in ((4, 4), (4,), (1,)))
            answers = ours(q, k, v, *gates)
            for token in range(200):
                step = q[:, :, token] / 2, k[:, :, token], v[:, :, token]
                log_forget = torch.nn.functional.logsigmoid(gates[1][:, :, token])
                o, state = mlstm_step(*state, *step, gates[0][:, :, token], log_forget)
            assert answers.isfinite().all()
            torch.testing.assert_close(answers[:, :, -1], o, rtol=1e-3, atol=1e-3)
