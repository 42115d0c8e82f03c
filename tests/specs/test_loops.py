"""Looped layers: parameters count once, computation and state once a loop."""

import copy
from typing import Any

import pytest
from raising import raises
from specs.test_architecture import SPEC

from icl_bench.errors import SpecError
from icl_bench.specs.architecture import ArchitectureSpec, parse_architecture


def looped(*changes: dict[str, Any], **spec: Any) -> ArchitectureSpec:
    """SPEC with a group for each mapping of changes, a copy of its own group with these keys."""
    layers = [copy.deepcopy(SPEC["layers"][0]) | change for change in changes]
    return parse_architecture(SPEC | {"layers": layers} | spec, "spec.yaml")


def test_usual_values_are_left_out_of_what_is_written():
    """Hashes and records of architectures from before there were loops stay as they are."""
    assert looped({"loop": 1, "inject": False}).to_dict() == SPEC
    (written,) = looped({"loop": 3, "inject": True}).to_dict()["layers"]
    assert list(written) == ["repeat", "loop", "inject", "sublayers"]
    assert (written["loop"], written["inject"]) == (3, True)
    assert looped(written) == looped({"loop": 3, "inject": True})


@pytest.mark.parametrize("loop", [0, -1, 257, 10_000, 2.0, True, "2"])
def test_a_number_of_loops_that_no_spec_may_have(loop):
    with raises(SpecError, naming=("spec.yaml: layers[0].loop", loop)):
        looped({"loop": loop})


def test_what_is_injected_is_said_with_true_or_false():
    with raises(SpecError, naming="layers[0].inject"):
        looped({"loop": 2, "inject": "input"})


def test_every_loop_counts_towards_the_depth():
    assert len(looped({"repeat": 4, "loop": 256}).expanded()) == 2_048
    with raises(SpecError, naming=("2,560", "2,048")):
        looped({"repeat": 5, "loop": 256})


def test_sublayers_stand_in_the_order_of_computation():
    stem = SPEC["layers"][0]["sublayers"][:1]
    spec = looped({"repeat": 2, "loop": 3}, {"repeat": 1, "sublayers": stem}, stem=stem)
    attention, mlp = spec.layers[0].sublayers
    assert spec.built() == [attention, *[attention, mlp] * 2, attention]
    assert spec.expanded() == [attention, *[attention, mlp] * 6, attention]


def test_parameters_count_once_and_flops_and_state_once_a_loop():
    plain, spec = looped({"repeat": 2}), looped({"repeat": 2, "loop": 3, "inject": True})
    unrolled = looped({"repeat": 6})
    for tokens in (None, 15):
        assert spec.parameters(3, 1, tokens) == plain.parameters(3, 1, tokens)
    assert spec.flops(3, 1, tokens=15) == unrolled.flops(3, 1, tokens=15)
    assert spec.state_per_token() == 3 * plain.state_per_token() == 6 * 2 * SPEC["width"]


def test_the_fixed_state_of_a_mixer_is_one_a_loop():
    mamba = {"norm": "rmsnorm", "module": {"type": "mamba", "expand": 1, "state": 2, "conv": 2}}
    plain, spec = (looped({"repeat": 2, "loop": loop, "sublayers": [mamba]}) for loop in (1, 5))
    assert spec.state_fixed() == 5 * plain.state_fixed() > 0


def test_another_number_of_loops_is_of_looped_groups_alone():
    spec = looped({"repeat": 2}, {"loop": 3}, {"loop": 1, "inject": True})
    changed = spec.with_loops(8)
    assert [layer.loop for layer in changed.layers] == [1, 8, 8]
    assert changed == looped({"repeat": 2}, {"loop": 8}, {"loop": 8, "inject": True})
    assert [layer.loop for layer in spec.layers] == [1, 3, 1]


def test_once_is_a_number_of_loops():
    assert looped({"loop": 3}).with_loops(1) == looped({})


@pytest.mark.parametrize("loops", [0, -3, 257, 10_000])
def test_a_number_of_loops_that_cannot_be_asked_for(loops):
    with raises(SpecError, "loops-out-of-bounds", naming=(f"{loops:,}", 256)):
        looped({"loop": 3}).with_loops(loops)


def test_loops_that_make_it_too_deep_cannot_be_asked_for():
    with raises(SpecError, naming=("small", 200, "3,200", "2,048")):
        looped({"repeat": 8, "loop": 3}).with_loops(200)


def test_without_looped_layers_there_is_no_number_to_change():
    assert not looped({"repeat": 2}).looped
    with raises(SpecError, "not-looped", naming="small"):
        looped({"repeat": 2}).with_loops(4)
