"""Folders of transformers that cannot be converted are refused in one line that names the fault."""

import json
from typing import Any

import pytest
from models.earlier import earlier, save_transformers
from safetensors.torch import load_file, save_file

from icl_bench.errors import InputError
from icl_bench.models.convert.convert import convert_checkpoint
from icl_bench.suites import find_task

FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("gpt2", {"activation_function": "relu"}, "activation_function is 'relu'"),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
    ("gpt2", {"n_layer": 2}, "holds 3 layers"),
    ("gpt2", {"n_head": 5}, "width 32 is not divisible by 5 heads"),
    ("gpt2", {"n_embd": "wide"}, "n_embd is 'wide'"),
    ("gpt2", {"layer_norm_epsilon": "tiny"}, "layer_norm_epsilon is 'tiny'"),
    ("gpt2", {"model_type": "mistral"}, "unknown model_type 'mistral'"),
    ("gpt2", {"model_type": "llama"}, "holds 0 backbones of llama"),
    ("llama", {"num_key_value_heads": 2}, "grouped-query attention"),
    ("llama", {"head_dim": 16}, "head_dim is '16'"),
    ("llama", {"rope_parameters": {"rope_theta": 500_000.0, "rope_type": "default"}}, "rope_theta"),
    ("llama", {"rope_parameters": {"rope_type": "yarn"}}, "rope_type is 'yarn'"),
    ("llama", {"rope_theta": 500_000.0}, "rope_theta"),
    ("llama", {"rope_scaling": {"type": "linear"}}, "rope_scaling"),
    ("llama", {"attention_bias": True}, "attention_bias"),
    ("llama", {"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
    ("mamba", {"use_conv_bias": False}, "use_conv_bias"),
    ("mamba", {"num_hidden_layers": 4}, "holds 3 layers"),
]


def refused(folder, message: str) -> None:
    suite, task = find_task("paper/linear_regression")
    with pytest.raises(InputError) as caught:
        convert_checkpoint(folder, suite.name, task)
    assert message in str(caught.value)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "changes", "message"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_config_that_no_spec_can_say(tmp_path, kind, changes, message):
    folder = save_transformers(tmp_path / "folder", earlier(kind), {})
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("_read_out.weight"), "and 0 from it"),
        (lambda tensors: tensors.update(second=tensors["_read_in.weight"].clone()), "a tensor 'second'"),
        (
            lambda tensors: tensors.update({"b.weight": tensors["_read_in.weight"].clone()}),
            "has 2 linear maps",
        ),
        (lambda tensors: tensors.pop("_backbone.ln_f.bias"), "lacks the tensor '_backbone.ln_f.bias'"),
        (
            lambda tensors: tensors.update({"twin.h.0.ln_1.weight": tensors["_read_out.bias"].clone()}),
            "holds 2 backbones of gpt2",
        ),
    ],
)
def test_tensors_that_are_not_one_model(tmp_path, change, message):
    folder = save_transformers(tmp_path / "folder", earlier("gpt2"), {})
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    refused(folder, message)


def test_a_folder_without_weights_and_one_that_is_cut_short(tmp_path):
    folder = save_transformers(tmp_path / "folder", earlier("gpt2"), {})
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000])
    refused(folder, "cannot read")
    weights.unlink()
    refused(folder, "holds no model.safetensors")
    (folder / "config.json").write_text("[]")
    refused(folder, "is not a mapping")
