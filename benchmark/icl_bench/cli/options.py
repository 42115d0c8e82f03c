"""Options that several verbs have, spelt and explained in one place."""

from enum import StrEnum
from typing import Annotated, Any

import typer

HELP_NAMES = {"help_option_names": ["-h", "--help"]}  # of every verb and group


SuiteName = Annotated[
    str, typer.Option(help="As mini, or a version of it: mini-v1; `tasks list` has them all.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda.", show_default="cpu")]
Revision = Annotated[
    str | None, typer.Option(help="Commit, branch or tag of a Hub model.", show_default=False)
]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Hub user/model or user/model@revision, a folder, reference/NAME, zoo/NAME or baseline/NAME; in "
        "text FILE.gguf and text/NAME too.",
        show_default=False,
    ),
]
Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...",
        help="Hub user/model or user/model@revision, a folder, reference/NAME, zoo/NAME or baseline/NAME; in "
        "text FILE.gguf and text/NAME too. Of several, those whose record is there are left out.",
        show_default=False,
    ),
]
Loops = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Apply looped layers N times; as MODEL:loops=N.", show_default="as trained"
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Server that answers for MODEL, in the form of OpenAI's completions with logprobs and echo, as "
        "http://localhost:8000/v1; its key is read from ICL_BENCH_API_KEY. For suites asked in text.",
        show_default=False,
    ),
]


class Form(StrEnum):
    """Of a table on the terminal."""

    text = "text"
    markdown = "markdown"


def records(help: str, default: str | bool = False) -> Any:
    """The option `--record`, which may be given again."""
    return typer.Option("--record", metavar="FILE", help=f"{help}; may be given again.", show_default=default)


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
