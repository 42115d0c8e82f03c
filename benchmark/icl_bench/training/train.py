"""Training one architecture on one task: from names to a checkpoint in a folder."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from icl_bench.errors import InputError
from icl_bench.interruptions import deferred_interruptions
from icl_bench.models.shipped import SpecSource
from icl_bench.progress import progress as show_progress
from icl_bench.specs.outcome import Outcome
from icl_bench.specs.run_names import RUNS
from icl_bench.training.cell import cell_folder
from icl_bench.training.module_plan import ModulePlan, make_module_plan
from icl_bench.training.plan import RunPlan, make_plan
from icl_bench.training.run import TrainingRun


@dataclass(frozen=True)
class TrainingResult:
    """A run that has ended, and the folder that holds its checkpoint."""

    folder: Path  # holds config.json, model.safetensors, training.csv and training.svg
    plan: RunPlan | ModulePlan  # what was trained, on what, and by which recipe
    steps: int  # of the optimiser, those before a resumption included
    outcome: Outcome  # what the learning curve says
    interrupted: bool  # whether an interruption came in the last step, and so was not raised


class TrainingStopped(KeyboardInterrupt):
    """An interruption before the last step. The state is in the folder, and `resume` continues with it."""

    def __init__(self, folder: Path, step: int) -> None:
        super().__init__(f"stopped after step {step}; continue with resume=True")
        self.folder = folder
        self.step = step

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.folder, self.step)


def train(
    model: SpecSource | nn.Module | type,
    task: str,
    *,
    name: str | None = None,
    seed: int = 0,
    steps: int | None = None,
    recipe: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    device: str = "cpu",
    precision: str | None = None,
    compiled: bool = False,
    half: bool = False,
    progress: bool = False,
) -> TrainingResult:
    """Train one model on one task, and write its checkpoint and its learning curve into a folder.

    Args:
        model: an architecture spec: its file, `reference/NAME`, or its content as a mapping; or a torch
            module of (xs, ys) → predictions, tensors of (batch, points, d or k), prediction i reading only
            xs[:, :i+1] and ys[:, :i]. A module is trained in place, from the weights that it has.
        task: SUITE/TASK, as `mini/linear_regression`.
        name: of a module, that of its class unless given.
        seed: of the initial weights of a spec and of the training prompts, at least 0.
        steps: of the optimiser; the recipe's unless given.
        recipe: a suite whose recipe is used, or a recipe file; the recipe of the task's suite unless given.
        changes: keys of the recipe with the values to use in place of its own.
        out: folder of the checkpoint, new or empty; `runs/SUITE/NAME/seed-SEED/TASK` unless given.
        resume: continue the run that `out` holds, to the same weights as if it had not been stopped.
        device: `cpu` or `cuda`.
        precision: of matrix products while training, `float32`, `tf32` or `bf16`; the recipe's unless given.
        compiled: train with `torch.compile`; on CUDA as CUDA graphs.
        half: store the final weights in float16.
        progress: show the steps, the loss and the score on standard error.

    Muon, where the recipe has it, changes the linear maps of a spec's blocks, and of a module every
    `nn.Linear` but the first and the last; Adam changes the rest. The tensors of a module are in the folder's
    `model.safetensors`, for `safetensors.torch.load_model`. Random numbers that a module draws itself, as
    dropout does, come from torch's own generator: no seed here sets them, and a resumed run has others.

    The state is saved every minute. An interruption (Ctrl-C) waits for the end of the step; then the state is
    saved and TrainingStopped, a KeyboardInterrupt, is raised. One in the last step is reported in the result.

    Raises InputError where the spec, task, recipe or device cannot be used, where the folder holds something
    else, and where training diverges; CheckpointError where there is nothing to resume, or another run;
    StorageError where the folder cannot be written. A state that was saved stays in the folder.

    >>> result = icl_bench.train("reference/gpt2", "mini/linear_regression", steps=2, out="run")
    >>> result.steps, sorted(path.name for path in result.folder.iterdir())
    (2, ['config.json', 'model.safetensors', 'training.csv', 'training.svg'])
    >>> record = icl_bench.evaluate(result.folder, tasks="linear_regression")
    >>> record.tasks["linear_regression"].seed
    0
    """
    options: dict[str, Any] = {"steps": steps, "recipe": recipe, "changes": changes, "precision": precision}
    plan: RunPlan | ModulePlan
    if isinstance(model, type):
        raise InputError(
            f"{model.__qualname__} is a class; give an object of it, {model.__qualname__}(...)",
            code="class-for-object",
        )
    if isinstance(model, nn.Module):
        if compiled:
            raise InputError("compiled is of specs; give torch.compile(module) in place of the module")
        plan = make_module_plan(model, task, seed, name=name, **options)
    elif name is not None:
        raise InputError("name is of a module, and a spec has one; leave it out")
    else:
        plan = make_plan(model, task, seed, compiled=compiled, **options)
    folder = cell_folder(Path(RUNS), plan) if out is None else Path(out)
    run = TrainingRun(plan, folder, device)
    (run.resume if resume else run.start)()
    try:
        interrupted = run_to_end(run, progress)
        return TrainingResult(folder, plan, run.step, run.finish(half), interrupted)
    finally:
        run.release()


def run_to_end(run: TrainingRun, progress: bool = False) -> bool:
    """Make every step that is left of a run; whether an interruption came in the last one.

    An earlier interruption is raised as TrainingStopped, the state saved.
    """
    first_step, started = run.step, time.monotonic()
    label = f"{run.plan.name} on {run.plan.task.name}"
    with (
        show_progress(label, run.plan.recipe.steps, quiet=not progress, start=run.step) as advance,
        deferred_interruptions() as interrupted,
    ):
        while not run.finished and not interrupted():
            if run.advance():
                run.write_log()
            run.save_if_due()
            rate = (run.step - first_step) / (time.monotonic() - started)
            advance(run.step, f"{rate:.1f} steps/s, {run.log.in_words()}".rstrip(", "))
        if not run.finished:
            run.save()
            raise TrainingStopped(run.folder, run.step)
    return interrupted()
