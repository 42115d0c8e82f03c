"""TTT-Linear against its definition: a loss, gradients that autograd takes of it, and steps by these."""

import pytest
import torch
from raising import raises
from torch import Tensor
from torch.nn import functional as F

from icl_bench.blocks.recurrences.ttt_linear import ttt, ttt_step
from icl_bench.errors import SpecError
from icl_bench.specs.architecture import parse_architecture

# batch, heads, tokens, size of a head, tokens of a chunk
SHAPES = [(1, 1, 1, 4, 16), (2, 2, 33, 8, 16), (1, 3, 20, 5, 4), (2, 1, 12, 6, 1), (1, 2, 40, 16, 64)]


def leaves(batch: int, heads: int, tokens: int, size: int, chunk: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(tokens + chunk)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    of_tokens = {name: draw(batch, heads, tokens, size) for name in "qkv"}
    model = {"W": 0.3 * draw(batch, heads, size, size), "b": 0.3 * draw(batch, heads, size)}
    norm = {"scale": 1 + 0.3 * draw(heads, size), "shift": 0.3 * draw(heads, size)}
    steps = {"rate": 0.1 * draw(batch, heads, tokens, 1).sigmoid(), "scales": draw(chunk).sigmoid()}
    named = of_tokens | model | norm | steps
    return {name: tensor.requires_grad_() for name, tensor in named.items()}


def trained(named: dict[str, Tensor]) -> Tensor:
    """Prompt by prompt, head by head, token by token."""
    q, rate, scales = named["q"], named["rate"], named["scales"]
    size = (q.shape[-1],)
    prompts = []
    for prompt in range(q.shape[0]):
        heads = []
        for head in range(q.shape[1]):
            scale, shift = named["scale"][head], named["shift"][head]
            W, b, answers = named["W"][prompt, head], named["b"][prompt, head], []
            for token in range(q.shape[2]):
                place = token % len(scales)
                if place == 0:
                    begun, sums = (W, b), [torch.zeros_like(W), torch.zeros_like(b)]
                query, key, value = (named[name][prompt, head, token] for name in "qkv")
                read = F.layer_norm(key @ begun[0] + begun[1], size, scale, shift, eps=1e-6)
                loss = 0.5 * (read - (value - key)).square().sum()
                gradients = torch.autograd.grad(loss, begun, create_graph=True)
                sums = [s + rate[prompt, head, token] * g for s, g in zip(sums, gradients, strict=True)]
                W, b = (x - scales[place] * s for x, s in zip(begun, sums, strict=True))
                answers.append(query + F.layer_norm(query @ W + b, size, scale, shift, eps=1e-6))
            heads.append(torch.stack(answers))
        prompts.append(torch.stack(heads))
    return torch.stack(prompts)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_dual_form_is_training_by_autograd(shape: tuple[int, ...]) -> None:
    named = leaves(*shape)
    weights = named["scale"], named["shift"]
    tokens = (named[name] for name in ("q", "k", "v", "rate", "scales"))
    answer = ttt((named["W"], named["b"]), *tokens, weights)
    expected = trained(named)
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-10)
    projection = torch.linspace(-2, 2, answer.numel(), dtype=torch.float64).view_as(answer).sin()
    here, there = (
        torch.autograd.grad((o * projection).sum(), list(named.values()), materialize_grads=True)
        for o in (answer, expected)
    )
    for name, gradient, other in zip(named, here, there, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-10, atol=1e-10, msg=name)


def test_tokens_of_a_chunk_have_their_gradients_at_its_first_weights() -> None:
    """The second token's gradient is not that of the model which the first one made."""
    named = {name: tensor.detach() for name, tensor in leaves(1, 1, 2, 4, 2).items()}
    begun, weights = (named["W"], named["b"]), (named["scale"], named["shift"])
    nothing = tuple(torch.zeros_like(tensor) for tensor in begun)
    first, second = ([named[name][:, :, token] for name in ("q", "k", "v", "rate")] for token in (0, 1))
    _, moved, gradient = ttt_step(begun, nothing, *first, named["scales"][0], weights)
    right, _, _ = ttt_step(begun, gradient, *second, named["scales"][1], weights)
    wrong, _, _ = ttt_step(moved, gradient, *second, named["scales"][1], weights)
    answer = ttt(begun, *(named[name] for name in ("q", "k", "v", "rate", "scales")), weights)[:, :, 1]
    torch.testing.assert_close(answer, right, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(answer, wrong, atol=1e-3)


def test_keys_and_values_of_two_sizes_are_refused() -> None:
    module = {"type": "ttt_linear", "heads": 2, "key": 8, "value": 4, "conv": 0, "output": "norm"}
    layers = [{"sublayers": [{"norm": "rmsnorm", "module": module | {"chunk": 4, "rate": 1.0}}]}]
    spec = {"schema": 1, "name": "small", "width": 8, "positions": "none", "final_norm": "rmsnorm"}
    with raises(SpecError, naming=("key 8", "value 4")):
        parse_architecture(spec | {"layers": layers}, "spec.yaml")
