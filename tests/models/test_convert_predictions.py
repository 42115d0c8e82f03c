"""A converted checkpoint answers as the original did, to the rounding of float32, for every kind of model."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from models.earlier import (
    earlier,
    garg_config,
    hybrid_config,
    mambaformer,
    mambaformer_config,
    save_2024,
    save_garg,
    save_transformers,
)
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import CheckpointError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.convert.convert import convert_checkpoint
from icl_bench.models.model import ICLModel, load_checkpoint
from icl_bench.models.predictor import ModelPredictor
from icl_bench.resources import data_folder
from icl_bench.specs.architecture import load_architecture, parse_architecture
from icl_bench.suites import find_task

pytestmark = pytest.mark.slow

GPT2_FFN, LLAMA_FFN = "gpt2 mlp", "llama mlp"
HYBRIDS = {  # positions, norm, attention, feed-forward: conf/include/models/composed.yml
    "gpt2-swiglu": (True, "layer norm", "gpt2 attention", LLAMA_FFN),
    "gpt2-rms": (True, "rms norm", "gpt2 attention", GPT2_FFN),
    "gpt2-rope": (False, "layer norm", "llama attention", GPT2_FFN),
    "gpt2-rms-swiglu": (True, "rms norm", "gpt2 attention", LLAMA_FFN),
    "gpt2-rms-rope": (False, "rms norm", "llama attention", GPT2_FFN),
    "gpt2-rope-swiglu": (False, "layer norm", "llama attention", LLAMA_FFN),
    "no rope, mamba in place of the mlp": (False, "rms norm", "llama attention no rope", "mamba mixer"),
}


def modules(positions: bool, norm: str, attention: str, ffn: str, layers: int = 2) -> list[str]:
    first = ["absolute positional embedding"] if positions else []
    block = [norm, attention, "residual", norm, ffn, "residual"]
    return [*first, "residual", *block * layers, norm]


def prompts(d: int, k: int, points: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    xs, ys = (scale * rng.normal(size=(5, points, size)).astype(np.float32) for size in (d, k))
    return xs, ys.astype(np.float32)


def converted(tmp_path, file, task: str = "paper/linear_regression", **options: Any) -> ICLModel:
    """Saved and loaded again, as it is used."""
    suite, task_spec = find_task(task)
    model = convert_checkpoint(file, suite.name, task_spec, **options)
    save_checkpoint(model, tmp_path / "converted")
    return load_checkpoint(tmp_path / "converted")


def agrees(model: ICLModel, original: torch.nn.Module, points: int = 41, targets: float = 1.0) -> None:
    """`targets`: what the original's targets are multiplied by."""
    xs, ys = prompts(model.d, model.k, points)
    with torch.inference_mode():
        expected = original(torch.from_numpy(xs), torch.from_numpy(ys) * targets).numpy() / targets
    predictions = ModelPredictor(model).predict(xs, ys)
    assert np.abs(expected).max() > 0.1 / targets
    np.testing.assert_allclose(predictions, expected, rtol=1e-5, atol=1e-5 / targets)


def test_gpt2_of_garg(tmp_path):
    original = earlier("gpt2")
    model = converted(tmp_path, save_garg(tmp_path, original, garg_config()))
    assert model.training_provenance["recipe"] == {
        "steps": 500_000, "optimiser": "adam", "batch": 64, "learning_rate": 1e-4,
    }  # fmt: skip
    assert model.training_provenance["converted"]["from"] == "Garg et al. 2022"
    agrees(model, original)


def test_two_layer_networks_of_garg_have_scaled_targets(tmp_path):
    """Their code multiplies these targets by √(2 / hidden); the code of 2024, same tensors, does not."""
    original, config = earlier("gpt2"), garg_config()
    config["training"] |= {"task": "relu_2nn_regression", "task_kwargs": {"hidden_layer_size": 100}}
    model = converted(tmp_path, save_garg(tmp_path / "old", original, config), "paper/two_layer_mlp")
    agrees(model, original, points=101, targets=math.sqrt(2 / 100))
    config = hybrid_config("gpt2")
    config["function_class"] = {"type": "2 layer mlp regression", "hidden_dimension": 100}
    model = converted(tmp_path, save_2024(tmp_path / "new", original, config), "paper/two_layer_mlp")
    agrees(model, original, points=101)


@pytest.mark.parametrize("bare", [True, False], ids=["older runs", "later runs"])
@pytest.mark.parametrize("kind", ["gpt2", "llama", "mamba"])
def test_backbones_of_2024(tmp_path, kind, bare):
    original = earlier(kind)
    model = converted(tmp_path, save_2024(tmp_path, original, hybrid_config(kind), bare))
    assert model.training_provenance["recipe"]["steps"] == 500_000
    agrees(model, original)


@pytest.mark.parametrize("name", HYBRIDS)
def test_hybrids_of_2024(tmp_path, name):
    names = modules(*HYBRIDS[name])
    original = earlier("hybrid", names=names)
    config = hybrid_config("hybrid", module_names=names, layer_norm_epsilon=1e-5)
    agrees(converted(tmp_path, save_2024(tmp_path, original, config)), original)


MAMBA_HYBRIDS = {  # first modules, attention, modules in the place of the feed-forward block
    "llama-ropeless": (["mamba block", "residual"], "llama attention no rope", ["rms norm", LLAMA_FFN]),
    "llama-swigluless": ([], "llama attention", ["mamba block"]),
    "llama-rope-swigluless": (["mamba block", "residual"], "llama attention no rope", ["mamba block"]),
}


@pytest.mark.parametrize("name", MAMBA_HYBRIDS)
def test_mamba_hybrids_of_2024_add_the_stream_twice(tmp_path, name):
    """A Mamba block adds its residual, and the mark after it adds the stream again."""
    first, attention, ffn = MAMBA_HYBRIDS[name]
    names = ["residual", *first, *["rms norm", attention, "residual", *ffn, "residual"] * 2, "rms norm"]
    original = earlier("hybrid", names=names)
    model = converted(tmp_path, save_2024(tmp_path, original, hybrid_config("hybrid", module_names=names)))
    skips = {sublayer.module.type: sublayer.skip for sublayer in model.architecture.expanded()}
    assert skips == dict.fromkeys(skips, 1) | {"mamba": 2}
    agrees(model, original)


@pytest.mark.parametrize("name", ["gpt2-rope", "llama-swigluless"])
def test_a_hybrid_of_2024_that_differs_from_its_reference_converts_as_it(tmp_path, name):
    """The study's gpt2-rope has no biases in attention; its Mamba blocks add the stream twice."""
    if name in HYBRIDS:
        names = modules(*HYBRIDS[name], layers=4)
    else:
        names = [
            "residual",
            *["rms norm", "llama attention", "residual", "mamba block", "residual"] * 4,
            "rms norm",
        ]
    spec = load_architecture(data_folder("submissions") / f"reference/specs/mini-v1/{name}.yaml")
    sublayers = [
        {"norm": part["norm"], "module": part["module"] | sizes.get(part["module"]["type"], {})}
        for part in spec.to_dict()["layers"][0]["sublayers"]
        for sizes in [{"attention": {"heads": 4}, "gelu_mlp": {"hidden": 128}, "mamba": {"expand": 4}}]
    ]
    layer = {"repeat": 4, "sublayers": sublayers}
    small = parse_architecture(spec.to_dict() | {"width": 32, "layers": [layer]}, "spec")
    original = earlier("hybrid", names=names)
    file = save_2024(tmp_path, original, hybrid_config("hybrid", module_names=names))
    model = converted(tmp_path, file, spec=small)
    assert model.architecture.name == name
    agrees(model, original)


def test_a_hybrid_of_nested_lists_and_whole_blocks(tmp_path):
    """Their configurations nest the modules of a layer; a whole block adds its own residual."""
    names = ["absolute positional embedding", ["gpt2 block", ["gpt2 block"]], "layer norm"]
    original = earlier("hybrid", names=[names[0], "gpt2 block", "gpt2 block", "layer norm"])
    config = hybrid_config("hybrid", module_names=names, layer_norm_epsilon=1e-5)
    agrees(converted(tmp_path, save_2024(tmp_path, original, config)), original)


def test_several_coordinates_of_y(tmp_path):
    original = earlier("llama", y_dim=20)
    config = hybrid_config("llama", y_dim=20) | {"function_class": {"type": "retrieval"}}
    agrees(
        converted(tmp_path, save_2024(tmp_path, original, config), "paper/vector_mqar"), original, points=65
    )


@pytest.mark.parametrize("kind", ["mamba", "llama"])
def test_the_epsilon_of_norms_is_kept(tmp_path, kind):
    """Mamba's norms add 1e-5, ours 1e-6: where the stream is small, that is most of what they divide by."""
    original = earlier(kind)
    with torch.no_grad():
        for name, parameter in original.named_parameters():
            if "_read_in" in name or "out_proj" in name or "o_proj" in name or "down_proj" in name:
                parameter.mul_(1e-3)
    agrees(converted(tmp_path, save_2024(tmp_path, original, hybrid_config(kind))), original)


@pytest.mark.parametrize(("kind", "name"), [("gpt2", "gpt2"), ("llama", "llama")])
def test_without_a_config_the_spec_gives_the_heads(tmp_path, kind, name):
    original = earlier(kind)
    configured = converted(tmp_path, save_2024(tmp_path / "with", original, hybrid_config(kind)))
    spec = configured.architecture.model_copy(update={"name": "mine"})
    model = converted(tmp_path, save_2024(tmp_path / "without", original, None), spec=spec)
    assert model.architecture == spec
    agrees(model, original)


def test_a_mamba_needs_no_config(tmp_path):
    original = earlier("mamba")
    agrees(converted(tmp_path, save_2024(tmp_path, original, None)), original)


def test_repeated_layers_are_written_once(tmp_path):
    """A mixer before the stack stands in the stem, as in the references."""
    names = ["residual", "rms norm", "mamba mixer", "residual", *modules(*HYBRIDS["gpt2-rms-rope"])[1:]]
    original = earlier("hybrid", names=names)
    config = hybrid_config("hybrid", module_names=names)
    model = converted(tmp_path, save_2024(tmp_path, original, config))
    assert [sublayer.module.type for sublayer in model.architecture.stem] == ["mamba"]
    assert [(layer.repeat, len(layer.sublayers)) for layer in model.architecture.layers] == [(2, 2)]
    agrees(model, original)


@pytest.mark.parametrize(
    ("family", "mixed"), [("mamba", None), ("tf-mamba", "standard"), ("tf-mamba", "mambaformer")]
)
def test_models_of_park(tmp_path, family, mixed):
    original = mambaformer(mixed)
    model = converted(tmp_path, save_garg(tmp_path, original, mambaformer_config(family, mixed)))
    assert model.training_provenance["converted"]["from"] == "Park et al. 2024"
    kinds = [sublayer.module.type for sublayer in model.architecture.expanded()]
    assert (
        kinds
        == {
            None: ["mamba"] * 3,
            "standard": ["attention", "mamba", "attention"],
            "mambaformer": ["mamba", "attention", "mamba", "attention"],
        }[mixed]
    )
    agrees(model, original)


def test_the_gpt2_of_park_has_keys_of_its_own(tmp_path):
    original = earlier("gpt2")
    config = garg_config(interleave=True, vocab_size=-1, mixed_attn=None)
    agrees(converted(tmp_path, save_garg(tmp_path, original, config)), original)


NAMES = {  # of the modules that people put a backbone in
    "as Garg et al.": {},
    "others": {"_read_in": "encoder", "_backbone": "model.transformer", "_read_out": "head"},
    "the backbone at the root": {"_read_in": "embed", "_backbone.": "", "_read_out": "answer"},
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("kind", ["gpt2", "llama", "mamba"])
def test_folders_of_transformers(tmp_path, kind, names):
    original = earlier(kind)
    folder = save_transformers(tmp_path / "folder", original, names, pickled=kind == "llama")
    model = converted(tmp_path, folder)
    assert model.training_provenance["converted"]["from"] == "transformers"
    agrees(model, original)


def test_ends_without_biases(tmp_path):
    original = earlier("mamba")
    with torch.no_grad():
        original._read_in.bias.zero_()
        original._read_out.bias.zero_()
    folder = save_transformers(tmp_path / "folder", original, {})
    tensors = load_file(folder / "model.safetensors")
    save_file(
        {name: t for name, t in tensors.items() if "_read" not in name or "bias" not in name},
        folder / "model.safetensors",
    )
    agrees(converted(tmp_path, folder), original)


def test_a_folder_is_converted_by_the_command_that_its_error_names(tmp_path):
    folder = save_transformers(tmp_path / "folder", earlier("gpt2"), {})
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(folder)
    command = str(caught.value).split("icl-bench ")[1]
    words = command.replace("NEW-FOLDER", str(tmp_path / "new")).replace("FOLDER", str(folder))
    words = words.replace("SUITE/TASK", "paper/linear_regression").split()
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert load_checkpoint(tmp_path / "new").task == "paper-v1/linear_regression"
