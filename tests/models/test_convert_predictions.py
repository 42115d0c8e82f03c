"""A converted checkpoint answers as the original did, to the rounding of float32, for every kind of model."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from models.earlier import earlier, garg_config, hybrid_config, save_2024, save_garg

from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.convert.convert import convert_checkpoint
from icl_bench.models.model import ICLModel, load_checkpoint
from icl_bench.models.predictor import ModelPredictor
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
