"""The options that `icl-bench train` and `icl-bench sweep` share: how a run is made."""

from typing import Annotated

import typer

Steps = Annotated[
    int | None, typer.Option(help="Train for this many steps.", show_default="the recipe's", min=1)
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        help="mini or paper, the presets, or a file as `icl-bench tasks recipe mini` prints.",
        show_default="the suite's",
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the recipe, as learning_rate=3e-4; may be given again.",
        show_default="none",
    ),
]
Precision = Annotated[
    str | None, typer.Option(help="float32, tf32 or bf16, while training.", show_default="the recipe's")
]
Compiled = Annotated[
    bool, typer.Option("--compile", help="Train with torch.compile; on CUDA as CUDA graphs.")
]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
