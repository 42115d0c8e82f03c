"""The twelve reference architectures are those of the paper, at the paper's sizes and at the mini ones."""

import pytest
from raising import raises

from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.models.reference import reference_names, reference_spec
from icl_bench.models.shipped import find_architecture
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.suites import load_suite

# name: (positions, feed-forward, norm), as in the paper's Figure 1
PAPER = {
    "gpt2": ("learned", "gelu_mlp", "layernorm"),
    "gpt2-rms": ("learned", "gelu_mlp", "rmsnorm"),
    "gpt2-rope": ("rope", "gelu_mlp", "layernorm"),
    "gpt2-swiglu": ("learned", "swiglu", "layernorm"),
    "gpt2-rms-swiglu": ("learned", "swiglu", "rmsnorm"),
    "gpt2-rms-rope": ("rope", "gelu_mlp", "rmsnorm"),
    "gpt2-rope-swiglu": ("rope", "swiglu", "layernorm"),
    "llama": ("rope", "swiglu", "rmsnorm"),
    "llama-ropeless": ("stem", "swiglu", "rmsnorm"),
    "llama-swigluless": ("rope", "mamba", "rmsnorm"),
    "llama-rope-swigluless": ("stem", "mamba", "rmsnorm"),
    "mamba": ("none", None, "rmsnorm"),
}


def positions_of(spec: ArchitectureSpec) -> str:
    rotary = {sub.module.positions for sub in spec.expanded() if sub.module.type == "attention"}
    if spec.max_tokens() is not None:
        assert not spec.stem
        assert rotary == {"none"}
        return "learned"
    if spec.stem:
        assert [sub.module.type for sub in spec.stem] == ["mamba"]
        assert rotary == {"none"}
        return "stem"
    return "rope" if rotary == {"rope"} else "none"


# suites whose tasks references are trained on; those of variants and of the zoo have no specs of references
TRAINED = ["mini-v1", "paper-v1"]


@pytest.mark.parametrize("suite", TRAINED)
def test_there_are_twelve(suite):
    assert reference_names(suite) == sorted(PAPER)


@pytest.mark.parametrize("suite", TRAINED)
@pytest.mark.parametrize("name", PAPER)
def test_is_the_papers_architecture(name, suite):
    spec = reference_spec(name, suite)
    positions, feed_forward, norm = PAPER[name]
    assert spec.name == name
    assert positions_of(spec) == positions
    assert {sub.norm.type for sub in spec.expanded()} | {spec.final_norm.type} == {norm}
    (layer,) = spec.layers
    stack = [sub.module.type for sub in layer.sublayers]
    assert stack == (["mamba"] if feed_forward is None else ["attention", feed_forward])
    biases = {sub.module.bias for sub in layer.sublayers if sub.module.type == "attention"}
    assert biases <= {name.startswith("gpt2")}


@pytest.mark.parametrize("name", PAPER)
def test_has_the_papers_sizes(name):
    for task, width, layers in (("linear_regression", 256, 12), ("vector_mqar", 128, 2)):
        spec = reference_spec(name, "paper-v1", task)
        assert (spec.width, spec.layers[0].repeat) == (width, layers)
        for sublayer in spec.expanded():
            sizes = sublayer.module.model_dump()
            assert sizes.get("heads", 8) == 8
            assert sizes.get("hidden", 4 * width) == 4 * width
            assert [sizes.get(key, value) for key, value in (("expand", 4), ("state", 16), ("conv", 4))] == [
                4,
                16,
                4,
            ]
    assert 9e6 < reference_spec(name, "paper-v1").parameters(20, 1, 81) < 15e6  # "about 10 M"


@pytest.mark.parametrize("suite", TRAINED)
def test_has_positions_for_every_task(suite):
    for task in load_suite(suite).tasks.values():
        for name in reference_names(suite):
            longest = reference_spec(name, suite, task.name).max_tokens()
            assert longest is None or longest >= 2 * task.points - 1


def test_find_architecture(tmp_path):
    spec = reference_spec("mamba", "paper-v1", "vector_mqar")
    assert find_architecture("reference/mamba", "paper-v1", "vector_mqar") == spec
    (tmp_path / "mine.json").write_text(spec.model_dump_json(by_alias=True))
    assert find_architecture(str(tmp_path / "mine.json"), "mini-v1", "vector_mqar") == spec
    with raises(UnknownNameError, "unknown-model", naming="did you mean 'reference/mamba'"):
        find_architecture("reference/mamab", "mini-v1", "vector_mqar")
    with raises(InputError, "no-spec", naming=("nowhere.yaml", "reference/gpt2")):
        find_architecture("nowhere.yaml", "mini-v1", "vector_mqar")
    (tmp_path / "list.yaml").write_text("- 1")
    with raises(SpecError, "not-a-mapping", naming="list.yaml"):
        find_architecture(str(tmp_path / "list.yaml"), "mini-v1", "vector_mqar")
