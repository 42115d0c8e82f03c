"""Numbers and names as pages show them.

Scores, optimality, gains and their differences are shown times 100, with one digit after the point: 100 is
the predictor that they are measured against. Records, files and the terminal have them as fractions of it.
"""

import math
from collections.abc import Sequence

from icl_bench.leaderboard.data import RunData
from icl_bench.ranking.differences import Difference
from icl_bench.scoring.metric import metrics
from icl_bench.specs.result import Estimate

MINUS = "\N{MINUS SIGN}"
NONE = "–"
POINTS = 100  # of a score of 1
_WHOLE_FROM = 999.95  # what has no digit after the point: from here on one says no more
_SCIENTIFIC_FROM = 99_999.5  # of a model of huge answers: in full it would be wider than a page
_HEAT = 10  # shades of a cell
_DECADES = 3  # of the distance to 100 between the first shade and the last
_CAPITALS = {"dnf", "mlp", "mqar"}
LEAST_P = 0.001  # that is shown


def score(value: float | None) -> str:
    """In points, `96.4`: one digit after the point, none from 1,000 on; two and a power of ten from 100,000
    on; what rounds to 0 has no sign."""
    return NONE if value is None else _format(POINTS * value)


def in_points(metric: str) -> bool:
    """Whether a metric is shown in points; what is no share of anything is shown as it is."""
    return metrics()[metric].in_points


def of_labels(metric: str) -> bool:
    """Whether a metric is one of labels, which has values of its own and is measured by no predictor."""
    return metrics()[metric].has_values


def interval(estimate: Estimate) -> str:
    """In points, `96.1 to 96.7`; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{score(estimate.low)} to {score(estimate.high)}"


def plain_interval(estimate: Estimate) -> str:
    """That of what is no score, as a probability or a number of examples, as it is: `0.292 to 1`."""
    low, high = estimate.low, estimate.high
    return "" if low is None or high is None else f"{low:.3g} to {high:.3g}".replace("-", MINUS)


def signed(difference: Estimate) -> str:
    """A difference in points with its sign, unless it rounds to 0."""
    text = score(difference.value)
    positive = difference.value is not None and difference.value > 0
    return f"+{text}" if positive and text != "0.0" else text


def p_value(difference: Difference) -> str:
    """The p-value of a difference, corrected where it is one of many."""
    p = difference.p if difference.p_corrected is None else difference.p_corrected
    if difference.p is None or p is None:
        return NONE
    return three_digits(p)


def three_digits(p: float) -> str:
    """A p-value; of one below 0.001 no more than that is said."""
    return f"< {LEAST_P}" if p < LEAST_P else f"{p:.3f}"


def learning(runs: Sequence[RunData], learned_at: float | None) -> str:
    """The step at which runs had learned, by an optimality of 0.9: their median, and how many they are; a run
    of an all-or-nothing task has where its gain on the scored prompts is at least `learned_at` too.

    `1,200`; of three seeds of which one did not learn `1,400 (2 of 3)`; where the median run did not learn
    within its steps `not within 5,000`.
    """
    known = [run.outcome for run in runs if run.outcome is not None]
    if not known:
        return NONE
    steps = sorted(run.steps_to_learn(learned_at) or math.inf for run in runs if run.outcome is not None)
    learned, median = sum(map(math.isfinite, steps)), steps[len(steps) // 2]
    text = (
        count(int(median))
        if math.isfinite(median)
        else f"not within {max(outcome.steps for outcome in known):,}"
    )
    return text if len(runs) == 1 else f"{text} ({learned} of {len(runs)})"


def count(value: int) -> str:
    """A whole number in full."""
    return f"{value:,}"


def short(value: float | int) -> str:
    """Three digits and a unit: 201857 is `202k`."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= 0.9995 * size:
            return f"{value / size:#.3g}".rstrip(".") + unit
    return f"{value:.0f}"


def heat(value: float | None) -> int:
    """The shade of a cell by the distance to 100 on a logarithmic scale: 0 at a score of 0 and below, 3 at
    90, 7 at 99, 10 from 99.9 on."""
    return 0 if value is None else round(depth(value) * _HEAT)


def depth(value: float) -> float:
    """How near a score is to 100, on a logarithmic scale: 0 at a score of 0 and below, 1 from 99.9 on."""
    return -math.log10(min(max(1 - value, 10**-_DECADES), 1)) / _DECADES


def digits(value: float | int) -> str:
    """An error, in four digits."""
    return f"{value:.4g}".replace("-", MINUS)


def hash_head(value: str) -> str:
    """Enough of a hash to distinguish it from others."""
    return value[:12]


def spaced(name: str) -> str:
    """A task in words: two_layer_mlp is `two layer MLP`."""
    return " ".join(word.upper() if word in _CAPITALS else word for word in name.split("_"))


def heading(name: str) -> str:
    """The same where a heading begins with it: `Two layer MLP`."""
    words = spaced(name)
    return words[:1].upper() + words[1:]


def _format(value: float) -> str:
    size = abs(value)
    if size >= _SCIENTIFIC_FROM:
        return f"{value:.1e}".replace("e+", "e").replace("-", MINUS)
    text = f"{value:z.0f}" if size >= _WHOLE_FROM else f"{value:z.1f}"
    return text.replace("-", MINUS)
