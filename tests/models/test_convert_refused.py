"""What cannot be converted exactly is refused in one line."""

from pathlib import Path
from typing import Any

import pytest
import torch
from models.earlier import WIDTH, earlier, garg_config, hybrid_config, save_2024, save_garg
from models.test_convert_predictions import HYBRIDS, modules

from icl_bench.errors import InputError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.convert.convert import convert_checkpoint
from icl_bench.models.reference import reference_spec
from icl_bench.specs.architecture import NormSpec
from icl_bench.suites import find_task

LINEAR = "paper/linear_regression"


def convert(file: Path, task: str, **options: Any) -> None:
    suite, task_spec = find_task(task)
    model = convert_checkpoint(file, suite.name, task_spec, **options)
    save_checkpoint(model, file.parent / "converted")


def refused(file: Path, *parts: str, task: str = LINEAR, **options: Any) -> str:
    """The one line that the file is refused with; it holds every part."""
    with pytest.raises(InputError) as caught:
        convert(file, task, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    for part in parts:
        assert part in message
    return message


@pytest.fixture
def gpt2(tmp_path) -> Path:
    return save_garg(tmp_path, earlier("gpt2"), garg_config())


def resaved(file: Path, **changes: Any) -> Path:
    """The file with other weights; None takes a tensor out."""
    state = torch.load(file, weights_only=True)
    state["model_state_dict"] |= changes
    state["model_state_dict"] = {k: v for k, v in state["model_state_dict"].items() if v is not None}
    torch.save(state, file)
    return file


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["rms norm", "gpt2 mlp", "residual", "rms norm"], "what is not the residual stream"),
        (["residual", "gpt2 mlp", "residual", "rms norm"], "no norm and module alone"),
        (
            ["residual", "rms norm", "rms norm", "gpt2 mlp", "residual", "rms norm"],
            "no norm and module alone",
        ),
        (["residual", "gpt2 mlp", "rms norm", "residual", "rms norm"], "no norm and module alone"),
        (["residual", "rms norm", "gpt2 mlp", "residual"], "does not end with a sublayer and one norm"),
        (["residual", "rms norm"], "does not end with a sublayer and one norm"),
        (
            ["residual", "residual", "rms norm", "gpt2 mlp", "residual", "rms norm"],
            "stream twice at module 1",
        ),
        (
            ["residual", "gpt2 block", "rms norm", "gpt2 mlp", "residual", "rms norm"],
            "not the residual stream",
        ),
        (["residual", "rms norm", "gpt2 block", "rms norm"], "no residual before its gpt2 block"),
        (
            ["residual", "absolute positional embedding", "gpt2 block", "rms norm"],
            "positions after its first",
        ),
        (["residual", "gpt2 block", "residual", "rms norm"], "adds the residual stream twice at module 2"),
    ],
)
def test_hybrids_that_no_spec_can_say(tmp_path, names, message):
    config = hybrid_config("hybrid", module_names=names, layer_norm_epsilon=1e-5)
    refused(save_2024(tmp_path, earlier("hybrid", names=names), config), message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rope_theta": 1_000}, "model.rope_theta is '1000', and what can be converted here has 10000"),
        ({"llama_hidden_act": "gelu_new"}, "model.llama_hidden_act"),
        ({"module_names": ["residual", "llama block", "rms norm"]}, "has a module 'llama block'"),
        ({"module_names": ["residual", 7]}, "is not a list of names"),
        ({"module_names": None}, "is not a list of names"),
        ({"module_names": [["residual"] * 5_000] * 5_000}, "more than 100,000 values"),
        ({"attention_dropout": 0.1}, "unknown key 'attention_dropout'"),
        ({"rms_norm_eps": "tiny"}, "model.rms_norm_eps is 'tiny', not a small number"),
        ({"n_head": 5}, "width 32 is not divisible by 5 heads"),
        ({"n_head": "8"}, "model.n_head is '8', not a number of units"),
        ({"n_embd": 64}, "model.n_embd is '64'"),
        ({"y_dim": 2}, "model.y_dim is '2'"),
        ({"interleave": False}, "model.interleave is 'False'"),
        ({"type": "mambaformer"}, "unknown model type 'mambaformer'"),
        ({"type": "llama"}, "model.type is 'llama', and what can be converted here has hybrid"),
    ],
)
def test_configs_of_hybrids(tmp_path, changes, message):
    names = modules(*HYBRIDS["gpt2-rms-rope"])
    config = hybrid_config("hybrid", module_names=names)
    config["model"] |= changes
    refused(save_2024(tmp_path, earlier("hybrid", names=names), config), message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_act": "gelu"}, "model.hidden_act"),
        ({"rope_theta": 500_000.0}, "model.rope_theta"),
        ({"n_layer": 4}, "model.n_layer is '4', and what can be converted here has 3"),
        ({"num_mamba_layers": 1}, "unknown key 'num_mamba_layers'"),
    ],
)
def test_configs_of_llama(tmp_path, changes, message):
    refused(save_2024(tmp_path, earlier("llama"), hybrid_config("llama", **changes)), message)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("model", {"family": "lstm"}, "model.family is 'lstm'"),
        ("model", {"n_layer": 12}, "model.n_layer is '12'"),
        ("model", {"n_positions": 41}, "model.n_positions is '41'"),
        ("model", {"n_dims": 10}, "model.n_dims is '10'"),
        ("model", {"attention": "relu"}, "unknown key 'attention'"),
        ("training", {"task": "decision_tree"}, "the run was on 'decision_tree'"),
        ("training", {"task": "linear_classification"}, "the run was on 'linear_classification'"),
        ("training", {"task": None}, "the run was on 'None'"),
        ("training", {"task_kwargs": {"scale": "big"}}, "task_kwargs.scale is not a positive number"),
        ("training", {"task_kwargs": [1]}, "training.task_kwargs is not a mapping"),
    ],
)
def test_configs_of_garg(tmp_path, section, changes, message):
    config = garg_config()
    config[section] |= changes
    refused(save_garg(tmp_path, earlier("gpt2"), config), message)


def test_sizes_of_the_function_class_are_the_tasks(tmp_path):
    config = garg_config()
    config["training"] |= {"task": "sparse_linear_regression", "task_kwargs": {"sparsity": 5}}
    file = save_garg(tmp_path, earlier("gpt2"), config)
    refused(file, "on sparsity '5'", "has 3", task="paper/sparse_linear_regression")


def test_configs_that_are_no_plain_data(tmp_path, gpt2):
    config = gpt2.with_name("config.yaml")
    config.write_text("model: !!python/object/apply:os.system ['touch pwned']")
    refused(gpt2, "config.yaml line 1", "is not read")
    config.write_text("- model")
    refused(gpt2, "is not a mapping")
    config.write_bytes(b"\xff")
    refused(gpt2, "cannot read", "config.yaml")
    refused(gpt2, "no file", config=tmp_path / "nowhere.yaml")


def test_other_tasks(tmp_path, gpt2):
    refused(
        gpt2,
        "has d = 20, k = 1 and mini-v1/linear_regression has d = 5, k = 1",
        task="mini/linear_regression",
    )
    config = hybrid_config("gpt2", x_dim=10) | {
        "function_class": {"type": "sparse parity regression", "k": 2}
    }
    file = save_2024(tmp_path / "short", earlier("gpt2", x_dim=10), config)
    refused(file, "has 202 positions", "279 tokens", task="paper/sparse_parity")


def test_without_a_config(tmp_path):
    gpt2 = save_2024(tmp_path / "gpt2", earlier("gpt2"), None, bare=True)
    refused(gpt2, "how many heads", "--config", "--spec")
    refused(gpt2, "whether its targets were scaled", task="paper/two_layer_mlp")
    names = modules(*HYBRIDS["gpt2-rms"])
    refused(save_2024(tmp_path / "hybrid", earlier("hybrid", names=names), None), "is a hybrid", "--config")


def test_another_spec_than_the_file_has(gpt2):
    spec = reference_spec("gpt2", "mini-v1")
    refused(gpt2, "width is 32 and the spec has 64", spec=spec)
    spec = spec.model_copy(update={"width": WIDTH})
    refused(gpt2, "the number of sublayers is 6 and the spec has 8", spec=spec)
    rmsnorm = NormSpec(type="rmsnorm", epsilon=1e-6)
    refused(gpt2, "final_norm", spec=spec.model_copy(update={"final_norm": rmsnorm}))
    refused(
        gpt2, "positions is learned and the spec has none", spec=spec.model_copy(update={"positions": "none"})
    )
    three = spec.layers[0].model_copy(update={"repeat": 3})
    refused(gpt2, "sublayer 0", "heads", spec=spec.model_copy(update={"layers": [three]}))


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("_backbone.wpe.weight", None, "lacks the tensor '_backbone.wpe.weight'"),
        ("_backbone.h.1.mlp.c_fc.lora_A", torch.zeros(3), "lora_A' that has no place"),
        ("_backbone.h.0.attn.bias", torch.ones(1, 1, 9, 9), "mask is not causal"),
        ("_backbone.h.0.attn.masked_bias", torch.tensor(0.0), "lets the future through"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH + 1), "has shape [33], and the other tensors need [32]"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH, dtype=torch.float64), "is stored as torch.float64"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH).to_sparse(), "neither a tensor nor plain data"),
        ("_backbone.ln_f.weight", torch.zeros(1).expand(WIDTH), "has fewer bytes than it claims"),
        ("_backbone.ln_f.weight", torch.full((WIDTH,), torch.nan), "not finite"),
        ("_read_in.weight", torch.zeros(()), "_read_in.weight has shape []"),
        ("_read_out.weight", torch.zeros(1, 7), "are of other widths"),
        ("_backbone.h.0.mlp.c_fc.weight", torch.zeros(()), "has shape []"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit(gpt2, name, tensor, message):
    refused(resaved(gpt2, **{name: tensor}), message)


def test_mixers_of_other_sizes(tmp_path):
    file = save_2024(tmp_path, earlier("mamba"), None)
    refused(resaved(file, **{"_backbone.layers.0.mixer.D": torch.zeros(100)}), "a mixer of 100 channels")
