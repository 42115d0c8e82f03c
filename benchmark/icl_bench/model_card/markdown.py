"""Text of unknown content as part of a Markdown file: shown as it is, never read as markup or as a link."""

import re
import textwrap
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from icl_bench.resources import data_folder

MAX_LENGTH = 400
_HARMLESS = re.compile(r"[A-Za-z0-9][\w .,%()/+-]*", re.ASCII)
_BECOMES_A_LINK = re.compile(r"www\.|//", re.IGNORECASE)


class Markdown(str):
    """What is Markdown already: it was made here, from numbers or by `code`."""


def template(name: str) -> Template:
    """A Markdown template of the folder `leaderboard`; every value that it shows passes `neutral`."""
    environment = Environment(
        loader=FileSystemLoader(data_folder("leaderboard")),
        finalize=neutral,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML: `finalize` takes its place
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def neutral(value: Any) -> Markdown:
    """Any value as inline Markdown: plain words as they are, everything else between backticks."""
    if isinstance(value, Markdown):
        return value
    text = printable(value)
    if _HARMLESS.fullmatch(text) and not _BECOMES_A_LINK.search(text):
        return Markdown(text.replace("_", r"\_"))
    return code(text)


def code(value: Any) -> Markdown:
    """A value between backticks, where nothing is markup; it cannot end them, nor a table's cell."""
    text = printable(value).replace("`", "'").replace("|", "¦").strip()
    return Markdown(f"`{text}`" if text else "–")


def printable(value: Any) -> str:
    """One line of bounded length, without characters that cannot be seen."""
    line = "".join(mark if mark.isprintable() else " " for mark in str(value)[: 2 * MAX_LENGTH])
    return textwrap.shorten(line, MAX_LENGTH, placeholder=" …")
