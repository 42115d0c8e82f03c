"""Cells and rows of differences, hundreds of them on a page: a template takes several times as long.

What these are filled with is text of `formats`, which has no markup; everything else is escaped here.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from icl_bench.evaluation.compare import Difference
from icl_bench.leaderboard.formats import count, interval, p_value, score, signed, spaced

_NOTHING = (
    '<td class="n missing"><span aria-hidden="true">–</span><span class="sr">no common result</span></td>'
)
_SIGNIFICANT = '<span aria-hidden="true">*</span><span class="sr"> significant</span>'
_CLASSES = {"A": " better", "B": " worse", None: ""}


class DifferenceCells:
    """The cells of a page: each is in the table of all and in that of its pair, and is made once.

    `model` is A of every difference.
    """

    def __init__(self, model: str, resamples: int) -> None:
        self._resamples = resamples
        self._verdicts = {
            "A": f'<span class="better">{escape(model)} is better</span>',
            "B": '<span class="worse">the other is better</span>',
            None: "not separated",
        }
        self._made: dict[int, str] = {}

    def row(self, found: Sequence[Difference | None]) -> Markup:
        """A cell for each; None is no difference at all."""
        return Markup("".join(map(self._cell, found)))

    def pair(self, found: Sequence[Difference]) -> Markup:
        """A row for each, with the scores of both, the p-value and the verdict."""
        return Markup("\n".join(map(self._pair_row, found)))

    def _cell(self, one: Difference | None) -> str:
        if id(one) not in self._made:
            self._made[id(one)] = _cell(one)
        return self._made[id(one)]

    def _pair_row(self, one: Difference) -> str:
        prompts = count(one.prompts) + (f" of {count(one.of)}" if one.prompts < one.of else "")
        reason = one.difference.reason
        verdict = escape(reason) if reason else self._verdicts[one.better]
        return (
            f'<tr><th scope="row">{escape(spaced(one.task))}</th><td class="n">{prompts}</td>'
            f'<td class="n">{score(one.a)}</td><td class="n">{score(one.b)}</td>{self._cell(one)}'
            f'<td class="n">{p_value(one, self._resamples)}</td><td>{verdict}</td></tr>'
        )


def _cell(one: Difference | None) -> str:
    if one is None or one.difference.value is None:
        return _NOTHING
    found, better = one.difference, one.better
    told = signed(found) + (_SIGNIFICANT if better else "")
    return (
        f'<td class="n" data-v="{found.value}"><span class="v{_CLASSES[better]}">{told}</span> '
        f'<span class="ci">{interval(found)}</span></td>'
    )
