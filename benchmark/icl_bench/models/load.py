"""Checkpoints found in folders and on the Hub, and held against the tasks that they are to answer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.errors import CheckpointError
from icl_bench.models.checkpoint import check_checkpoint
from icl_bench.models.find_folder import find_folder
from icl_bench.models.model import ICLModel, load_checkpoint
from icl_bench.models.predictor import ModelPredictor
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint import CheckpointConfig, read_config
from icl_bench.specs.checkpoint_files import ROOT, WEIGHTS_FILE
from icl_bench.specs.loops import split_loops
from icl_bench.specs.result import CheckpointIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoint of one task: its config and header found to fit the task, its weights not read yet."""

    folder: Path
    config: CheckpointConfig
    identity: CheckpointIdentity

    def load(self) -> ICLModel:
        """The model, with its weights read strictly."""
        return load_checkpoint(self.folder, self.config)

    def with_loops(self, loops: int) -> "CheckpointFolder":
        """The same weights, their looped layers applied `loops` times; SpecError as `ArchitectureSpec`."""
        spec = self.config.spec.with_loops(loops)
        return CheckpointFolder(
            self.folder,
            self.config.model_copy(update={"spec": spec}),
            self.identity.model_copy(update={"spec": spec.to_dict()}),
        )

    def predictor(self, device: str = "cpu") -> ModelPredictor:
        """The model as a predictor."""
        return ModelPredictor(self.load(), device)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a model, by task."""

    checkpoints: dict[str, CheckpointFolder]
    unfit: dict[str, str]  # why a checkpoint cannot answer a variant of its task, by task

    def with_loops(self, loops: int) -> "Checkpoints":
        """The same weights, their looped layers applied `loops` times; SpecError as `ArchitectureSpec`."""
        changed = {task: folder.with_loops(loops) for task, folder in self.checkpoints.items()}
        return Checkpoints(changed, self.unfit)


def open_checkpoints(folders: Mapping[str, Path], suite: "Suite") -> Checkpoints:
    """The checkpoints in folders, by the tasks that they are to answer.

    A variant is answered by the checkpoint of the task that it was trained as. CheckpointError where one is
    of another task, or does not fit it.
    """
    checkpoints, unfit = {}, {}
    for task, folder in folders.items():
        opened = _open_folder(folder, suite, suite.tasks[task])
        if isinstance(opened, str):
            unfit[task] = opened
        else:
            checkpoints[task] = opened
    return Checkpoints(checkpoints, unfit)


def too_long(spec: ArchitectureSpec, suite: Suite, task: TaskSpec) -> str | None:
    """Why an architecture cannot read a prompt of a task: it has too few positions. None where it can."""
    longest = spec.max_tokens()
    if longest is None or task.tokens <= longest:
        return None
    return f"has {longest} positions and a prompt of {suite.full_name(task.name)} has {task.tokens} tokens"


def load_model(name: str | Path, task: str | None = None, revision: str | None = None) -> ICLModel:
    """The torch module of one checkpoint, its weights read strictly and never unpickled.

    Args:
        name: a folder's path, `user/model` on the Hub (also as `user/model@revision`), or `reference/NAME`;
            with `:loops=N` behind it looped layers are applied N times.
        task: the folder of the checkpoint in it, by the name of its task, unless it lies at the root; of a
            reference SUITE/TASK, as `mini/linear_regression`.
        revision: commit, branch or tag of a Hub model.

    The module takes tensors xs (batch, points, d) and ys (batch, points, k) and returns predictions (batch,
    points, k), all float32: prediction i reads xs[:, :i+1] and ys[:, :i].

    Raises InputError where there is no such model or checkpoint, HubError where it cannot be fetched, and
    CheckpointError where it cannot be loaded whole and exactly.

    >>> model = icl_bench.load_model("reference/gpt2", "mini/linear_regression")
    >>> xs, ys = next(icl_bench.training_prompts("mini/linear_regression", batch=4))
    >>> model(torch.from_numpy(xs), torch.from_numpy(ys)).shape
    torch.Size([4, 11, 1])
    """
    bare, loops = split_loops(str(name))
    folder = find_folder(bare, task, revision)
    config = read_config(folder)
    if loops is not None:
        config = config.model_copy(update={"spec": config.spec.with_loops(loops)})
    return load_checkpoint(folder, config)


def place_names(suite: Suite, tasks: Sequence[str]) -> list[str]:
    """The names of the folders in which checkpoints for these tasks are looked for, each once."""
    return list(dict.fromkeys(suite.checkpoint_folder(task) for task in tasks))


def folders_by_task(
    folder: Path, places: Sequence[str], suite: Suite, tasks: list[str], name: str
) -> dict[str, Path]:
    """The folder of each task's checkpoint, where the folders in `places` hold one, or the root."""
    if places != [ROOT]:
        return {task: folder / place for task in tasks if (place := suite.checkpoint_folder(task)) in places}
    trained_for = read_config(folder).task
    answered = [task for task in tasks if suite.trained_as(task) == trained_for]
    if not answered:
        asked = suite.name if len(tasks) > 1 else suite.trained_as(tasks[0])
        raise CheckpointError(
            f"{name} is a checkpoint for {trained_for}, not for {asked}; choose that suite and task",
            code="other-task",
        )
    return dict.fromkeys(answered, folder)


def listing(folder: Path) -> list[str]:
    """The files of a folder and of its folders, as relative paths with forward slashes."""
    return [path.relative_to(folder).as_posix() for pattern in ("*", "*/*") for path in folder.glob(pattern)]


def _open_folder(folder: Path, suite: Suite, task: TaskSpec) -> CheckpointFolder | str:
    """The checkpoint of a task; why it cannot answer it where that is no fault, as of a longer variant."""
    config = check_checkpoint(folder)
    name, trained_as = suite.full_name(task.name), suite.trained_as(task.name)
    if config.task != trained_as:
        raise CheckpointError(
            f"{folder} is a checkpoint for {config.task}, not for {trained_as}; move it to its task's",
            code="other-task",
        )
    d, k = task.function_class.d, task.function_class.k
    if (config.d, config.k) != (d, k):
        raise CheckpointError(
            f"{folder} has d = {config.d}, k = {config.k} and {name} has d = {d}, k = {k}; "
            "train it on that task",
            code="checkpoint-sizes",
        )
    fault = too_long(config.spec, suite, task)
    if fault and task.trained_as is not None:
        return f"its checkpoint {fault}"
    if fault:
        raise CheckpointError(f"{folder} {fault}; train it on that task", code="checkpoint-sizes")
    return CheckpointFolder(folder, config, _identify(folder, config, task.tokens))


def _identify(folder: Path, config: CheckpointConfig, tokens: int) -> CheckpointIdentity:
    try:
        with (folder / WEIGHTS_FILE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(
            f"cannot read {folder / WEIGHTS_FILE}: {error.strerror}; save it again"
        ) from None
    return CheckpointIdentity(
        sha256=digest,
        spec=config.spec.to_dict(),
        parameters=config.spec.parameters(config.d, config.k, tokens),
        training=config.training,
    )
