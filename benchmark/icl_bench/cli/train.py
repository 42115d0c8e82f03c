"""`icl-bench train`: make a checkpoint with the standard recipe."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.evaluate import evaluate
from icl_bench.cli.training_options import Changes, Compiled, Device, Precision, RecipeName, Steps
from icl_bench.interruptions import deferred_interruptions, let_signals_interrupt

if TYPE_CHECKING:
    from icl_bench.training.plan import RunPlan
    from icl_bench.training.run import TrainingRun

SAVE_EVERY_SECONDS = 60.0


def train(
    spec: Annotated[
        str,
        typer.Argument(metavar="SPEC", help="Architecture spec file, or reference/NAME.", show_default=False),
    ],
    task: Annotated[
        str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
    ],
    seed: Annotated[
        int, typer.Option(help="Seeds the weights and the training prompts.", min=0, max=2**63 - 1)
    ] = 0,
    steps: Steps = None,
    recipe: RecipeName = None,
    changes: Changes = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the checkpoint.", show_default="runs/SUITE/NAME/seed-SEED/TASK"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that the folder holds.")
    ] = False,
    device: Device = "cpu",
    half: Annotated[bool, typer.Option("--half", help="Store the final weights in float16.")] = False,
    precision: Precision = None,
    compiled: Compiled = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    then_evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Then score it on the task, as `icl-bench evaluate` does.")
    ] = False,
) -> None:
    """Train one architecture on one task, with the suite's recipe or another.

    The folder receives config.json and model.safetensors, which `icl-bench evaluate FOLDER` scores, and
    training.csv, the learning curve. A run that was stopped goes on with --resume, to the same weights.

    Example: icl-bench train reference/llama mini/linear_regression --seed 1
    """
    from icl_bench.specs.run_names import RUNS
    from icl_bench.training.convergence import outcome_in_words
    from icl_bench.training.run import TrainingRun
    from icl_bench.training.sweep import cell_folder

    plan = make_plan(spec, task, seed, steps, precision, compiled, recipe, changes or ())
    folder = out or cell_folder(Path(RUNS), plan)
    let_signals_interrupt()
    run = TrainingRun(plan, folder, device)
    (run.resume if resume else run.start)()
    interrupted = _run_to_the_end(run, quiet)
    ended = outcome_in_words(run.finish(half))
    if then_evaluate and not interrupted:
        evaluate(str(folder), plan.suite, [plan.task.name], device=device)
    else:
        typer.echo(f"trained {run.step} steps; score it with: icl-bench evaluate {folder}")
    if ended:
        typer.echo(ended, err=True)
    if interrupted:
        raise KeyboardInterrupt


def make_plan(
    spec: str,
    task: str,
    seed: int,
    steps: int | None = None,
    precision: str | None = None,
    compiled: bool = False,
    recipe_name: str | None = None,
    changes: Sequence[str] = (),
) -> "RunPlan":
    """The run that the command line names, with the suite's recipe but for what is given in its place."""
    from icl_bench.models.reference import find_architecture
    from icl_bench.specs.recipe import Recipe, changed_recipe
    from icl_bench.specs.schema import parse
    from icl_bench.suites import find_task
    from icl_bench.suites.recipes import find_recipe
    from icl_bench.training.plan import RunPlan

    suite, task_spec = find_task(task)
    recipe = find_recipe(recipe_name, suite, task_spec.name)
    options = {"steps": steps, "precision": precision}
    given = {key: value for key, value in options.items() if value is not None}
    recipe = changed_recipe(
        parse(Recipe, recipe.model_dump() | given, "the recipe as changed by the options"), changes
    )
    architecture = find_architecture(spec, suite.name, task_spec.name)
    return RunPlan(architecture, suite.name, task_spec, recipe, seed, compiled)


def _run_to_the_end(run: "TrainingRun", quiet: bool) -> bool:
    """Whether an interruption came in the last step; one that came before it is raised, the run saved."""
    from icl_bench.progress import progress

    begun, clock = run.step, time.monotonic()
    label = f"{run.plan.architecture.name} on {run.plan.task.name}"
    with (
        progress(label, run.plan.recipe.steps, quiet, start=run.step) as advance,
        deferred_interruptions() as interrupted,
    ):
        while not run.finished and not interrupted():
            if run.advance():
                run.write_log()
            run.save_if_older(SAVE_EVERY_SECONDS)
            rate = (run.step - begun) / (time.monotonic() - clock)
            advance(run.step, f"{rate:.1f} steps/s, {run.log.told()}".rstrip(", "))
        if not run.finished:
            run.save()
            typer.echo(f"stopped after step {run.step}; go on with --resume", err=True)
            raise KeyboardInterrupt
    return interrupted()
