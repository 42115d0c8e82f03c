"""Training states of Garg et al. 2022 (arXiv 2208.01066, github.com/dtsip/in-context-learning).

So are those of Park et al. 2024, whose code continues theirs (`icl_bench.models.convert.mambaformer`).

`state.pt` is {model_state_dict, optimizer_state_dict, train_step}, `model_<step>.pt` its state dict alone,
and `config.yaml` beside it has the sections `model` and `training`. The model is transformers' GPT2Model
between `_read_in` and `_read_out`. Prompts are interleaved, with y in the first coordinate and zeros in the
others, as ours. Targets of their two-layer networks are multiplied by √(2 / hidden): our target scale.
"""

import math
from dataclasses import replace
from typing import Any

from icl_bench.errors import CheckpointError
from icl_bench.models.convert import backbones, mambaformer
from icl_bench.models.convert.config import Section, check_trained_for
from icl_bench.models.convert.stack import Stack, known_heads, take_ends
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.suite import TaskSpec

_MODEL_KEYS = ("family", "n_dims", "n_positions", "n_embd", "n_layer", "n_head")
_MAMBAFORMER_KEYS = ("interleave", "vocab_size", "mixed_attn")  # that its code adds to those
_CLASSES = {
    "linear_regression": "linear_regression",
    "sparse_linear_regression": "sparse_linear_regression",
    "relu_2nn_regression": "two_layer_mlp",
    "decision_tree": "decision_tree",
}
_SIZES = {"hidden_layer_size": "width", "sparsity": "sparsity", "depth": "depth"}


def read_stack(
    weights: Weights, saved: dict[str, Any], config: Section | None, heads: int | None, task: TaskSpec
) -> Stack:
    """The model of a training state; CheckpointError where it is not one, or has what ours cannot express."""
    settings = config.section("model") if config else None
    if settings:
        settings.check_known((*_MODEL_KEYS, *_MAMBAFORMER_KEYS))
        settings.check_equal({"interleave": True, "vocab_size": -1})
    if weights.under("_backbone.layers.").children():
        stack = _read_mixers(weights, settings)
    else:
        stack = _read_gpt2(weights, settings, heads)
    training = config.section("training") if config else None
    scale = _target_scale(training, task)
    recipe = _recipe(training, saved.get("train_step"))
    return replace(stack, target_scale=scale, recipe=recipe)


def _read_gpt2(weights: Weights, settings: Section | None, heads: int | None) -> Stack:
    ends = take_ends(weights)
    heads = settings.whole("n_head") if settings else known_heads(weights, heads)
    backbone = backbones.gpt2(weights.under("_backbone."), ends.width, heads)
    stack = Stack(weights.source, ends, backbone)
    if settings:
        layers, positions = len(stack.sublayers) // 2, stack.positions
        settings.check_equal({"family": "gpt2", "mixed_attn": None, "n_layer": layers})
        settings.check_equal({"n_embd": ends.width, "n_dims": stack.d})
        settings.check_equal({"n_positions": 0 if positions is None else len(positions) // 2})
    return stack


def _read_mixers(weights: Weights, settings: Section | None) -> Stack:
    ends = take_ends(weights)
    stack = Stack(weights.source, ends, mambaformer.read_backbone(weights, settings, ends.width))
    if settings:
        layers = len(stack.sublayers) - mambaformer.first_blocks(settings)
        settings.check_equal({"n_layer": layers, "n_embd": ends.width, "n_dims": stack.d})
        if stack.positions is not None:
            settings.check_equal({"n_positions": len(stack.positions)})
    return stack


def _target_scale(training: Section | None, task: TaskSpec) -> float:
    """What their code multiplies the targets of the task's function class by."""
    scale: Any = 1.0
    if training:
        sizes = training.section("task_kwargs")
        check_trained_for(task, training.get("task"), _CLASSES, sizes, _SIZES)
        scale = sizes.get("scale", 1.0)
        if not isinstance(scale, int | float) or not 1e-9 <= scale <= 1e9:
            raise CheckpointError(
                f"{training.source}: task_kwargs.scale is not a positive number; fix it", code="run-config"
            )
    if task.function_class.type == "two_layer_mlp":
        scale *= math.sqrt(2 / task.function_class.width)
    return float(scale)


def _recipe(training: Section | None, step: Any) -> dict[str, Any]:
    """The recorded numbers of the training; the code draws from no seed of its own."""
    recipe: dict[str, Any] = {"steps": step if isinstance(step, int) else None, "optimiser": "adam"}
    if training:
        recipe |= {"batch": training.number("batch_size"), "learning_rate": training.number("learning_rate")}
    return {key: value for key, value in recipe.items() if value is not None}
