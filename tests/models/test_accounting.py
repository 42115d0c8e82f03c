"""What an architecture costs: counted from the spec, and equal to what the built model has and does."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from icl_bench.models.accounting import account, components, made_of, named_otherwise
from icl_bench.models.model import ICLModel
from icl_bench.models.reference import reference_names, reference_spec
from icl_bench.models.shipped import shipped_spec
from icl_bench.specs.architecture import parse_architecture
from icl_bench.suites import load_suite

SUITE = load_suite("mini")
TASK = SUITE.tasks["linear_regression"]
NAMES = reference_names(SUITE.name)


def build(name: str) -> ICLModel:
    function_class = TASK.function_class
    spec = reference_spec(name, SUITE.name).to_dict()
    model = ICLModel(spec, function_class.d, function_class.k, "mini-v1/linear_regression")
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.01)
    return model


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_that_a_prompt_reads(name):
    """A parameter counts where the loss has a gradient for it: unread rows of a position table do not.

    Biases of keys are read but shift all scores of a query alike: their gradient is 0 but for rounding.
    """
    model, function_class = build(name), TASK.function_class
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    xs = torch.randn(4, TASK.points, function_class.d, generator=generator)
    model(xs, xs[..., : function_class.k]).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    keys = {name: len(grad) // 3 for name, grad in gradients.items() if name.endswith("qkv.bias")}
    for name, width in keys.items():
        gradients[name][width : 2 * width] = 1.0
    read = sum(int((gradient != 0).sum()) for gradient in gradients.values())
    assert account(model.architecture, TASK).parameters == read


@pytest.mark.parametrize("name", NAMES)
def test_flops_are_those_of_the_matrix_products(name):
    """Against torch's own counter, which counts attention without its mask and sees no scan."""
    model, function_class = build(name), TASK.function_class
    xs = torch.zeros(1, TASK.points, function_class.d)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(xs, xs[..., : function_class.k])
    counted, products = account(model.architecture, TASK).flops, counter.get_total_flops()
    if any(sublayer.module.type == "mamba" for sublayer in model.architecture.expanded()):
        assert products < counted < 2 * products
    else:
        assert counted == pytest.approx(products, rel=0.1)


def test_the_state_of_attention_grows_and_that_of_mamba_does_not():
    llama, mamba = (account(reference_spec(name, SUITE.name), TASK) for name in ("llama", "mamba"))
    assert (llama.state_fixed, mamba.state_per_token) == (0, 0)
    assert llama.state_per_token > 0
    assert mamba.state_fixed > 0


def test_a_prompt_longer_than_the_positions_does_not_fit():
    spec = reference_spec("gpt2", SUITE.name).to_dict()
    tokens = 2 * TASK.points - 1
    for longest, fits in ((tokens, True), (tokens - 1, False)):
        positions = {"type": "learned", "max_tokens": longest}
        cost = account(parse_architecture(spec | {"positions": positions}, "test"), TASK)
        assert (cost.tokens, cost.fits) == (tokens, fits)


@pytest.mark.parametrize(
    ("name", "positions", "blocks", "line"),
    [
        ("gpt2", "learned", "attention, gelu_mlp", "learned positions · attention · gelu_mlp · layernorm"),
        ("llama", "rope", "attention, swiglu", "RoPE · attention · swiglu · rmsnorm"),
        (
            "llama-rope-swigluless",
            "mamba first",
            "attention, mamba",
            "no positions, mamba first · attention · mamba · rmsnorm",
        ),
        ("mamba", "none", "mamba", "no positions · mamba · rmsnorm"),
    ],
)
def test_components(name, positions, blocks, line):
    parts = components(reference_spec(name, "paper-v1"))
    assert made_of(reference_spec(name, "paper-v1")) == line
    assert (parts["positions"], parts["blocks"], parts["width"], parts["layers"]) == (
        positions,
        blocks,
        256,
        12,
    )


def test_loops_are_among_the_components():
    spec = reference_spec("llama", "mini-v1").to_dict()
    (group,) = spec["layers"]
    groups = [{**group, "loop": 12, "inject": True}, group, {**group, "loop": 3}, {**group, "loop": 12}]
    looped = parse_architecture(spec | {"layers": groups}, "test")
    assert made_of(looped) == "RoPE · attention · swiglu · rmsnorm · 3 and 12 loops"
    once = parse_architecture(spec | {"layers": [{**group, "inject": True}]}, "test")
    assert made_of(once) == "RoPE · attention · swiglu · rmsnorm · 1 loop"
    assert components(once)["layers"] == group["repeat"]
    assert components(looped)["layers"] == 4 * group["repeat"]


@pytest.mark.parametrize(
    ("name", "like", "otherwise"),
    [
        ("llama-rope-swigluless", "llama-rope-swigluless", True),  # mamba first, in the place of RoPE
        ("llama-ropeless", "llama-ropeless", False),
        ("reference/llama", "llama", False),
        ("gpt2-rope-swiglu", "gpt2-rope-swiglu", False),
        ("ana/Mamba_small", "mamba", False),
        ("ana/Mamba_small", "llama", True),
        ("ana/gpt2-rmsnorm", "gpt2", True),
    ],
)
def test_a_name_with_the_word_of_a_component_that_is_lacking_says_otherwise(name, like, otherwise):
    assert named_otherwise(name, reference_spec(like, "mini-v1")) == otherwise


@pytest.mark.parametrize(
    "name", ["linear-attention", "gated-deltanet", "gated-deltanet-attention", "deltanet"]
)
def test_the_name_of_a_component_that_holds_another_ones_word_is_its_own(name):
    assert not named_otherwise(name, shipped_spec(f"zoo/{name}", "mini-v1"))
    assert named_otherwise(name, reference_spec("mamba", "mini-v1"))
