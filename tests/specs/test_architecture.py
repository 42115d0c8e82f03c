"""The grammar of architectures: closed, strict, and clear about what is wrong."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises

from icl_bench.errors import SpecError
from icl_bench.models.model import ICLModel, count_parameters, empty_model
from icl_bench.specs.architecture import BLOCKS, load_architecture, parse_architecture

SPEC: dict[str, Any] = {
    "schema": 1,
    "name": "small",
    "width": 32,
    "positions": {"type": "learned", "max_tokens": 64},
    "stem": [],
    "layers": [
        {
            "repeat": 2,
            "sublayers": [
                {
                    "norm": "layernorm",
                    "module": {"type": "attention", "heads": 4, "positions": "none", "bias": True},
                },
                {"norm": "layernorm", "module": {"type": "gelu_mlp", "hidden": 64}},
            ],
        }
    ],
    "final_norm": "layernorm",
}

MODULES = {name: {"type": name} | block.example for name, block in BLOCKS.entries().items()}


def changed(path: str, value: Any) -> dict[str, Any]:
    """SPEC with the value at a dotted path set (or removed, where value is None)."""
    spec = copy.deepcopy(SPEC)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = spec
    for part in parents:
        target = target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return spec


FAULTS = [
    ("layers.0.sublayers.0.module.type", "atention", "unknown block 'atention'; did you mean 'attention'?"),
    ("layers.0.sublayers.0.module.heds", 4, "unknown key 'heds'; did you mean 'heads'?"),
    ("layers.0.sublayers.0.module.heads", 5, "width 32 is not divisible by 5 heads"),
    ("layers.0.sublayers.0.module.heads", "4", "layers[0].sublayers[0].module.heads"),
    ("layers.0.sublayers.0.module.bias", None, "missing key 'bias' in layers[0].sublayers[0].module"),
    ("layers.0.sublayers.0.norm", "batchnorm", "layers[0].sublayers[0].norm: unknown norm 'batchnorm'"),
    ("layers.0.sublayers.0.norm", {"type": "rmsnorm", "epsilon": 0}, "layers[0].sublayers[0].norm.epsilon"),
    ("layers.0.sublayers.0.norm", ["rmsnorm"], "layernorm or rmsnorm"),
    ("layers.0.sublayers.0.skip", float("nan"), "layers[0].sublayers[0].skip"),
    ("positions", 5, "write {type: learned, max_tokens: N} or none"),
    ("layers.0.sublayers.0.skip", 0, "layers[0].sublayers[0].skip"),
    ("layers.0.repeat", 10**9, "layers[0].repeat"),
    ("layers", [], "layers"),
    ("widht", 64, "unknown key 'widht'; did you mean 'width'?"),
    ("width", 10**9, "width"),
    ("width", 32.0, "width"),
    ("width", True, "width"),
    ("positions", {"type": "learned"}, "missing key 'max_tokens'"),
    ("positions", "rope", "positions: rope in each attention"),
    ("name", "../../etc/passwd", "name"),
    ("schema", 2, "schema"),
    ("final_norm", None, "missing key 'final_norm'"),
]


@pytest.mark.parametrize(("path", "value", "message"), FAULTS, ids=lambda v: str(v)[:40])
def test_a_fault_is_one_line_that_names_it(path: str, value: Any, message: str) -> None:
    with raises(SpecError, naming=("spec.yaml: ", message)):
        parse_architecture(changed(path, value), "spec.yaml")


def test_all_missing_keys_are_named_at_once() -> None:
    spec = {"schema": 1, "name": "x", "layers": [{"sublayers": [{"module": {"type": "attention"}}]}]}
    with raises(SpecError) as caught:
        parse_architecture(spec, "spec.yaml")
    line = str(caught.value)
    for key in ("width", "positions", "final_norm", "norm", "heads", "bias"):
        assert f"'{key}'" in line
    assert "in layers[0].sublayers[0].module" in line
    assert "more)" not in line


def test_keys_with_an_obvious_value_may_be_left_out() -> None:
    short = {key: value for key, value in SPEC.items() if key != "stem"}
    short["layers"] = [{"sublayers": SPEC["layers"][0]["sublayers"]}] * 2
    assert parse_architecture(short, "spec").expanded() == parse_architecture(SPEC, "spec").expanded()


def test_absurd_sizes_fail_before_anything_is_allocated() -> None:
    """Each size is within its bound here; together they would be trillions of parameters."""
    spec = changed("width", 16_384)
    spec["layers"][0]["repeat"] = 512
    spec["layers"][0]["sublayers"][1]["module"]["hidden"] = 65_536
    with raises(SpecError, naming="2,000,000,000"):
        parse_architecture(spec, "spec.yaml")
    spec["layers"] *= 64
    with raises(SpecError, naming=("65,536", "2,048")):
        parse_architecture(spec, "spec.yaml")


def test_files_that_are_no_spec(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    cases = {
        b"": ("not-a-mapping", ""),
        b"- 1\n- 2\n": ("not-a-mapping", ""),
        b"a: [1, 2\n": ("unparsable", "line 2"),
        b"\xff\xfe\x00": ("unreadable", ""),
        b"!!python/object/apply:os.system ['true']": ("unparsable", ""),
    }
    for content, (code, data) in cases.items():
        path.write_bytes(content)
        with raises(SpecError, code, naming=(path, data)):
            load_architecture(path)
    with raises(SpecError, "no-file", naming=tmp_path):
        load_architecture(tmp_path / "absent.yaml")


modules = st.sampled_from(sorted(MODULES)).map(MODULES.__getitem__)
sublayers = st.lists(
    st.fixed_dictionaries({"norm": st.sampled_from(["layernorm", "rmsnorm"]), "module": modules}), max_size=3
)


@settings(max_examples=30, deadline=None)
@given(
    stem=sublayers,
    inner=sublayers.filter(bool),
    repeat=st.integers(1, 3),
    learned=st.booleans(),
    d=st.integers(1, 6),
    k=st.integers(1, 6),
    final=st.sampled_from(["layernorm", "rmsnorm"]),
)
def test_a_spec_counts_the_parameters_that_are_built(stem, inner, repeat, learned, d, k, final) -> None:
    positions = {"type": "learned", "max_tokens": 20} if learned else "none"
    spec = SPEC | {"stem": stem, "layers": [{"repeat": repeat, "sublayers": inner}], "positions": positions}
    spec["final_norm"] = final
    architecture = parse_architecture(spec, "spec")
    config = {"spec": architecture.to_dict(), "d": d, "k": k, "task": "mini-v1/linear_regression"}
    assert architecture.parameters(d, k) == count_parameters(empty_model(config))
    unread = 32 * (20 - 7) if learned else 0
    assert architecture.parameters(d, k, tokens=7) == architecture.parameters(d, k) - unread
    assert parse_architecture(architecture.to_dict(), "again") == architecture


def test_the_state_is_that_of_every_layer() -> None:
    for module in (
        {"type": "mamba", "expand": 2, "state": 16, "conv": 4},
        SPEC["layers"][0]["sublayers"][0]["module"],
    ):
        block = BLOCKS.parse(module)
        sublayers = [{"norm": "rmsnorm", "module": module}]
        architecture = parse_architecture(SPEC | {"layers": [{"repeat": 3, "sublayers": sublayers}]}, "spec")
        assert architecture.state_fixed() == 3 * block.state_fixed(32)
        assert architecture.state_per_token() == 3 * block.state_per_token(32)


@pytest.mark.parametrize("module", ["attention", "gelu_mlp", "swiglu"])
def test_flops_agree_with_torch(module: str) -> None:
    """torch counts full attention; the spec counts the causal half that is needed."""
    from torch.utils.flop_counter import FlopCounterMode

    spec = SPEC | {"layers": [{"repeat": 2, "sublayers": [{"norm": "rmsnorm", "module": MODULES[module]}]}]}
    model = ICLModel(spec, d=3, k=1, task="mini-v1/linear_regression")
    xs, ys = torch.zeros(1, 8, 3), torch.zeros(1, 8, 1)
    with (
        torch.no_grad(),
        FlopCounterMode(display=False) as counter,
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    ):
        model(xs, ys)
    tokens = 15
    upper_half = 2 * 4 * 32 * (tokens * tokens - tokens * (tokens + 1) // 2) if module == "attention" else 0
    assert counter.get_total_flops() == model.architecture.flops(d=3, k=1, tokens=tokens) + upper_half
