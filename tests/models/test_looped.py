"""Looped layers in a model, against loops that are written out here."""

import pytest
import torch
from models.small import saved, small_model, small_spec

from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel, count_parameters, load_checkpoint
from icl_bench.models.steps import Step, steps_of

SUBLAYERS = small_spec()["layers"][0]["sublayers"]


def model_of(*groups: dict) -> ICLModel:
    return small_model(layers=[{"sublayers": SUBLAYERS, **group} for group in groups])


def prompts(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, 5, 8, generator=generator), torch.randn(3, 5, 1, generator=generator)


def layers_after(model: ICLModel, places: list[int], z: torch.Tensor) -> torch.Tensor:
    for place in places:
        for sublayer in model.layers[place]:
            z = sublayer(z)
    return z


@pytest.mark.parametrize("loop", [1, 2, 5])
def test_a_loop_with_the_input_is_that_of_its_definition(loop):
    model = model_of({"repeat": 2, "loop": loop, "inject": True})
    entered = model.embed(*prompts())
    z = torch.zeros_like(entered)
    for _ in range(loop):
        z = layers_after(model, [0, 1], z + entered)
    torch.testing.assert_close(model(*prompts()), model.answer(z[:, ::2]))


@pytest.mark.parametrize("loop", [1, 2, 5])
def test_a_loop_without_the_input_applies_the_layers_to_their_own_output(loop):
    model = model_of({"repeat": 2, "loop": loop})
    z = model.embed(*prompts())
    for _ in range(loop):
        z = layers_after(model, [0, 1], z)
    torch.testing.assert_close(model(*prompts()), model.answer(z[:, ::2]))


def test_a_group_adds_its_own_input_and_not_that_of_another():
    model = model_of(
        {"loop": 2, "inject": True}, {"repeat": 2}, {"repeat": 2, "loop": 3}, {"loop": 2, "inject": True}
    )
    first = model.embed(*prompts())
    z = layers_after(model, [0], layers_after(model, [0], first) + first)
    z = layers_after(model, [1, 2, 3, 4, 3, 4, 3, 4], z)
    last = layers_after(model, [5], layers_after(model, [5], z) + z)
    torch.testing.assert_close(model(*prompts()), model.answer(last[:, ::2]))


def test_steps_are_written_out():
    groups = model_of({"repeat": 1}, {"repeat": 2, "loop": 2, "inject": True}).architecture.layers
    entering, later = Step(1, keeps_input=True), Step(1, adds_input=True)
    assert steps_of(groups) == (Step(0), entering, Step(2), later, Step(2))


def test_states_are_those_after_each_application():
    model = model_of({"repeat": 2, "loop": 3, "inject": True})
    states = list(model.states(model.embed(*prompts())))
    assert len(states) == len(model.steps) == 6
    shorter = ICLModel(model.architecture.with_loops(2).to_dict(), 8, 1, model.task)
    shorter.load_state_dict(model.state_dict())
    torch.testing.assert_close(shorter(*prompts()), model.answer(states[3][:, ::2]))


def test_each_weight_is_there_once():
    plain, looped = model_of({"repeat": 2}), model_of({"repeat": 2, "loop": 4, "inject": True})
    assert list(looped.state_dict()) == list(plain.state_dict())
    assert looped.architecture.parameters(8, 1) == count_parameters(looped) == count_parameters(plain)


def test_a_shared_weight_has_the_gradient_of_every_loop():
    """That of a stack with copies of the layers: the sum over the copies."""
    looped, copies = model_of({"repeat": 2, "loop": 3}), model_of({"repeat": 6})
    for place, layer in enumerate(copies.layers):
        layer.load_state_dict(looped.layers[place % 2].state_dict())
    for name in ("read_in", "positions", "final_norm", "read_out"):
        getattr(copies, name).load_state_dict(getattr(looped, name).state_dict())
    for model in (looped, copies):
        model(*prompts()).square().sum().backward()
    for place in range(2):
        for name, parameter in looped.layers[place].named_parameters():
            every = [copies.layers[copy].get_parameter(name).grad for copy in range(place, 6, 2)]
            assert all((gradient != 0).any() for gradient in every if not name.endswith("qkv.bias"))
            torch.testing.assert_close(parameter.grad, torch.stack(every).sum(dim=0))


def test_maps_into_the_stream_start_as_those_of_a_stack_of_that_depth():
    looped, copies = model_of({"repeat": 2, "loop": 4}), model_of({"repeat": 8})
    for model in (looped, copies):
        initialise(model, torch.Generator().manual_seed(0))
    first = looped.layers[0][0].module
    torch.testing.assert_close(first.out.weight, copies.layers[0][0].module.out.weight)


def test_a_looped_checkpoint_is_read_as_it_was_saved(tmp_path):
    model = model_of({"repeat": 2, "loop": 3, "inject": True})
    saved(tmp_path, model)
    again = load_checkpoint(tmp_path)
    assert again.architecture == model.architecture
    assert torch.equal(again(*prompts()), model(*prompts()))


def test_later_tokens_change_no_earlier_answer():
    model = model_of({"repeat": 2, "loop": 3, "inject": True})
    xs, ys = prompts()
    before = model(xs, ys)
    xs[:, 3:], ys[:, 2:] = 9.0, -9.0
    torch.testing.assert_close(model(xs, ys)[:, :3], before[:, :3])
