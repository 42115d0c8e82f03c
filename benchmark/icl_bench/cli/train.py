"""`icl-bench train`: make a checkpoint with the standard recipe."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
        Path | None, typer.Option(help="Folder of the checkpoint.", show_default="runs/NAME/TASK-SEED")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that the folder holds.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    half: Annotated[bool, typer.Option("--half", help="Store the final weights in float16.")] = False,
) -> None:
    """Train one architecture on one task, with the suite's recipe.

    The folder receives config.json and model.safetensors, which `icl-bench evaluate FOLDER` scores, and
    training.csv, the learning curve. A run that was stopped goes on with --resume, to the same weights.

    Example: icl-bench train reference/llama mini/linear_regression --seed 1
    """
    from icl_bench.training.run import TrainingRun

    plan = _plan(spec, task, seed, steps)
    folder = out or Path("runs") / plan.architecture.name / f"{plan.task.name}-{seed}"
    run = TrainingRun(plan, folder, device)
    if resume:
        run.resume()
    else:
        run.start()
    _run_to_the_end(run)
    run.finish(half)
    typer.echo(f"trained {run.step} steps; score it with: icl-bench evaluate {folder}")


def _plan(spec: str, task: str, seed: int, steps: int | None) -> "RunPlan":
    from icl_bench.models.reference import find_architecture
    from icl_bench.resources import data_folder
    from icl_bench.specs.recipe import load_recipe
    from icl_bench.suites import find_task
    from icl_bench.training.run import RunPlan

    suite, task_spec = find_task(task)
    recipe = load_recipe(data_folder("tasks") / suite.name, task_spec.name)
    if steps is not None:
        recipe = recipe.model_copy(update={"steps": steps})
    return RunPlan(find_architecture(spec, suite.name, task_spec.name), suite.name, task_spec, recipe, seed)


def _run_to_the_end(run: "TrainingRun") -> None:
    from icl_bench.progress import progress

    label = f"{run.plan.architecture.name} on {run.plan.task.name}"
    with progress(label, run.plan.recipe.steps, start=run.step) as advance:
        try:
            while not run.finished:
                run.advance()
                run.save_if_older(SAVE_EVERY_SECONDS)
                loss = f"loss {run.log[-1]['loss']:.4g}" if run.log else ""
                advance(run.step, loss)
        except KeyboardInterrupt:
            run.save()
            typer.echo(f"stopped after step {run.step}; go on with --resume", err=True)
            raise
