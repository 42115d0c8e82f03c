"""What cannot be converted exactly is refused in one line."""

from pathlib import Path
from typing import Any

import pytest
import torch
from models.earlier import WIDTH, earlier, garg_config, hybrid_config, save_2024, save_garg
from models.test_convert_predictions import HYBRIDS, modules
from raising import raises

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


def refused(file: Path, code: str, *naming: object, task: str = LINEAR, **options: Any) -> str:
    """The one line that the file is refused with; it holds all of `naming`."""
    with raises(InputError, code, naming=naming) as caught:
        convert(file, task, **options)
    message = str(caught.value)
    assert len(message) < 600
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
    ("names", "part"),
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
def test_hybrids_that_no_spec_can_say(tmp_path, names, part):
    config = hybrid_config("hybrid", module_names=names, layer_norm_epsilon=1e-5)
    refused(save_2024(tmp_path, earlier("hybrid", names=names), config), "cannot-convert", part)


@pytest.mark.parametrize(
    ("changes", "code", "data"),
    [
        ({"rope_theta": 1_000}, "cannot-convert", ("model.rope_theta ", "1000", "10000")),
        ({"llama_hidden_act": "gelu_new"}, "cannot-convert", "model.llama_hidden_act"),
        ({"module_names": ["residual", "llama block", "rms norm"]}, "cannot-convert", "'llama block'"),
        ({"module_names": ["residual", 7]}, "run-config", "model.module_names"),
        ({"module_names": None}, "run-config", "model.module_names"),
        ({"module_names": [["residual"] * 5_000] * 5_000}, "run-config", "100,000"),
        ({"attention_dropout": 0.1}, "cannot-convert", "'attention_dropout'"),
        ({"rms_norm_eps": "tiny"}, "run-config", ("model.rms_norm_eps", "'tiny'")),
        ({"n_head": 5}, "spec", ("32 ", "5 heads")),
        ({"n_head": "8"}, "run-config", ("model.n_head", "'8'")),
        ({"n_embd": 64}, "cannot-convert", ("model.n_embd", "'64'")),
        ({"y_dim": 2}, "cannot-convert", ("model.y_dim", "'2'")),
        ({"interleave": False}, "cannot-convert", ("model.interleave", "'False'")),
        ({"type": "mambaformer"}, "cannot-convert", "'mambaformer'"),
        ({"type": "llama"}, "cannot-convert", ("model.type", "'llama'", "hybrid")),
    ],
)
def test_configs_of_hybrids(tmp_path, changes, code, data):
    names = modules(*HYBRIDS["gpt2-rms-rope"])
    config = hybrid_config("hybrid", module_names=names)
    config["model"] |= changes
    naming = [data] if isinstance(data, str) else data
    refused(save_2024(tmp_path, earlier("hybrid", names=names), config), code, *naming)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"hidden_act": "gelu"}, "model.hidden_act"),
        ({"rope_theta": 500_000.0}, "model.rope_theta"),
        ({"n_layer": 4}, "model.n_layer "),
        ({"num_mamba_layers": 1}, "'num_mamba_layers'"),
    ],
)
def test_configs_of_llama(tmp_path, changes, key):
    refused(save_2024(tmp_path, earlier("llama"), hybrid_config("llama", **changes)), "cannot-convert", key)


@pytest.mark.parametrize(
    ("section", "changes", "code", "key"),
    [
        ("model", {"family": "lstm"}, "cannot-convert", "model.family"),
        ("model", {"n_layer": 12}, "cannot-convert", "model.n_layer"),
        ("model", {"n_positions": 41}, "cannot-convert", "model.n_positions"),
        ("model", {"n_dims": 10}, "cannot-convert", "model.n_dims"),
        ("model", {"attention": "relu"}, "cannot-convert", "'attention'"),
        ("training", {"task": "decision_tree"}, "other-run-task", "'decision_tree'"),
        ("training", {"task": "linear_classification"}, "other-run-task", "'linear_classification'"),
        ("training", {"task": None}, "other-run-task", "'None'"),
        ("training", {"task_kwargs": {"scale": "big"}}, "run-config", "task_kwargs.scale"),
        ("training", {"task_kwargs": [1]}, "run-config", "training.task_kwargs"),
    ],
)
def test_configs_of_garg(tmp_path, section, changes, code, key):
    config = garg_config()
    config[section] |= changes
    refused(save_garg(tmp_path, earlier("gpt2"), config), code, key)


def test_sizes_of_the_function_class_are_the_tasks(tmp_path):
    config = garg_config()
    config["training"] |= {"task": "sparse_linear_regression", "task_kwargs": {"sparsity": 5}}
    file = save_garg(tmp_path, earlier("gpt2"), config)
    refused(file, "other-run-task", "sparsity '5'", 3, task="paper/sparse_linear_regression")


def test_configs_that_are_no_plain_data(tmp_path, gpt2):
    config = gpt2.with_name("config.yaml")
    config.write_text("model: !!python/object/apply:os.system ['touch pwned']")
    refused(gpt2, "run-config", "config.yaml line 1")
    config.write_text("- model")
    refused(gpt2, "run-config", config)
    config.write_bytes(b"\xff")
    refused(gpt2, "run-config", "config.yaml")
    refused(gpt2, "no-run-file", "nowhere.yaml", config=tmp_path / "nowhere.yaml")


def test_other_tasks(tmp_path, gpt2):
    refused(
        gpt2,
        "other-run-task",
        "d = 20, k = 1",
        "mini-v1/linear_regression",
        "d = 5, k = 1",
        task="mini/linear_regression",
    )
    config = hybrid_config("gpt2", x_dim=10) | {
        "function_class": {"type": "sparse parity regression", "k": 2}
    }
    file = save_2024(tmp_path / "short", earlier("gpt2", x_dim=10), config)
    refused(file, "other-run-task", "202 positions", "279 tokens", task="paper/sparse_parity")


def test_without_a_config(tmp_path):
    gpt2 = save_2024(tmp_path / "gpt2", earlier("gpt2"), None, bare=True)
    refused(gpt2, "incomplete-run", "heads", "--config", "--spec")
    refused(gpt2, "incomplete-run", "targets", task="paper/two_layer_mlp")
    names = modules(*HYBRIDS["gpt2-rms"])
    refused(
        save_2024(tmp_path / "hybrid", earlier("hybrid", names=names), None), "incomplete-run", "--config"
    )


def test_another_spec_than_the_file_has(gpt2):
    spec = reference_spec("gpt2", "mini-v1")
    refused(gpt2, "other-run-spec", "width", 32, 64, spec=spec)
    spec = spec.model_copy(update={"width": WIDTH})
    refused(gpt2, "other-run-spec", "sublayers", 6, 8, spec=spec)
    rmsnorm = NormSpec(type="rmsnorm", epsilon=1e-6)
    refused(gpt2, "other-run-spec", "final_norm", spec=spec.model_copy(update={"final_norm": rmsnorm}))
    refused(
        gpt2,
        "other-run-spec",
        "positions",
        "learned",
        "none",
        spec=spec.model_copy(update={"positions": "none"}),
    )
    three = spec.layers[0].model_copy(update={"repeat": 3})
    refused(gpt2, "other-run-spec", "sublayer 0", "heads", spec=spec.model_copy(update={"layers": [three]}))
    looped = three.model_copy(update={"repeat": 1, "loop": 3})
    refused(gpt2, "other-run-spec", "gpt2", "loop", spec=spec.model_copy(update={"layers": [looped]}))


@pytest.mark.parametrize(
    ("name", "tensor", "code", "data"),
    [
        ("_backbone.wpe.weight", None, "missing-tensor", "'_backbone.wpe.weight'"),
        ("_backbone.h.1.mlp.c_fc.lora_A", torch.zeros(3), "tensor-without-place", "lora_A'"),
        ("_backbone.h.0.attn.bias", torch.ones(1, 1, 9, 9), "cannot-convert", "mask"),
        ("_backbone.h.0.attn.masked_bias", torch.tensor(0.0), "cannot-convert", "future"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH + 1), "tensor-shape", "[33]"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH, dtype=torch.float64), "tensor-type", "torch.float64"),
        ("_backbone.ln_f.weight", torch.zeros(WIDTH).to_sparse(), "unsafe-pickle", ""),
        ("_backbone.ln_f.weight", torch.zeros(1).expand(WIDTH), "damaged-weights", "ln_f.weight"),
        ("_backbone.ln_f.weight", torch.full((WIDTH,), torch.nan), "weights-not-finite", "final_norm.weight"),
        ("_read_in.weight", torch.zeros(()), "tensor-shape", "_read_in.weight"),
        ("_read_out.weight", torch.zeros(1, 7), "tensor-shape", "_read_out"),
        ("_backbone.h.0.mlp.c_fc.weight", torch.zeros(()), "tensor-shape", "[]"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit(gpt2, name, tensor, code, data):
    refused(resaved(gpt2, **{name: tensor}), code, data)


def test_mixers_of_other_sizes(tmp_path):
    file = save_2024(tmp_path, earlier("mamba"), None)
    refused(
        resaved(file, **{"_backbone.layers.0.mixer.D": torch.zeros(100)}), "cannot-convert", "100 channels"
    )
