"""A file of earlier code turned into a checkpoint of ours, with the same predictions."""

import hashlib
from pathlib import Path

import torch

from icl_bench.errors import CheckpointError
from icl_bench.models.convert import garg, in_context_2024
from icl_bench.models.convert.config import Section, find_config, load_config
from icl_bench.models.convert.pickles import read_saved
from icl_bench.models.convert.stack import Stack, check_spec, state_of, with_biases_of
from icl_bench.models.convert.state_dict import Weights, state_dict
from icl_bench.models.convert.transformers_folder import read_folder, weights_file
from icl_bench.models.model import ICLModel, empty_model
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.suite import TaskSpec

GARG, MAMBAFORMER = "Garg et al. 2022", "Park et al. 2024"
IN_CONTEXT_2024, TRANSFORMERS = "Campbell et al. 2024", "transformers"


def convert_checkpoint(
    path: Path,
    suite: str,
    task: TaskSpec,
    config: Path | None = None,
    spec: ArchitectureSpec | None = None,
    name: str | None = None,
) -> ICLModel:
    """The model of a file or folder of earlier code, for the task that it was trained for.

    A folder is one of `transformers`, a file one of Garg et al. 2022, Park et al. 2024 or Campbell et al.
    2024, for which `config` is the run's own configuration, by default the one beside the file. `spec` is the
    architecture that it must turn out to have; where there is no configuration, it says how many heads there
    are. The model is called `name`; unless given as `spec` is, or as its backbone: gpt2. CheckpointError, one
    line, where the file holds anything but tensors and plain data, where a tensor is missing or left over,
    and where the model has what our format cannot express.
    """
    if path.is_dir():
        source, stack = TRANSFORMERS, read_folder(path)
        path = weights_file(path)
    else:
        source, stack = _read_file(path, config, _heads(spec), task)
    _check_fits(stack, suite, task)
    stack = with_biases_of(stack, spec)
    built = check_spec(stack, spec)
    built = built if name is None else built.model_copy(update={"name": name})
    return _built(stack, built, suite, task, {"from": source, "sha256": _sha256(path)})


def _read_file(file: Path, config: Path | None, heads: int | None, task: TaskSpec) -> tuple[str, Stack]:
    """Whose code saved a file, and its model."""
    saved = read_saved(file)
    weights = state_dict(saved, str(file))
    config = config or find_config(file)
    settings = load_config(config) if config else None
    if _is_garg(saved, weights, settings, task):
        stack = garg.read_stack(weights, saved, settings, heads, task)
        source = MAMBAFORMER if stack.backbone.name == "mambaformer" else GARG
    else:
        source, stack = IN_CONTEXT_2024, in_context_2024.read_stack(weights, file, settings, heads, task)
    weights.finish()
    return source, stack


def _is_garg(saved: dict, weights: Weights, settings: Section | None, task: TaskSpec) -> bool:
    """Whether a file is of the first format; their gpt2 has the same tensors, and other targets."""
    if settings:
        return "training" in settings
    gpt2 = bool(weights.under("_backbone.h.").children())
    if gpt2 and "train_step" not in saved and task.function_class.type == "two_layer_mlp":
        raise CheckpointError(
            f"{weights.source} does not say whether its targets were scaled; put its config beside it",
            code="incomplete-run",
        )
    return "train_step" in saved


def _heads(spec: ArchitectureSpec | None) -> int | None:
    """The heads of a spec's first attention, None where it has none."""
    modules = [sublayer.module for sublayer in spec.expanded()] if spec else []
    return next((module.heads for module in modules if module.type == "attention"), None)


def _check_fits(stack: Stack, suite: str, task: TaskSpec) -> None:
    """Refuse a model for other sizes than the task's."""
    name = f"{suite}/{task.name}"
    if (stack.d, stack.k) != (task.function_class.d, task.function_class.k):
        raise CheckpointError(
            f"{stack.source} has d = {stack.d}, k = {stack.k} and {name} has d = {task.function_class.d}, "
            f"k = {task.function_class.k}; name the task that it was trained for",
            code="other-run-task",
        )
    if stack.positions is not None and len(stack.positions) < task.tokens:
        raise CheckpointError(
            f"{stack.source} has {len(stack.positions)} positions and a prompt of {name} has "
            f"{task.tokens} tokens; name the task that it was trained for",
            code="other-run-task",
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
    state = state_of(stack, spec)
    for name, tensor in state.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{stack.source}: what becomes {name} holds values that are not finite; convert a checkpoint "
                "of a run that did not diverge",
                code="weights-not-finite",
            )
    model.load_state_dict(state, assign=True)
    return model.eval()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
