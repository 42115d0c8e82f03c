"""The delta family and Mamba-2 against transformers, whose functions compute in float32, and RWKV-7 against
its paper's equations."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from icl_bench.blocks.decay_gate import DecayGate
from icl_bench.blocks.deltanet import unit
from icl_bench.blocks.mamba2 import Mamba2, Mamba2Spec
from icl_bench.blocks.recurrences.delta_rule import delta_rule
from icl_bench.blocks.rwkv7 import RWKV7, RWKV7Spec

# batch, heads, tokens, key, value
SHAPES = [(2, 1, 1, 4, 6), (2, 2, 20, 8, 8), (1, 3, 70, 16, 8), (1, 2, 130, 8, 12)]


def inputs(batch: int, heads: int, tokens: int, key: int, value: int, decays: int) -> list[Tensor]:
    """q, k, v, β and log decays, of which none is below −5."""
    generator = torch.Generator().manual_seed(tokens + key)

    def draw(size: int) -> Tensor:
        return torch.randn(batch, heads, tokens, size, generator=generator, dtype=torch.float64)

    log_decay = -(draw(decays) - 1).exp().clamp(max=5.0)
    drawn = [draw(key), draw(key), draw(value), draw(1).sigmoid(), log_decay]
    return [tensor.requires_grad_() for tensor in drawn]


def ours(q: Tensor, k: Tensor, v: Tensor, strength: Tensor, log_decay: Tensor | None) -> Tensor:
    return delta_rule(unit(q) * q.shape[-1] ** -0.5, unit(k), v, strength, log_decay)


def check(answer: Tensor, expected: Tensor, leaves: list[Tensor]) -> None:
    """As close as float32 is, values and gradients."""
    weights = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    here, there = (
        [o.detach(), *torch.autograd.grad((o * weights).sum(), leaves)] for o in (answer, expected)
    )
    for mine, other in zip(here, there, strict=True):
        scale = other.abs().max().clamp(min=1)
        torch.testing.assert_close(mine / scale, other / scale, rtol=0, atol=1e-5)


def ruled(rule: Callable[..., tuple[Tensor, None]], leaves: list[Tensor]) -> Tensor:
    """A rule of transformers, which has the heads after the tokens."""
    q, k, v, strength, log_decay = (tensor.transpose(1, 2) for tensor in leaves)
    log_decay = log_decay[..., 0] if log_decay.shape[-1] == 1 else log_decay
    answer, _ = rule(q, k, v, g=log_decay, beta=strength[..., 0], use_qk_l2norm_in_kernel=True)
    return answer.transpose(1, 2).double()


@pytest.mark.parametrize("form", ["recurrent", "chunk"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gated_delta_rule_is_that_of_qwen3_next(shape: tuple[int, ...], form: str) -> None:
    from transformers.models.qwen3_next import modeling_qwen3_next

    leaves = inputs(*shape, decays=1)
    rule = getattr(modeling_qwen3_next, f"torch_{form}_gated_delta_rule")
    check(ours(*leaves), ruled(rule, leaves), leaves)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_delta_rule_is_that_without_decay(shape: tuple[int, ...]) -> None:
    from transformers.models.qwen3_next.modeling_qwen3_next import torch_recurrent_gated_delta_rule

    leaves, nothing = inputs(*shape, decays=1)[:4], torch.zeros(*shape[:3], 1, dtype=torch.float64)
    check(ours(*leaves, None), ruled(torch_recurrent_gated_delta_rule, [*leaves, nothing]), leaves)


@pytest.mark.parametrize("form", ["recurrent", "chunk"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_rule_of_kda_is_that_of_kimi_linear(shape: tuple[int, ...], form: str) -> None:
    from transformers.models.kimi_linear import modeling_kimi_linear

    leaves = inputs(*shape, decays=shape[3])
    rule = getattr(modeling_kimi_linear, f"{form}_kimi_delta_attention")

    def begun(*tensors: Tensor, **keys: Tensor | bool) -> tuple[Tensor, None]:
        return rule(*tensors, **keys, initial_state=None, output_final_state=False)

    check(ours(*leaves), ruled(begun, leaves), leaves)


def test_the_decay_of_kda_is_that_of_kimi_linear() -> None:
    """But for its bound, which no decay is at here."""
    from transformers.models.kimi_linear.configuration_kimi_linear import KimiLinearConfig
    from transformers.models.kimi_linear.modeling_kimi_linear import KimiLinearForgetGate

    config = KimiLinearConfig(hidden_size=12, linear_num_heads=3, linear_head_dim=4)
    theirs, gate = KimiLinearForgetGate(config), DecayGate(3, 4)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in (*theirs.parameters(), *gate.parameters()):
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
        gate.A_log.copy_(theirs.A_log.view(3, 1))
        gate.bias.copy_(theirs.dt_bias.view(3, 4))
    h = torch.randn(2, 9, 12, generator=generator)
    expected = theirs(h)
    assert -5 < expected.min() < expected.max() < 0
    u = theirs.f_b_proj(theirs.f_a_proj(h)).unflatten(-1, (3, 4))
    torch.testing.assert_close(gate(u), expected, rtol=1e-5, atol=1e-6)


def mamba2_of_transformers(block: Mamba2, spec: Mamba2Spec, width: int, chunk: int) -> nn.Module:
    """transformers' mixer with the weights of `block`, which it has in the same order."""
    from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    config = Mamba2Config(
        hidden_size=width,
        expand=spec.expand,
        head_dim=spec.head,
        num_heads=spec.expand * width // spec.head,
        state_size=spec.state,
        conv_kernel=spec.conv,
        n_groups=1,
        chunk_size=chunk,
        num_hidden_layers=1,
    )
    mixer = Mamba2Mixer(config, layer_idx=0)
    pairs = [
        (mixer.in_proj.weight, block.inner.weight),
        (mixer.conv1d.weight, block.conv.weight[:, None]),
        (mixer.conv1d.bias, block.conv.bias),
        (mixer.A_log, block.decay.A_log[:, 0]),
        (mixer.dt_bias, block.decay.bias[:, 0]),
        (mixer.D, block.D[:, 0]),
        (mixer.norm.weight, block.norm.weight),
        (mixer.out_proj.weight, block.out.weight),
    ]
    with torch.no_grad():
        for theirs, mine in pairs:
            theirs.copy_(mine)
    return mixer


@pytest.mark.parametrize(
    ("width", "expand", "head", "state", "conv", "tokens", "chunk"),
    [(8, 1, 4, 3, 2, 1, 16), (16, 2, 8, 4, 4, 21, 16), (12, 2, 6, 8, 3, 64, 64), (16, 2, 16, 8, 4, 100, 32)],
)
def test_mamba2_is_that_of_transformers(
    width: int, expand: int, head: int, state: int, conv: int, tokens: int, chunk: int
) -> None:
    spec = Mamba2Spec(expand=expand, head=head, state=state, conv=conv)
    block, generator = spec.build(width), torch.Generator().manual_seed(tokens)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    mixer = mamba2_of_transformers(block, spec, width, chunk).eval()
    block = block.double()
    h = torch.randn(2, tokens, width, generator=generator)
    here, there = h.double().requires_grad_(), h.clone().requires_grad_()
    answer, expected = block(here), mixer(there)
    torch.testing.assert_close(answer, expected.double(), rtol=1e-5, atol=1e-5)
    weights = torch.linspace(-2, 2, answer.numel()).view_as(answer).sin()
    (answer * weights).sum().backward()
    (expected * weights).sum().backward()
    pairs = [
        (here.grad, there.grad),
        (block.inner.weight.grad, mixer.in_proj.weight.grad),
        (block.conv.weight.grad, mixer.conv1d.weight.grad[:, 0]),
        (block.decay.A_log.grad[:, 0], mixer.A_log.grad),
        (block.decay.bias.grad[:, 0], mixer.dt_bias.grad),
        (block.D.grad[:, 0], mixer.D.grad),
        (block.norm.weight.grad, mixer.norm.weight.grad),
    ]
    for mine, theirs in pairs:
        scale = mine.abs().max().clamp(min=1)
        torch.testing.assert_close(mine / scale, theirs.double() / scale, rtol=0, atol=1e-5)


def rwkv7(weights: dict[str, Tensor], h: Tensor, heads: int) -> Tensor:
    """A prompt (tokens, width) by the paper's equations, a token and a head at a time; S is values × keys."""
    width = h.shape[1]
    size = width // heads
    S, before, answers = [torch.zeros(size, size, dtype=h.dtype)] * heads, torch.zeros_like(h[0]), []
    for x in h:
        xr, xw, xk, xv, xa, xg = (x + (before - x) * mu for mu in weights["mixture"])
        before = x
        r, k, v = (
            weights[f"{name}.weight"] @ y for name, y in (("receptance", xr), ("key", xk), ("value", xv))
        )
        low = weights["decay.up.weight"] @ (weights["decay.down.weight"] @ xw).tanh()
        w = (-math.exp(-0.5) * (low + weights["decay.up.bias"]).sigmoid()).exp()
        up = weights["strength.up.weight"] @ (weights["strength.down.weight"] @ xa)
        a = (up + weights["strength.up.bias"]).sigmoid()
        g = weights["gate.up.weight"] @ (weights["gate.down.weight"] @ xg).sigmoid()
        removal, k = k * weights["removal"], k * (1 + (a - 1) * weights["replaced"])
        parts = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            kappa = removal[part] / removal[part].square().sum().sqrt()
            kept = torch.diag(w[part]) - torch.outer(kappa, a[part] * kappa)
            S = [*S[:head], S[head] @ kept + torch.outer(v[part], k[part]), *S[head + 1 :]]
            read = S[head] @ r[part]
            read = (read - read.mean()) / (read.var(correction=0) + 64e-5).sqrt()
            read = read * weights["norm.weight"][part] + weights["norm.bias"][part]
            parts.append(read + (r[part] * weights["bonus"][part] * k[part]).sum() * v[part])
        answers.append(weights["out.weight"] @ (torch.cat(parts) * g))
    return torch.stack(answers)


@pytest.mark.parametrize(("heads", "width", "tokens"), [(1, 4, 1), (2, 8, 13), (3, 12, 40), (2, 32, 90)])
def test_rwkv7_is_its_paper_s_equations(heads: int, width: int, tokens: int) -> None:
    generator = torch.Generator().manual_seed(tokens)
    block: RWKV7 = RWKV7Spec(heads=heads, rank=3).build(width).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    h = torch.randn(2, tokens, width, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = dict(block.named_parameters())
    answer, expected = block(h), torch.stack([rwkv7(weights, prompt, heads) for prompt in h])
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    projection = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).cos()
    leaves = {"h": h} | weights
    found = (torch.autograd.grad((o * projection).sum(), [*leaves.values()]) for o in (answer, expected))
    for name, mine, other in zip(leaves, *found, strict=True):
        scale = other.abs().max().clamp(min=1)
        torch.testing.assert_close(mine / scale, other / scale, rtol=1e-10, atol=1e-10, msg=name)
