"""Tables on the terminal. What is text stays text: a model may be called `1e5`."""

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate


def text_table(
    rows: Sequence[Mapping[str, Any] | Sequence[Any]],
    headers: str | Sequence[str] = "keys",
    **formats: Any,
) -> str:
    """Rows, as mappings or in the order of `headers`, under their headers.

    Numbers are aligned at their points, but in no column that holds text. `formats` are those of
    `tabulate.tabulate`.
    """
    cells = [list(row.values()) if isinstance(row, Mapping) else list(row) for row in rows]
    text = sorted({place for row in cells for place, cell in enumerate(row) if isinstance(cell, str)})
    return tabulate(rows, headers, disable_numparse=text, **formats)
