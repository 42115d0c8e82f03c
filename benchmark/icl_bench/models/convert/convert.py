"""A file of earlier code turned into a checkpoint of ours, with the same predictions."""

import hashlib
from pathlib import Path

from icl_bench.errors import CheckpointError
from icl_bench.models.convert import garg, in_context_2024
from icl_bench.models.convert.config import Section, find_config, load_config
from icl_bench.models.convert.pickles import read_saved
from icl_bench.models.convert.stack import Stack, check_spec, state_of
from icl_bench.models.convert.state_dict import Weights, state_dict
from icl_bench.models.model import ICLModel, empty_model
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.suite import TaskSpec

GARG, IN_CONTEXT_2024 = "Garg et al. 2022", "Campbell et al. 2024"


def convert_checkpoint(
    file: Path, suite: str, task: TaskSpec, config: Path | None = None, spec: ArchitectureSpec | None = None
) -> ICLModel:
    """The model of a file of Garg et al. 2022 or Campbell et al. 2024, for the task that it was trained for.

    `config` is the run's own configuration, by default the one beside the file. `spec` is the architecture
    that it must turn out to have; where there is no configuration, it says how many heads there are.
    CheckpointError, one line, where the file holds anything but tensors and plain data, where a tensor is
    missing or left over, and where the model has what our format cannot express.
    """
    saved = read_saved(file)
    weights = state_dict(saved, str(file))
    path = config or find_config(file)
    settings = load_config(path) if path else None
    heads = _heads(spec)
    if _is_garg(saved, weights, settings, task):
        source, stack = GARG, garg.read_stack(weights, saved, settings, heads, task)
    else:
        source, stack = IN_CONTEXT_2024, in_context_2024.read_stack(weights, file, settings, heads, task)
    weights.finish()
    _check_fits(stack, suite, task)
    return _built(stack, check_spec(stack, spec), suite, task, {"from": source, "sha256": _sha256(file)})


def _is_garg(saved: dict, weights: Weights, settings: Section | None, task: TaskSpec) -> bool:
    """Whether a file is of the first format; their gpt2 has the same tensors, and other targets."""
    if settings:
        return "training" in settings
    gpt2 = bool(weights.under("_backbone.h.").children())
    if gpt2 and "train_step" not in saved and task.function_class.type == "two_layer_mlp":
        raise CheckpointError(
            f"{weights.source} does not say whether its targets were scaled; put its config beside it"
        )
    return gpt2 and "train_step" in saved


def _heads(spec: ArchitectureSpec | None) -> int | None:
    """The heads of a spec's first attention, None where it has none."""
    modules = [sublayer.module for sublayer in spec.expanded()] if spec else []
    return next((module.heads for module in modules if module.type == "attention"), None)


def _check_fits(stack: Stack, suite: str, task: TaskSpec) -> None:
    """Refuse a model for other sizes than the task's."""
    name = f"{suite}/{task.name}"
    d, k = stack.read_in["weight"].shape[1], stack.read_out["weight"].shape[0]
    if (d, k) != (task.function_class.d, task.function_class.k):
        raise CheckpointError(
            f"{stack.source} has d = {d}, k = {k} and {name} has d = {task.function_class.d}, "
            f"k = {task.function_class.k}; name the task that it was trained for"
        )
    if stack.positions is not None and len(stack.positions) < task.tokens:
        raise CheckpointError(
            f"{stack.source} has {len(stack.positions)} positions and a prompt of {name} has "
            f"{task.tokens} tokens; name the task that it was trained for"
        )


def _built(
    stack: Stack, spec: ArchitectureSpec, suite: str, task: TaskSpec, converted: dict[str, str]
) -> ICLModel:
    model = empty_model(
        {
            "spec": spec.to_dict(),
            "d": task.function_class.d,
            "k": task.function_class.k,
            "task": f"{suite}/{task.name}",
            "target_scale": stack.target_scale,
            "training": {"seed": None, "recipe": stack.recipe, "converted": converted},
        }
    )
    model.load_state_dict(state_of(stack, spec), assign=True)
    return model.eval()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
