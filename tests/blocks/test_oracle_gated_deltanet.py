"""A whole Gated DeltaNet, with its maps, convolution, decay, norm and gate, against Qwen3-Next's."""

import pytest
import torch
from torch import Tensor, nn

from icl_bench.blocks.gated_deltanet import GatedDeltaNet, GatedDeltaNetSpec

# width, heads, key, value, tokens of the convolution, tokens
SHAPES = [(8, 1, 4, 4, 2, 1), (12, 2, 4, 8, 4, 20), (16, 3, 8, 6, 4, 70), (16, 4, 6, 4, 3, 130)]


def arranged(block: GatedDeltaNet, weight: Tensor) -> list[Tensor]:
    """A row for each channel of all heads' queries, keys and values, from ours, head by head."""
    by_head = weight.unflatten(0, (block.parts.heads, -1)).split(block.parts.sizes, dim=1)
    return [part.flatten(0, 1) for part in by_head]


def of_transformers(block: GatedDeltaNet, width: int, conv: int) -> nn.Module:
    """Qwen3-Next's layer with the weights of `block`."""
    from transformers.models.qwen3_next.configuration_qwen3_next import Qwen3NextConfig
    from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

    heads, (_, key, value) = block.parts.heads, block.parts.sizes
    config = Qwen3NextConfig(
        hidden_size=width,
        num_hidden_layers=1,
        layer_types=["linear_attention"],
        linear_num_key_heads=heads,
        linear_num_value_heads=heads,
        linear_key_head_dim=key,
        linear_value_head_dim=value,
        linear_conv_kernel_dim=conv,
        rms_norm_eps=1e-6,
    )
    layer = Qwen3NextGatedDeltaNet(config, layer_idx=0)
    inner = block.parts.inner.weight.unflatten(0, (heads, -1))
    gate = block.parts.gate.weight.unflatten(0, (heads, -1))
    pairs = [
        (layer.in_proj_qkvz.weight, torch.cat([inner, gate], dim=1).flatten(0, 1)),
        (layer.in_proj_ba.weight, torch.stack([block.strength.weight, block.forget.weight], 1).flatten(0, 1)),
        (layer.conv1d.weight, torch.cat(arranged(block, block.parts.conv.weight))[:, None]),
        (layer.A_log, block.decay.A_log[:, 0]),
        (layer.dt_bias, block.decay.bias[:, 0]),
        (layer.norm.weight, block.parts.norm.weight),
        (layer.out_proj.weight, block.out.weight),
    ]
    with torch.no_grad():
        for theirs, mine in pairs:
            theirs.copy_(mine)
    return layer


@pytest.mark.parametrize(("width", "heads", "key", "value", "conv", "tokens"), SHAPES)
def test_gated_deltanet_is_that_of_qwen3_next(
    width: int, heads: int, key: int, value: int, conv: int, tokens: int
) -> None:
    spec = GatedDeltaNetSpec(heads=heads, key=key, value=value, conv=conv, output="gated")
    block, generator = spec.build(width), torch.Generator().manual_seed(tokens)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
        block.parts.conv.weight.add_(0.5)  # else all that a first token writes may be nearly 0
    layer = of_transformers(block, width, conv)
    block = block.double()
    h = torch.randn(2, tokens, width, generator=generator)
    here, there = h.double().requires_grad_(), h.clone().requires_grad_()
    answer, expected = block(here), layer(there)
    weights = torch.linspace(-2, 2, answer.numel()).view_as(answer).sin()
    (answer * weights).sum().backward()
    (expected * weights).sum().backward()
    pairs = [
        (answer.detach(), expected.detach()),
        (here.grad, there.grad),
        (torch.cat(arranged(block, block.parts.conv.weight.grad)), layer.conv1d.weight.grad[:, 0]),
        (block.decay.A_log.grad[:, 0], layer.A_log.grad),
        (block.decay.bias.grad[:, 0], layer.dt_bias.grad),
        (block.parts.norm.weight.grad, layer.norm.weight.grad),
        (block.strength.weight.grad, layer.in_proj_ba.weight.grad[0::2]),
        (block.forget.weight.grad, layer.in_proj_ba.weight.grad[1::2]),
        (block.out.weight.grad, layer.out_proj.weight.grad),
    ]
    for mine, theirs in pairs:
        scale = mine.abs().max().clamp(min=1)
        torch.testing.assert_close(mine / scale, theirs.double() / scale, rtol=0, atol=1e-5)
