"""Differences as cells and rows, hundreds of them on a page.

The macros of `differences.html` are rendered once, with words in braces where values are filled in here: to
call a macro for each takes several times as long. Numbers have no markup; names and reasons are escaped.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from icl_bench.leaderboard.formats import count, interval, p_value, score, signed, spaced
from icl_bench.leaderboard.render import template_environment
from icl_bench.ranking.differences import Difference


class _Forms:
    """The HTML of each macro, by what is better where that matters."""

    def __init__(self) -> None:
        macros: Any = template_environment().get_template("differences.html").module
        self.nothing = str(macros.nothing())
        self.row = str(macros.row())
        better = ("A", "B", None)
        self.cells = {verdict: str(macros.cell(verdict)) for verdict in better}
        self.verdicts = {
            (verdict, of_runs): str(macros.verdict(verdict, of_runs))
            for verdict in better
            for of_runs in (False, True)
        }


_forms = cache(_Forms)


def row_and_pair(
    differences: Sequence[Difference], tasks: Sequence[str], model: str, other: str
) -> tuple[Markup, Markup]:
    """What separates A, which is `model`, from B, `other`: a cell for each of `tasks`, and a row for each
    difference with the gains of both, the p-value and the verdict."""
    cells = {difference.task: _cell(difference) for difference in differences}
    row = "".join(cells.get(task, _forms().nothing) for task in tasks)
    rows = [_pair_row(difference, cells[difference.task], model, other) for difference in differences]
    pair = "\n".join(rows)
    return Markup(row), Markup(pair)


def _cell(difference: Difference) -> str:
    estimate = difference.difference
    if estimate.value is None:
        return _forms().nothing
    return (
        _forms()
        .cells[difference.better]
        .format(value=estimate.value, difference=signed(estimate), interval=interval(estimate))
    )


def _pair_row(difference: Difference, cell: str, model: str, other: str) -> str:
    prompts = count(difference.prompts)
    if difference.prompts < difference.suite_prompts:
        prompts += f" of {count(difference.suite_prompts)}"
    reason = difference.difference.reason
    form = _forms().verdicts[difference.better, difference.of_runs]
    verdict = escape(reason) if reason else form.format(model=escape(model), other=escape(other))
    return _forms().row.format(
        task=escape(spaced(difference.task)),
        prompts=prompts,
        a=score(difference.a),
        b=score(difference.b),
        cell=cell,
        p=escape(p_value(difference)),
        verdict=verdict,
    )
