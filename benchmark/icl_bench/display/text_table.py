"""Tables on the terminal. What is text stays text: a model may be called `1e5`."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from tabulate import DataRow, Line, TableFormat, tabulate

CLOSE = TableFormat(  # `simple` with one space between columns
    lineabove=None,
    linebelowheader=Line("", "-", " ", ""),
    linebetweenrows=None,
    linebelow=None,
    headerrow=DataRow("", " ", ""),
    datarow=DataRow("", " ", ""),
    padding=0,
    with_header_hide=None,
)
_NARROWEST = 20  # columns of text that is wrapped


def text_table(
    rows: Sequence[Mapping[str, Any] | Sequence[Any]],
    headers: Sequence[str] | None = None,
    *,
    droppable: Sequence[str] = (),
    wrapped: str | None = None,
    colalign: Sequence[str] | None = None,
    **formats: Any,
) -> str:
    """Rows, as mappings or in the order of `headers`, under their headers.

    Where the window is narrower than the table, the column `wrapped` is broken into lines, or the columns
    `droppable` are left out, the first first. Numbers are aligned at their points, but in no column that
    holds text. `colalign` and `formats` are those of `tabulate.tabulate`.
    """
    names = list(headers) if headers is not None else list(dict.fromkeys(key for row in rows for key in row))
    table = [[row.get(name) for name in names] if isinstance(row, Mapping) else list(row) for row in rows]
    align = list(colalign) if colalign is not None else None
    text = _draw(table, names, align, formats)
    width, left = window(), list(droppable)
    while left and _is_wider(text, width):
        place = names.index(left.pop(0))
        for cells in (names, align or [], *table):
            del cells[place : place + 1]
        text = _draw(table, names, align, formats)
    if wrapped is not None and width is not None and _is_wider(text, width):
        place = names.index(wrapped)
        longest = max(len(str(row[place])) for row in table)
        room = max(_NARROWEST, longest - (_width(text) - width))
        broken = [room if at == place else None for at in range(len(names))]
        text = _draw(table, names, align, formats | {"maxcolwidths": broken})
    return text


def in_window(text: str, indent: str = "") -> str:
    """A paragraph broken into lines that fit the terminal; those after the first begin with `indent`."""
    width = window()
    return text if width is None else fill(text, max(width, 40), subsequent_indent=indent)


def window() -> int | None:
    """The width of the terminal in columns, None where the output goes elsewhere.

    `TERMINAL_WIDTH` overrides it, as for help texts. `COLUMNS` does not: every child of a process that has
    loaded readline has it, whatever its output is.
    """
    columns = os.environ.get("TERMINAL_WIDTH", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _draw(
    table: Sequence[Sequence[Any]], names: Sequence[str], align: Sequence[str] | None, formats: dict[str, Any]
) -> str:
    text = sorted({place for row in table for place, cell in enumerate(row) if isinstance(cell, str)})
    more: dict[str, Any] = {} if align is None else {"colalign": align}
    return tabulate(table, names, disable_numparse=text, **more, **formats)


def _is_wider(text: str, width: int | None) -> bool:
    return width is not None and _width(text) > width


def _width(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)
