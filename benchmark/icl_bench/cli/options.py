"""Options that several verbs have, spelt and explained in one place."""

from enum import StrEnum
from typing import Annotated

import typer

HELP_NAMES = {"help_option_names": ["-h", "--help"]}  # of every verb and group


class Form(StrEnum):
    """Of a table on the terminal."""

    text = "text"
    markdown = "markdown"


def _split(tasks: list[str] | None) -> list[str] | None:
    """The names in repeated options, each of which may hold several between commas; None for none."""
    names = [name.strip() for part in tasks or () for name in part.split(",")]
    if names and not any(names):
        raise typer.BadParameter("name a task, or several: a,b")
    return [name for name in names if name] or None


Tasks = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="Only this task, or several: a,b.",
        show_default="all",
        callback=_split,
    ),
]
