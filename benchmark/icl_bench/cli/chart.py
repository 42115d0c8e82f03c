"""`icl-bench tasks chart`: a task's error curves as a picture or a table."""

from pathlib import Path
from typing import Annotated

import typer


def chart(
    name: Annotated[
        str, typer.Argument(metavar="SUITE/TASK", help="As mini/linear_regression.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.svg", help="File to write: .svg, .png, .pdf, or a table as .csv.", show_default=False
        ),
    ],
    record: Annotated[
        list[Path] | None,
        typer.Option(
            help="A result record, to draw its model too; may be given again, also for seeds of one model.",
            show_default="none",
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="Only this baseline; may be given again.", show_default="all")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Draw errors on a logarithmic axis.")] = False,
) -> None:
    """Draw error against context length for the frozen baselines of a task, and for models.

    OUT.svg opens in a browser; OUT.png and OUT.pdf are drawn by matplotlib (`pip install "icl-bench[plot]"`);
    OUT.csv holds the same numbers, context lengths down and predictors across. Records of one model are one
    curve: the mean of its seeds, in a band that holds them all.

    Example: icl-bench tasks chart mini/linear_regression linear.svg --record results/demo.json
    """
    from icl_bench.display.chart import chart as draw_chart

    drawn = draw_chart(name, out, record or [], baseline or [], log)
    typer.echo(f"wrote {len(drawn)} curves of {name} to {out}")
