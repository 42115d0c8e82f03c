"""`icl-bench train`: make a checkpoint with the standard recipe."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.evaluate import evaluate_one
from icl_bench.cli.training_options import Changes, Compiled, Device, Precision, RecipeName, Steps
from icl_bench.interruptions import let_signals_interrupt

if TYPE_CHECKING:
    from icl_bench.training.train import TrainingResult

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="Architecture spec file, reference/NAME or zoo/NAME.", show_default=False
    ),
]
Task = Annotated[
    str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="Seeds the weights and the training prompts.", min=0, max=2**63 - 1)]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="Folder of the checkpoint.", show_default="runs/SUITE/NAME/seed-SEED/TASK"
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run that the folder holds.")]
Half = Annotated[bool, typer.Option("--half", help="Store the final weights in float16.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Evaluate = Annotated[
    bool, typer.Option("--evaluate", help="Then score it on the task, as `icl-bench evaluate` does.")
]


def train(
    spec: Spec,
    task: Task,
    seed: Seed = 0,
    steps: Steps = None,
    recipe: RecipeName = None,
    changes: Changes = None,
    out: Out = None,
    resume: Resume = False,
    device: Device = "cpu",
    half: Half = False,
    precision: Precision = None,
    compiled: Compiled = False,
    quiet: Quiet = False,
    then_evaluate: Evaluate = False,
) -> None:
    """Train one architecture on one task, with the suite's recipe or another.

    The folder receives config.json and model.safetensors, which `icl-bench evaluate FOLDER` scores, and
    training.csv, the learning curve. A run that was stopped continues with --resume, to the same weights.

    Example: icl-bench train reference/llama mini/linear_regression --seed 1
    """
    from icl_bench.specs.recipe import parse_changes
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
    _tell_or_evaluate(result, then_evaluate, device)
    if result.interrupted:
        raise KeyboardInterrupt


def _tell_or_evaluate(result: "TrainingResult", then_evaluate: bool, device: str) -> None:
    """Print how the run ended, and the scores of its checkpoint or how to get them."""
    from icl_bench.training.convergence import outcome_in_words

    if then_evaluate and not result.interrupted:
        evaluate_one(str(result.folder), result.plan.suite, [result.plan.task.name], device=device)
    else:
        typer.echo(f"trained {result.steps} steps; score it with: icl-bench evaluate {result.folder}")
    if summary := outcome_in_words(result.outcome):
        typer.echo(summary, err=True)
