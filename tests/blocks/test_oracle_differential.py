"""Differential attention against DiffLlama of transformers, which has its weights in another order."""

import pytest
import torch
from torch import nn

from icl_bench.blocks.differential_attention import DifferentialAttention, DifferentialAttentionSpec

SHAPES = [(1, 8, 1, 0), (2, 32, 21, 0), (4, 32, 33, 3), (3, 24, 50, 7)]  # heads, width, tokens, layer


def oracle(block: DifferentialAttention, heads: int, width: int, layer: int) -> nn.Module:
    """DiffLlama's attention with the weights of `block`: its heads are all first ones, then all second ones,
    and its values are the halves of ours in that order."""
    from transformers.models.diffllama.configuration_diffllama import DiffLlamaConfig
    from transformers.models.diffllama.modeling_diffllama import DiffLlamaAttention

    config = DiffLlamaConfig(
        hidden_size=width, num_attention_heads=2 * heads, num_key_value_heads=2 * heads, rms_norm_eps=1e-5
    )
    config._attn_implementation = "sdpa"
    attention = DiffLlamaAttention(config, layer).double()
    q, k, v = block.qkv.weight.chunk(3)
    halves = [part.view(heads, 2, -1, width).transpose(0, 1).reshape(width, width) for part in (q, k, v)]
    maps = zip((attention.q_proj, attention.k_proj, attention.v_proj), halves, strict=True)
    with torch.no_grad():
        for linear, weight in maps:
            linear.weight.copy_(weight)
        attention.o_proj.weight.copy_(block.out.weight)
        names = [["lambda_q1", "lambda_k1"], ["lambda_q2", "lambda_k2"]]
        for pair, vectors in zip(names, block.vectors, strict=True):
            for name, vector in zip(pair, vectors, strict=True):
                getattr(attention, name).copy_(vector)
    return attention


def rotation(attention: nn.Module, h: torch.Tensor, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    from transformers.models.diffllama.modeling_diffllama import DiffLlamaRotaryEmbedding

    return DiffLlamaRotaryEmbedding(attention.config)(h, torch.arange(tokens)[None])


@pytest.mark.parametrize(("heads", "width", "tokens", "layer"), SHAPES)
def test_differential_attention_is_that_of_transformers(
    heads: int, width: int, tokens: int, layer: int
) -> None:
    generator = torch.Generator().manual_seed(width + tokens)
    lambda_init = 0.8 - 0.6 * torch.exp(torch.tensor(-0.3 * layer, dtype=torch.float64)).item()
    spec = DifferentialAttentionSpec(heads=heads, positions="rope", bias=False, lambda_init=lambda_init)
    block = spec.build(width).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        block.norm.weight.fill_(1.0)  # transformers' norm has no weight
        block.vectors.mul_(0.4)  # else 1 − λ, which is all that the first token sees, is about 0
    attention = oracle(block, heads, width, layer)
    h = torch.randn(2, tokens, width, generator=generator, dtype=torch.float64)
    here, there = h.clone().requires_grad_(), h.clone().requires_grad_()
    answer = block(here)
    angles = rotation(attention, there, tokens)
    expected, _ = attention(there, angles, is_causal=True)
    # angles are in float32, and λ is there
    torch.testing.assert_close(answer, expected, rtol=1e-5, atol=1e-5)
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    (answer * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(here.grad, there.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(block.out.weight.grad, attention.o_proj.weight.grad, rtol=1e-5, atol=1e-5)
    vectors = [attention.lambda_q1, attention.lambda_k1, attention.lambda_q2, attention.lambda_k2]
    expected = torch.stack([vector.grad for vector in vectors]).view_as(block.vectors)
    torch.testing.assert_close(block.vectors.grad, expected, rtol=1e-5, atol=1e-5)


def test_a_width_that_heads_do_not_divide_is_refused() -> None:
    keys = {"positions": "rope", "bias": False, "lambda_init": 0.2}
    with pytest.raises(ValueError, match="change one of them"):
        DifferentialAttentionSpec(heads=3, **keys).check(32)
    with pytest.raises(ValueError, match="even key"):
        DifferentialAttentionSpec(heads=16, **keys).check(32)
