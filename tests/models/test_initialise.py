"""One initialisation rule: two architectures differ in their components and in nothing else."""

import math

import pytest
import torch

from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.models.reference import reference_names, reference_spec
from icl_bench.specs.architecture import BLOCKS

NAMES = reference_names("mini-v1")


def initial(name: str, seed: int = 0) -> ICLModel:
    model = ICLModel(reference_spec(name, "mini-v1").to_dict(), d=5, k=1, task="mini-v1/linear_regression")
    initialise(model, torch.Generator().manual_seed(seed))
    return model


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_follows_the_rule(name: str) -> None:
    """The scale is that of the width alone, and for maps to the residual stream of the depth as well."""
    model = initial(name)
    small = math.sqrt(2 / (5 * model.architecture.width))
    depth = math.sqrt(len(model.architecture.expanded()))
    followed = set()
    for place, tensor in model.named_parameters():
        if ".module.D" in place or ".module.A_log" in place or ".module.step." in place or ".conv." in place:
            continue  # a mixer's memory: the next test
        followed.add(place.rpartition(".")[2])
        if place.endswith("bias"):
            assert (tensor == 0).all(), place
        elif "norm" in place:
            assert (tensor == 1).all(), place
        else:
            expected = small / depth if place.endswith(".module.out.weight") else small
            error = 5 / math.sqrt(2 * tensor.numel())  # of a standard deviation from so many numbers
            assert tensor.std().item() == pytest.approx(expected, rel=error), place
            assert abs(tensor.mean().item()) < 5 * expected / math.sqrt(tensor.numel()), place
    assert followed >= {"weight", "bias"}


@pytest.mark.parametrize("block", sorted(BLOCKS.entries()))
def test_every_parameter_of_a_block_is_set_from_the_seed_alone(block: str) -> None:
    """What an initialiser leaves as it was, or draws from elsewhere, differs between two models."""
    module = {"type": block} | BLOCKS.entries()[block].example
    sublayers = [{"norm": norm, "module": module} for norm in ("layernorm", "rmsnorm")]
    spec = {"schema": 1, "name": "one", "width": 32, "positions": {"type": "learned", "max_tokens": 32}}
    spec |= {"stem": [], "layers": [{"repeat": 2, "sublayers": sublayers}], "final_norm": "rmsnorm"}
    states = []
    for _ in range(2):
        model = ICLModel(spec, d=3, k=1, task="mini-v1/linear_regression")
        for parameter in model.parameters():
            torch.nn.init.constant_(parameter, float("nan"))
        initialise(model, torch.Generator().manual_seed(7))
        states.append({name: tensor.clone() for name, tensor in model.named_parameters()})
        torch.rand(5)  # the global generator decides nothing
    for name, tensor in states[0].items():
        assert tensor.isfinite().all(), name
        assert torch.equal(tensor, states[1][name]), name


def test_a_mixers_memory_is_the_same_wherever_the_mixer_stands() -> None:
    for name in ("mamba", "llama-ropeless", "llama-swigluless", "llama-rope-swigluless"):
        mixers = [part for part in initial(name).modules() if type(part).__name__ == "Mamba"]
        assert mixers
        for mixer in mixers:
            assert (mixer.D == 1).all()
            assert torch.equal(mixer.A_log.exp().round()[0], torch.arange(1.0, mixer.A_log.shape[1] + 1))
            steps = torch.nn.functional.softplus(mixer.step.bias)
            assert 0.9e-3 < steps.min() < steps.max() < 1.1e-1
            bound = mixer.step.in_features**-0.5
            assert mixer.step.weight.abs().max() <= bound
            assert mixer.conv.weight.abs().max() <= mixer.conv.kernel_size[0] ** -0.5


@pytest.mark.parametrize(
    ("first_name", "second_name"),
    [
        ("gpt2", "gpt2-swiglu"),
        ("gpt2-rope", "gpt2-rms-rope"),
        ("gpt2-rms-swiglu", "llama"),
        ("llama", "llama-swigluless"),
    ],
)
def test_what_two_variants_share_has_the_same_scale(first_name: str, second_name: str) -> None:
    """Not only the rule: every tensor of one name and shape is drawn alike in both."""
    first, second = (dict(initial(name).named_parameters()) for name in (first_name, second_name))
    shared = [place for place in first if place in second and first[place].shape == second[place].shape]
    assert "read_in.weight" in shared
    assert "layers.0.0.module.qkv.weight" in shared
    for place in shared:
        a, b = first[place], second[place]
        if "norm" in place or place.endswith("bias"):
            assert torch.equal(a, b), place
        else:
            error = 7 / math.sqrt(2 * a.numel())  # of a ratio of two estimates
            assert (a.std() / b.std()).item() == pytest.approx(1, rel=error), place


def test_norms_alone_leave_every_drawn_number_as_it_is() -> None:
    """LayerNorm and RMSNorm draw nothing: with one seed the variants start from the same weights."""
    first, second = initial("gpt2").state_dict(), initial("gpt2-rms").state_dict()
    drawn = [place for place in second if "norm" not in place and not place.endswith("bias")]
    assert drawn
    assert all(torch.equal(first[place], second[place]) for place in drawn)
