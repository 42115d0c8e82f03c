"""`icl-bench predict`: the predictions themselves, at every context length."""

from pathlib import Path
from typing import Annotated

import typer

from icl_bench.cli.options import Device, Loops, Model, Revision


def predict(
    model: Model,
    task: Annotated[
        str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.npz", help="File to write.", show_default=False)],
    limit: Annotated[
        int | None, typer.Option(help="Only the first N prompts.", metavar="N", show_default="all", min=1)
    ] = None,
    revision: Revision = None,
    device: Device = None,
    loops: Loops = None,
) -> None:
    """Write a model's predictions on a task's frozen prompts.

    OUT.npz holds xs (prompts, points, d), ys (prompts, points, k) and predictions (prompts, points, k), all
    float32; predictions[:, i] reads x_0 … x_i and y_0 … y_(i-1).

    Example: icl-bench predict baseline/least_squares paper/linear_regression out.npz
    """
    from icl_bench.entries.open import open_source
    from icl_bench.evaluation.predict import export_predictions
    from icl_bench.files import check_ending, check_file_place
    from icl_bench.specs.loops import with_loops
    from icl_bench.suites import find_task

    check_ending(out, [".npz"], "NumPy's arrays")
    check_file_place(out)
    suite, spec = find_task(task)
    source = open_source(with_loops(model, loops), suite, revision, device, [spec.name])
    prompts = export_predictions(source, suite, spec.name, out, limit, progress=True)
    typer.echo(f"wrote {prompts:,} prompts of {suite.name}/{spec.name} with their predictions to {out}")
