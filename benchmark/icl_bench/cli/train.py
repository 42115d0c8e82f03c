"""`icl-bench train`: make a checkpoint with the standard recipe."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.evaluate import evaluate

if TYPE_CHECKING:
    from icl_bench.training.run import RunPlan, TrainingRun

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
    steps: Annotated[
        int | None, typer.Option(help="Train for this many steps.", show_default="the recipe's", min=1)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the checkpoint.", show_default="runs/SUITE/NAME/seed-SEED/TASK"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that the folder holds.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    half: Annotated[bool, typer.Option("--half", help="Store the final weights in float16.")] = False,
    precision: Annotated[
        str | None,
        typer.Option(help="float32, tf32 or bf16, while training.", show_default="the recipe's"),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Train with torch.compile; on CUDA as CUDA graphs.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    then_evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Then score it on the task, as `icl-bench evaluate` does.")
    ] = False,
) -> None:
    """Train one architecture on one task, with the suite's recipe.

    The folder receives config.json and model.safetensors, which `icl-bench evaluate FOLDER` scores, and
    training.csv, the learning curve. A run that was stopped goes on with --resume, to the same weights.

    Example: icl-bench train reference/llama mini/linear_regression --seed 1
    """
    from icl_bench.training.run import TrainingRun
    from icl_bench.training.sweep import cell_folder

    plan = make_plan(spec, task, seed, steps, precision, compiled)
    folder = out or cell_folder(Path("runs"), plan)
    run = TrainingRun(plan, folder, device)
    (run.resume if resume else run.start)()
    _run_to_the_end(run, quiet)
    run.finish(half)
    if then_evaluate:
        evaluate(str(folder), plan.suite, [plan.task.name], device=device)
    else:
        typer.echo(f"trained {run.step} steps; score it with: icl-bench evaluate {folder}")


def make_plan(
    spec: str,
    task: str,
    seed: int,
    steps: int | None = None,
    precision: str | None = None,
    compiled: bool = False,
) -> "RunPlan":
    """The run that the command line names, with the suite's recipe but for what is given in its place."""
    from icl_bench.models.reference import find_architecture
    from icl_bench.resources import data_folder
    from icl_bench.specs.recipe import Recipe, load_recipe
    from icl_bench.specs.schema import parse
    from icl_bench.suites import find_task
    from icl_bench.training.run import RunPlan

    suite, task_spec = find_task(task)
    recipe = load_recipe(data_folder("tasks") / suite.name, task_spec.name, suite.tasks)
    options = {"steps": steps, "precision": precision}
    given = {key: value for key, value in options.items() if value is not None}
    recipe = parse(Recipe, recipe.model_dump() | given, "the recipe as changed by the options")
    architecture = find_architecture(spec, suite.name, task_spec.name)
    return RunPlan(architecture, suite.name, task_spec, recipe, seed, compiled)


def _run_to_the_end(run: "TrainingRun", quiet: bool) -> None:
    from icl_bench.progress import progress

    begun, clock = run.step, time.monotonic()
    label = f"{run.plan.architecture.name} on {run.plan.task.name}"
    with progress(label, run.plan.recipe.steps, quiet, start=run.step) as advance:
        try:
            while not run.finished:
                if run.advance():
                    run.write_log()
                run.save_if_older(SAVE_EVERY_SECONDS)
                rate = (run.step - begun) / (time.monotonic() - clock)
                advance(run.step, f"{rate:.1f} steps/s, {run.log.told()}".rstrip(", "))
        except KeyboardInterrupt:
            run.save()
            typer.echo(f"stopped after step {run.step}; go on with --resume", err=True)
            raise
