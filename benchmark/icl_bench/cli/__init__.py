"""The command `icl-bench`: one file a group of verbs; heavy imports happen inside a verb."""

import typer

app = typer.Typer(
    name="icl-bench",
    help="Score sequence models on in-context learning: frozen prompts, exact predictors, intervals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
