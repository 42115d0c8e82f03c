"""Differences as cells and rows, hundreds of them on a page: a template takes several times as long.

Numbers have no markup; names and reasons are escaped here.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from icl_bench.leaderboard.formats import count, interval, p_value, score, signed, spaced
from icl_bench.ranking.compare import Difference

_NOTHING = (  # as the macro `missing` of the templates
    '<td class="n missing"><span aria-hidden="true">–</span><span class="sr">no common result</span></td>'
)
_SIGNIFICANT = '<span aria-hidden="true">*</span><span class="sr"> significant</span>'
_CLASSES = {"A": " better", "B": " worse", None: ""}


def row_and_pair(
    found: Sequence[Difference], tasks: Sequence[str], model: str, resamples: int
) -> tuple[Markup, Markup]:
    """What separates A, which is `model`, from one other: a cell for each of `tasks`, and a row for each
    difference with the scores of both, the p-value and the verdict."""
    cells = {one.task: _cell(one) for one in found}
    verdicts = {
        "A": f'<span class="better">{escape(model)} is better</span>',
        "B": '<span class="worse">the other is better</span>',
        None: "not separated",
    }
    row = "".join(cells.get(task, _NOTHING) for task in tasks)
    pair = "\n".join(
        _pair_row(
            one, cells[one.task], escape(one.difference.reason or "") or verdicts[one.better], resamples
        )
        for one in found
    )
    return Markup(row), Markup(pair)


def _cell(one: Difference) -> str:
    found, better = one.difference, one.better
    if found.value is None:
        return _NOTHING
    told = signed(found) + (_SIGNIFICANT if better else "")
    return (
        f'<td class="n" data-v="{found.value}"><span class="v{_CLASSES[better]}">{told}</span> '
        f'<span class="ci">{interval(found)}</span></td>'
    )


def _pair_row(one: Difference, cell: str, verdict: str, resamples: int) -> str:
    fewer = f" of {count(one.suite_prompts)}" if one.prompts < one.suite_prompts else ""
    return (
        f'<tr><th scope="row">{escape(spaced(one.task))}</th><td class="n">{count(one.prompts)}{fewer}</td>'
        f'<td class="n">{score(one.a)}</td><td class="n">{score(one.b)}</td>{cell}'
        f'<td class="n">{p_value(one, resamples)}</td><td>{verdict}</td></tr>'
    )
