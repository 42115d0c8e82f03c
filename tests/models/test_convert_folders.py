"""Folders of transformers that cannot be converted are refused in one line that names the fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from models.earlier import earlier, save_transformers
from raising import raises
from safetensors.torch import load_file, save_file

from icl_bench.errors import InputError
from icl_bench.models.convert.convert import convert_checkpoint
from icl_bench.suites import find_task

FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("gpt2", {"activation_function": "relu"}, "cannot-convert", "activation_function"),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "cannot-convert", "scale_attn_by_inverse_layer_idx"),
    ("gpt2", {"is_causal": False}, "cannot-convert", "is_causal"),
    ("llama", {"is_causal": False}, "cannot-convert", "is_causal"),
    ("gpt2", {"model_type": ["gpt2"]}, "cannot-convert", "model_type"),
    ("gpt2", {"n_layer": 2}, "not-one-model", "3 layers"),
    ("gpt2", {"n_head": 5}, "spec", "5 heads"),
    ("gpt2", {"n_embd": "wide"}, "run-config", "n_embd"),
    ("gpt2", {"layer_norm_epsilon": "tiny"}, "run-config", "layer_norm_epsilon"),
    ("gpt2", {"model_type": "mistral"}, "cannot-convert", "'mistral'"),
    ("gpt2", {"model_type": "llama"}, "not-one-model", "llama"),
    ("llama", {"num_key_value_heads": 2}, "cannot-convert", "num_key_value_heads"),
    ("llama", {"head_dim": 16}, "cannot-convert", "head_dim"),
    (
        "llama",
        {"rope_parameters": {"rope_theta": 500_000.0, "rope_type": "default"}},
        "cannot-convert",
        "rope_theta",
    ),
    ("llama", {"rope_parameters": {"rope_type": "yarn"}}, "cannot-convert", "rope_type"),
    ("llama", {"rope_theta": 500_000.0}, "cannot-convert", "rope_theta"),
    ("llama", {"rope_scaling": {"type": "linear"}}, "cannot-convert", "rope_scaling"),
    ("llama", {"attention_bias": True}, "cannot-convert", "attention_bias"),
    ("llama", {"hidden_act": "gelu"}, "cannot-convert", "hidden_act"),
    ("mamba", {"time_step_rank": 7}, "cannot-convert", "time_step_rank"),
    ("mamba", {"use_conv_bias": False}, "cannot-convert", "use_conv_bias"),
    ("mamba", {"num_hidden_layers": 4}, "not-one-model", "3 layers"),
]


def refused(folder: Path, code: str, *naming: str) -> None:
    suite, task = find_task("paper/linear_regression")
    with raises(InputError, code, naming=naming):
        convert_checkpoint(folder, suite.name, task)


@pytest.mark.parametrize(("kind", "changes", "code", "data"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_config_that_no_spec_can_say(tmp_path, kind, changes, code, data):
    folder = save_transformers(tmp_path / "folder", earlier(kind), {})
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, code, data)


@pytest.mark.parametrize(
    ("change", "code", "data"),
    [
        (lambda tensors: tensors.pop("_read_out.weight"), "not-one-model", "0 from"),
        (
            lambda tensors: tensors.update(second=tensors["_read_in.weight"].clone()),
            "tensor-without-place",
            "'second'",
        ),
        (
            lambda tensors: tensors.update({"b.weight": tensors["_read_in.weight"].clone()}),
            "not-one-model",
            "2 linear maps",
        ),
        (lambda tensors: tensors.pop("_backbone.ln_f.bias"), "missing-tensor", "'_backbone.ln_f.bias'"),
        (
            lambda tensors: tensors.update({"twin.h.0.ln_1.weight": tensors["_read_out.bias"].clone()}),
            "not-one-model",
            "gpt2",
        ),
    ],
)
def test_tensors_that_are_not_one_model(tmp_path, change, code, data):
    folder = save_transformers(tmp_path / "folder", earlier("gpt2"), {})
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    refused(folder, code, data)


def test_a_folder_without_weights_and_one_that_is_cut_short(tmp_path):
    folder = save_transformers(tmp_path / "folder", earlier("gpt2"), {})
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000])
    refused(folder, "damaged-weights", "model.safetensors")
    weights.unlink()
    refused(folder, "no-weights-file", "model.safetensors")
    (folder / "config.json").write_text("[]")
    refused(folder, "run-config", "config.json")
