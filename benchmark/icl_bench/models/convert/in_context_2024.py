"""Checkpoints of Campbell et al. 2024 (arXiv 2411.03945, github.com/in-context-learning-2024/in-context).

`checkpoint_<step>` is {model_state_dict, optimizer_state_dict}, in older runs the state dict alone;
`config.yml` beside it has `model`, with its `type`, and `function_class`. A model is `_read_in`, a backbone
of transformers (gpt2, llama, mamba, or their `hybrid` of its modules) and `_read_out`. Prompts are
interleaved, with y in the first coordinates and zeros in the others, as ours, and targets are not scaled.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from icl_bench.blocks.positions import ROPE_BASE
from icl_bench.errors import CheckpointError, UnknownNameError
from icl_bench.models.convert import backbones
from icl_bench.models.convert.config import Section, check_trained_for
from icl_bench.models.convert.in_context_2024_hybrids import read_hybrid
from icl_bench.models.convert.stack import Stack, known_heads, take_ends
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.suite import TaskSpec
from icl_bench.specs.text import shown

_TYPES = ("gpt2", "llama", "mamba", "hybrid")
_SIZES = ("type", "n_positions", "n_embd", "n_layer", "n_head", "x_dim", "y_dim", "interleave")
_CLASSES = {
    "linear regression": "linear_regression",
    "sparse linear regression": "sparse_linear_regression",
    "sparse linear": "sparse_linear_regression",
    "2 layer mlp regression": "two_layer_mlp",
    "decision tree": "decision_tree",
    "sparse parity regression": "sparse_parity",
    "retrieval": "vector_mqar",
}
_NAMES = {"hidden_dimension": "width", "sparsity": "sparsity", "k": "sparsity", "depth": "depth"}


def read_stack(
    weights: Weights, path: Path, config: Section | None, heads: int | None, task: TaskSpec
) -> Stack:
    """The model of a checkpoint; CheckpointError where it is not one, or has what ours cannot express."""
    kind = _kind(weights)
    settings = config.section("model") if config else None
    if settings:
        if settings.get("type") not in _TYPES:
            name = shown(str(settings.get("type"))).strip("'")
            raise CheckpointError(
                str(UnknownNameError("model type", name, _TYPES, settings.source)), code="cannot-convert"
            )
        settings.check_equal({"type": kind, "interleave": True})
        heads = settings.whole("n_head") if kind in ("gpt2", "llama") else heads
    ends, inner = take_ends(weights), weights.under("_backbone.")
    if kind == "hybrid":
        backbone = read_hybrid(inner, settings, ends.width)
    elif kind == "mamba":
        backbone = backbones.mamba(inner, ends.width)
    else:
        read = backbones.gpt2 if kind == "gpt2" else backbones.llama
        backbone = read(inner, ends.width, known_heads(weights, heads))
    stack = Stack(weights.source, ends, backbone)
    if settings:
        _check_sizes(settings, kind, stack)
    recipe = _recipe(path, config)
    if config:
        function_class = config.section("function_class")
        check_trained_for(task, function_class.get("type"), _CLASSES, function_class, _NAMES)
    return replace(stack, recipe=recipe)


def _kind(weights: Weights) -> str:
    """Which of the types a state dict is of: each names its tensors in its own way."""
    weights.shape("_read_in.weight")  # which every type has
    backbone = weights.under("_backbone.")
    if backbone.under("h.").children():
        return "gpt2"
    first = backbone.under("layers.0.").children()
    if "self_attn" in first and "norm" in backbone.children():
        return "llama"
    return "mamba" if "norm_f" in backbone.children() else "hybrid"


def _check_sizes(settings: Section, kind: str, stack: Stack) -> None:
    """What the configuration says of the model, against its tensors and against what can be expressed."""
    settings.check_equal({"n_embd": stack.ends.width, "x_dim": stack.d, "y_dim": stack.k})
    if stack.positions is not None:
        settings.check_equal({"n_positions": len(stack.positions) // 2})
    if kind == "hybrid":  # whose keys were looked at before its modules
        return
    settings.check_known((*_SIZES, "hidden_act", "rope_theta"))
    settings.check_equal({"n_layer": len(stack.sublayers) // (1 if kind == "mamba" else 2)})
    settings.check_equal({"hidden_act": "gelu_new" if kind == "gpt2" else "silu"})
    if kind == "llama":
        settings.check_equal({"rope_theta": ROPE_BASE})


def _recipe(path: Path, config: Section | None) -> dict[str, Any]:
    """The recorded numbers of the training; the code draws from no seed of its own."""
    step = re.fullmatch(r"checkpoint_(\d{1,12})(\.\w+)?", path.name)
    recipe: dict[str, Any] = {"steps": int(step[1]) if step else None}
    if config:
        optim = config.section("optim")
        recipe |= {"batch": config.number("b_size"), "learning_rate": optim.number("lr")}
        recipe["optimiser"] = optim.get("type") if optim.get("type") in ("adam", "sgd") else None
    return {key: value for key, value in recipe.items() if value is not None}
