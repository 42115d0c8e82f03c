"""`icl-bench train`: make a checkpoint with the standard recipe."""

from pathlib import Path
from typing import Annotated

import typer

from icl_bench.cli.evaluate import evaluate
from icl_bench.cli.training_options import Changes, Compiled, Device, Precision, RecipeName, Steps
from icl_bench.interruptions import let_signals_interrupt


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
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run that the folder holds.")] = False,
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
    training.csv, the learning curve. A run that was stopped continues with --resume, to the same weights.

    Example: icl-bench train reference/llama mini/linear_regression --seed 1
    """
    from icl_bench.specs.recipe import parse_changes
    from icl_bench.training.convergence import outcome_in_words
    from icl_bench.training.train import TrainingStopped
    from icl_bench.training.train import train as train_model

    let_signals_interrupt()
    try:
        result = train_model(
            spec,
            task,
            seed=seed,
            steps=steps,
            recipe=recipe,
            changes=parse_changes(changes or ()),
            out=out,
            resume=resume,
            device=device,
            precision=precision,
            compiled=compiled,
            half=half,
            progress=not quiet,
        )
    except TrainingStopped as stopped:
        typer.echo(f"stopped after step {stopped.step}; continue with --resume", err=True)
        raise
    if then_evaluate and not result.interrupted:
        evaluate(str(result.folder), result.plan.suite, [result.plan.task.name], device=device)
    else:
        typer.echo(f"trained {result.steps} steps; score it with: icl-bench evaluate {result.folder}")
    if summary := outcome_in_words(result.outcome):
        typer.echo(summary, err=True)
    if result.interrupted:
        raise KeyboardInterrupt
