"""`icl-bench models convert`: a checkpoint of earlier code as one of ours."""

from pathlib import Path
from typing import Annotated

import typer


def convert(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="state.pt, or checkpoint_STEP.", show_default=False)
    ],
    task: Annotated[
        str,
        typer.Option(
            metavar="SUITE/TASK",
            help="What it was trained for, as paper/linear_regression.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the new checkpoint.", show_default=False)],
    config: Annotated[
        Path | None, typer.Option(help="The run's configuration.", show_default="config.yaml beside FILE")
    ] = None,
    spec: Annotated[
        str | None,
        typer.Option(
            help="Spec file or reference/NAME that it must turn out to be; gives the heads without a config.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Convert a checkpoint of Garg et al. 2022 or Campbell et al. 2024, to the same predictions.

    FILE is what their code saved by torch.save. It is read as tensors and plain data; nothing in it runs. A
    model with what an architecture spec cannot say (another RoPE base, a residual added twice) is refused.

    Example: icl-bench models convert state.pt --task paper/linear_regression --out garg-linear
    """
    from icl_bench.models.checkpoint import save_checkpoint
    from icl_bench.models.convert.convert import convert_checkpoint
    from icl_bench.models.reference import find_architecture
    from icl_bench.suites import find_task

    suite, task_spec = find_task(task)
    architecture = find_architecture(spec, suite.name, task_spec.name) if spec else None
    model = convert_checkpoint(file, suite.name, task_spec, config, architecture)
    save_checkpoint(model, out)
    typer.echo(f"{model.architecture.name} for {model.task} in {out}; score it with:")
    typer.echo(f"icl-bench evaluate {out} --suite {suite.name} --task {task_spec.name}")
