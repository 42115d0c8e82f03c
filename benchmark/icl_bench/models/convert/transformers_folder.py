"""Folders of `transformers`: a GPT-2, LLaMA or Mamba backbone between a linear read-in and a linear read-out.

`config.json` is that of the backbone, and `model.safetensors` (or `pytorch_model.bin`) holds the tensors of a
module with the backbone and the two maps, whatever it calls them. Prompts are as ours: x_0, y_0, x_1, … with
zeros after the coordinates of the shorter; y_i is read at the token of x_i; targets are not scaled.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from icl_bench.blocks.positions import ROPE_BASE
from icl_bench.errors import CheckpointError, UnknownNameError
from icl_bench.models.convert import backbones
from icl_bench.models.convert.backbones import Backbone
from icl_bench.models.convert.config import Section
from icl_bench.models.convert.pickles import read_saved
from icl_bench.models.convert.stack import Ends, Stack
from icl_bench.models.convert.state_dict import Weights, state_dict
from icl_bench.specs.checkpoint import read_raw_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE
from icl_bench.specs.lfs_pointer import pointer_fault
from icl_bench.specs.text import shown

PICKLED_WEIGHTS = "pytorch_model.bin"
FIRST_TENSORS = {  # of a backbone: what stands before them is its name in the module
    "gpt2": "h.0.ln_1.weight",
    "llama": "layers.0.input_layernorm.weight",
    "mamba": "layers.0.mixer.A_log",
}

_EXPRESSIBLE: dict[str, dict[str, Any]] = {  # values of keys that change what a model computes
    "gpt2": {
        "activation_function": "gelu_new",
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
        "is_causal": True,
    },
    "llama": {
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "rope_theta": ROPE_BASE,
        "rope_scaling": None,
        "is_causal": True,
    },
    "mamba": {"hidden_act": "silu", "use_bias": False, "use_conv_bias": True},
}


@dataclass(frozen=True)
class _Names:
    """What a configuration calls its sizes, and the epsilon of its norms."""

    width: str
    layers: str
    epsilon: str
    usual_epsilon: float


_NAMES = {
    "gpt2": _Names("n_embd", "n_layer", "layer_norm_epsilon", backbones.GPT2_EPSILON),
    "llama": _Names("hidden_size", "num_hidden_layers", "rms_norm_eps", backbones.LLAMA_EPSILON),
    "mamba": _Names("hidden_size", "num_hidden_layers", "layer_norm_epsilon", backbones.MAMBA_EPSILON),
}


def read_folder(folder: Path) -> Stack:
    """The model of a folder; CheckpointError where it is not one, or has what ours cannot express."""
    config = _read_config(folder)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in FIRST_TENSORS:
        name = shown(str(kind)).strip("'")
        raise CheckpointError(
            str(UnknownNameError("model_type", name, FIRST_TENSORS, config.source)), code="cannot-convert"
        )
    weights = state_dict(_tensors(folder), str(weights_file(folder)))
    backbone = _read_backbone(kind, weights.under(_prefix(weights, kind)), config)
    width = len(backbone.final_norm.tensors["weight"])
    ends = _take_ends(weights, width)
    weights.finish()
    return Stack(weights.source, ends, backbone)


def _read_config(folder: Path) -> Section:
    if not (folder / CONFIG_FILE).is_file():
        raise CheckpointError(
            f"{folder} holds no {CONFIG_FILE}; give a folder of transformers, or the file that training "
            "saved",
            code="no-config-file",
        )
    value, source = read_raw_config(folder), str(folder / CONFIG_FILE)
    if not isinstance(value, dict):
        raise CheckpointError(
            f"{source} is not a mapping; save it by the model's own save_pretrained", code="run-config"
        )
    return Section(value, source)


def weights_file(folder: Path) -> Path:
    """The file with a folder's tensors; CheckpointError where there is none."""
    for name in (WEIGHTS_FILE, PICKLED_WEIGHTS):
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"{folder} holds no {WEIGHTS_FILE}; save the module's state dict there by "
        "safetensors.torch.save_file",
        code="no-weights-file",
    )


def _tensors(folder: Path) -> Mapping[str, Tensor]:
    path = weights_file(folder)
    if path.name == PICKLED_WEIGHTS:
        return read_saved(path)
    with path.open("rb") as file:
        pointer = pointer_fault(file.read(200), path)
    if pointer:
        raise CheckpointError(pointer, code="lfs-pointer-checkpoint")
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, RuntimeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"cannot read {path}: {reason:.200}; save it again", code="damaged-weights"
        ) from None


def _prefix(weights: Weights, kind: str) -> str:
    """What the module calls its backbone, with the dot."""
    first = FIRST_TENSORS[kind]
    prefixes = [name.removesuffix(first) for name in weights.left() if name.endswith(first)]
    prefixes = [prefix for prefix in prefixes if not prefix or prefix.endswith(".")]
    if len(prefixes) != 1:
        raise CheckpointError(
            f"{weights.source} holds {len(prefixes)} backbones of {kind} (tensors …{first}); save one module "
            "with one backbone",
            code="not-one-model",
        )
    return prefixes[0]


def _take_ends(weights: Weights, width: int) -> Ends:
    """The two linear maps outside the backbone, distinguished by their shapes."""
    matrices = [name for name in weights.left() if name.endswith("weight") and len(weights.shape(name)) == 2]
    into = [name for name in matrices if weights.shape(name)[0] == width]
    out = [name for name in matrices if weights.shape(name)[1] == width]
    if len(into) != 1 or len(out) != 1 or into == out:
        raise CheckpointError(
            f"{weights.source} has {len(into)} linear maps to the width {width} and {len(out)} from it "
            "beside the backbone, not one of each; save the module with its read-in and read-out",
            code="not-one-model",
        )
    return Ends(_linear(weights, into[0]), _linear(weights, out[0]))


def _linear(weights: Weights, name: str) -> dict[str, Tensor]:
    """An `nn.Linear`, with or without bias."""
    outputs, inputs = weights.shape(name)
    bias = name.removesuffix("weight") + "bias"
    zero = torch.zeros(outputs)
    return {
        "weight": weights.take(name, outputs, inputs),
        "bias": weights.take(bias, outputs) if bias in weights else zero,
    }


def _read_backbone(kind: str, weights: Weights, config: Section) -> Backbone:
    """The backbone of a kind, whose configuration says nothing that ours cannot express."""
    config.check_equal(_EXPRESSIBLE[kind])
    names = _NAMES[kind]
    width, layers = config.whole(names.width), config.whole(names.layers)
    epsilon = config.epsilon(names.epsilon, names.usual_epsilon)
    if kind == "mamba":
        rank = config.get("time_step_rank", "auto")
        if rank not in ("auto", math.ceil(width / 16)):
            raise CheckpointError(
                f"{config.source}: time_step_rank is {shown(str(rank))}, and icl-bench's mamba has "
                f"{math.ceil(width / 16)}, a sixteenth of the width; convert a model with that",
                code="cannot-convert",
            )
        backbone, sublayers = backbones.mamba(weights, width, epsilon), 1
    elif kind == "gpt2":
        backbone, sublayers = backbones.gpt2(weights, width, config.whole("n_head"), epsilon), 2
    else:
        backbone, sublayers = backbones.llama(weights, width, _llama_heads(config, width), epsilon), 2
    if len(backbone.sublayers) != layers * sublayers:
        raise CheckpointError(
            f"{weights.source} holds {len(backbone.sublayers) // sublayers} layers and {config.source} says "
            f"{layers}; save both of one model",
            code="not-one-model",
        )
    return backbone


def _llama_heads(config: Section, width: int) -> int:
    """How many heads; refuses grouped queries, a head width of its own and another RoPE."""
    heads = config.whole("num_attention_heads")
    grouped = config.get("num_key_value_heads") or heads
    if grouped != heads:
        raise CheckpointError(
            f"{config.source}: num_key_value_heads is {shown(str(grouped))} and num_attention_heads {heads}: "
            "grouped-query attention, which no spec can say; convert a model with as many heads of each",
            code="cannot-convert",
        )
    head_width = config.get("head_dim") or width // heads
    if head_width != width // heads:
        raise CheckpointError(
            f"{config.source}: head_dim is {shown(str(head_width))}, and icl-bench's {heads} heads share the "
            f"width {width}; convert a model without a head_dim of its own",
            code="cannot-convert",
        )
    rope = config.section("rope_parameters")  # of newer versions
    rope.check_equal({"rope_theta": ROPE_BASE, "rope_type": "default"})
    return heads
