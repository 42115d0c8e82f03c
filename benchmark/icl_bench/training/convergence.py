"""What a learning curve says: when a run has learned, whether it may end, what more steps would add.

Everything is read off development optimality: 1 less the excess error over the exact predictor, in units of
what that predictor gains over answering 0.
"""

import math
from collections.abc import Sequence

import numpy as np

from icl_bench.specs.outcome import LEARNED, Outcome
from icl_bench.specs.recipe import Recipe
from icl_bench.training.log import Row

BEGUN = 0.5  # the optimality from which on a run has begun to learn
CONVERGED_GAIN = 0.01  # optimality: a run to which twice the steps would add less has converged
FEWEST_ROWS = 5  # for a fit
SMALLEST_EXCESS = (
    1e-4  # of optimality: a smaller one, or one below 0, is the noise of the development prompts
)


def outcome(rows: Sequence[Row], recipe: Recipe, end: int) -> Outcome:
    """What the learning curve of a finished run says. `end` is the number of its steps."""
    final = rows[-1]["dev_optimality"] if rows else None
    gain = None if final is None else doubling_gain(rows, recipe.decay_start(end), 1 - final)
    return Outcome(
        steps=end,
        ended="budget" if end >= recipe.steps else "rule",
        optimality=final,
        doubling_gain=gain,
        converged=None if final is None else has_converged(final, gain),
        steps_to_learn={optimality: steps_to_learn(rows, float(optimality)) for optimality in LEARNED},
    )


def outcome_in_words(outcome: Outcome) -> str:
    """As `optimality 0.998 on development prompts, 0.9 at step 800; converged`; empty without development."""
    if outcome.optimality is None:
        return ""
    threshold = LEARNED[-1]
    step = outcome.steps_to_learn[threshold]
    learned = f"not {threshold} within {outcome.steps:,}" if step is None else f"{threshold} at step {step:,}"
    more = "" if outcome.doubling_gain is None else f"; twice the steps would add {outcome.doubling_gain:.3f}"
    end = "; converged" if outcome.converged else more
    return f"optimality {outcome.optimality:.3f} on development prompts, {learned}{end}"


def has_converged(optimality: float, gain: float | None) -> bool:
    """Whether twice the steps would add less than CONVERGED_GAIN to a run that has begun to learn.

    A run of which no gain is known has not: its curve may be flat before a transition, or just after one.
    """
    return gain is not None and gain < CONVERGED_GAIN and optimality >= BEGUN


def steps_to_learn(rows: Sequence[Row], threshold: float) -> int | None:
    """The first logged step whose development optimality passes a threshold; None where none does."""
    for row in rows:
        optimality = row["dev_optimality"]
        if optimality is not None and optimality >= threshold:
            return int(row["step"] or 0)
    return None


def doubling_gain(rows: Sequence[Row], until: int, excess: float, least: float = BEGUN) -> float | None:
    """The optimality that twice the steps would add to a run that ended with this excess (1 less optimality).

    A power law in the step is fitted to the excess between half of `until` and `until`, the last step at the
    full rate; it is taken to hold of the end too, so that the excess would fall by the same share. The
    exponent is the median of the slopes between any two rows (Theil 1950, Sen 1968). Rows whose optimality is
    below `least` do not count: before a task that is learned at once the curve is flat, and says nothing.
    Between 0 and `excess`; None where fewer than FEWEST_ROWS rows are left.
    """
    points = [
        (row["step"], row["dev_optimality"])
        for row in rows
        if row["step"] and until / 2 <= row["step"] <= until and (row["dev_optimality"] or 0.0) >= least
    ]
    if len(points) < FEWEST_ROWS:
        return None
    steps, optimality = np.array(points, dtype=np.float64).T
    x, y = np.log(steps), np.log(np.maximum(1 - optimality, SMALLEST_EXCESS))
    first, second = np.triu_indices(len(x), 1)
    slope = np.median((y[second] - y[first]) / (x[second] - x[first]))
    return float(max(excess, 0.0) * (1 - 2.0 ** min(slope, 0.0)))


def shortened_end(rows: Sequence[Row], recipe: Recipe) -> int | None:
    """The step at which a run may end that is at its last row, by the recipe's rule; None: it goes on.

    Asked at a row in which rates have not begun to decay: the decay begins there, with its share of the run.
    """
    rule, last = recipe.stop, rows[-1]
    step, optimality = int(last["step"] or 0), last["dev_optimality"]
    if rule is None or optimality is None or step < rule.after or optimality < rule.above:
        return None
    if step >= recipe.decay_start(recipe.steps):
        return None
    gain = doubling_gain(rows, step, 1 - optimality, rule.above)
    return math.ceil(step / (1 - recipe.decay_share)) if gain is not None and gain < rule.gain else None
