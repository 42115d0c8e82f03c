"""Attention within a window, and what its keys leave as it was."""

import math

import numpy as np
import pytest
import torch
from raising import raises

from icl_bench.blocks.attention import AttentionSpec
from icl_bench.errors import SpecError
from icl_bench.specs.architecture import BLOCKS, parse_architecture

KEYS = {"heads": 2, "positions": "none", "bias": True}


def dense(qkv: np.ndarray, heads: int, window: int, sink: int) -> np.ndarray:
    """Token by token, head by head: softmax over the tokens that are seen."""
    tokens, width = qkv.shape[0], qkv.shape[1] // 3
    size, answers = width // heads, np.zeros((tokens, width))
    for head in range(heads):
        q, k, v = (qkv[:, part * width + head * size :][:, :size] for part in range(3))
        for now in range(tokens):
            seen = [past for past in range(now + 1) if past > now - window or past < sink]
            scores = np.array([q[now] @ k[past] / math.sqrt(size) for past in seen])
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            answers[now, head * size :][:size] = sum(
                w * v[past] for w, past in zip(weights, seen, strict=True)
            )
    return answers


@pytest.mark.parametrize(
    ("window", "sink", "tokens"), [(1, 0, 5), (1, 3, 9), (4, 0, 12), (5, 2, 21), (40, 1, 20)]
)
def test_a_token_sees_its_window_and_the_sink(window: int, sink: int, tokens: int) -> None:
    block = AttentionSpec(**KEYS, window=window, sink=sink).build(8).double()
    h = torch.randn(1, tokens, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.inference_mode():
        expected = dense(block.qkv(h)[0].numpy(), 2, window, sink)
        answer = block(h)
        torch.testing.assert_close(answer[0], block.out(torch.from_numpy(expected)), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(block.by_steps(h), answer, rtol=1e-12, atol=1e-12)


def test_a_window_over_all_tokens_is_attention() -> None:
    keys = KEYS | {"positions": "rope"}
    windowed, plain = (
        AttentionSpec(**keys, window=30).build(8).double(),
        AttentionSpec(**keys).build(8).double(),
    )
    plain.load_state_dict(windowed.state_dict())
    answers = []
    for block in (windowed, plain):
        h = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        h.requires_grad_()
        answers.append([block(h), *torch.autograd.grad(block(h).square().sum(), h)])
    for here, there in zip(*answers, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-12, atol=1e-12)


def test_a_spec_without_a_window_is_written_as_before_there_were_any() -> None:
    assert BLOCKS.parse({"type": "attention"} | KEYS).model_dump() == {"type": "attention"} | KEYS
    windowed = {"type": "attention"} | KEYS | {"window": 8, "sink": 2}
    assert BLOCKS.parse(windowed).model_dump() == windowed


def test_flops_are_those_of_the_pairs_that_are_seen() -> None:
    spec, tokens = AttentionSpec(**KEYS, window=4, sink=2), 20
    seen = sum(min(token + 1, 6) for token in range(tokens))
    assert spec.flops(8, tokens) == 8 * tokens * 64 + 4 * seen * 8
    assert spec.flops(8, 5) == AttentionSpec(**KEYS).flops(8, 5)


@pytest.mark.parametrize(
    ("keys", "naming"),
    [
        ({"window": 0}, "window"),
        ({"sink": 2}, "give a window, or no sink"),
        ({"window": 4, "sink": -1}, "sink"),
    ],
)
def test_a_window_that_sees_nothing_is_refused(keys: dict[str, int], naming: str) -> None:
    sublayer = {"norm": "rmsnorm", "module": {"type": "attention"} | KEYS | keys}
    spec = {"schema": 1, "name": "small", "width": 8, "positions": "none", "final_norm": "rmsnorm"}
    with raises(SpecError, naming=naming):
        parse_architecture(spec | {"layers": [{"sublayers": [sublayer]}]}, "spec.yaml")
