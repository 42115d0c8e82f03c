"""Taught conjunction: a conjunction whose prompt begins with examples that single it out.

Prior: literals and later points as of `conjunction`. The prompt begins with the teaching sequence: the point
that satisfies the conjunction with every other coordinate −1, the same with every other coordinate 1, then
for each literal, in the order of coordinates, the first point with that coordinate flipped. No noise.
Exact predictor: that of `conjunction`, where a conjunction says what the points of its teaching sequence are:
another one is ruled out.
Source: Bhattamishra et al. 2023 (arXiv 2310.03016), section on teaching sequences.

One prompt with d = 3, the first coordinate and the negated third:
x = (1, −1, −1) → 1, x = (1, 1, −1) → 1, x = (−1, −1, −1) → −1, x = (1, −1, 1) → ?, which is −1.

>>> function_class = ConjunctionTaught(dims=3)
>>> literals = np.array([[1, 0, -1]], np.int8)
>>> xs = teaching_sequence(literals, np.zeros((1, 4, 3), np.float32))
>>> xs[0].astype(int).tolist()
[[1, -1, -1], [1, 1, -1], [-1, -1, -1], [1, -1, 1]]
>>> function_class.evaluate({"literals": literals}, xs).ravel().tolist()
[1.0, 1.0, -1.0, -1.0]
"""

from math import comb
from typing import ClassVar, Literal

import numpy as np

from icl_bench.function_classes.base import Inputs, Means, Parameters, RealInputs, Words
from icl_bench.function_classes.boolean import Literals
from icl_bench.function_classes.conjunction import LITERAL, PLANTED, Conjunction
from icl_bench.specs.suite import FUNCTION_CLASSES


@FUNCTION_CLASSES.register
class ConjunctionTaught(Conjunction):
    """y = 1 where all literals are true, else −1; the first points single the literals out."""

    prior: ClassVar[str] = (
        "each coordinate absent .7, literal .15, negated .15; first a teaching sequence, then x uniform on "
        "{-1, 1}^d, and with probability .3 all literals made true"
    )

    type: Literal["conjunction_taught"] = "conjunction_taught"  # type: ignore[assignment]  # it is frozen

    def sample(self, raw: Words, points: int) -> tuple[Inputs, Parameters]:
        """xs (prompts, points, d) and the parameter `literals` (prompts, d), int8."""
        xs, parameters = super().sample(raw, points)
        return teaching_sequence(parameters["literals"], xs), parameters

    def prior_mean(self, xs: RealInputs) -> Means:
        """E[y_i | x_i], which depends on the place i: the first two points hold. Point i after these either
        belongs to the teaching sequence, where it fails, or is one of a conjunction of at most i − 2
        literals. x itself says something of the function, and its distribution is not uniform."""
        means = np.ones((*xs.shape[:2], 1))
        for i in range(2, xs.shape[1]):
            true, total = _later(self.dims, i - 2)
            taught = _taught(xs[:, i], i - 2)
            means[:, i, 0] = (2 * true - total - taught) / (total + taught)
        return means


def teaching_sequence(literals: Literals, xs: Inputs) -> Inputs:
    """xs (prompts, points, d) with the teaching sequence of each prompt's literals in its first points; cut
    where a prompt is shorter."""
    taught = xs.copy()
    kept = literals != 0
    first = np.where(kept, literals, -1).astype(np.float32)
    for place, point in ((0, first), (1, np.where(kept, literals, 1))):
        if place < xs.shape[1]:
            taught[:, place] = point
    prompt, coordinate = np.nonzero(kept)
    place = 1 + kept.cumsum(axis=1)[prompt, coordinate]
    here = place < xs.shape[1]
    prompt, coordinate, place = prompt[here], coordinate[here], place[here]
    taught[prompt, place] = first[prompt]
    taught[prompt, place, coordinate] *= -1
    return taught


def _later(d: int, literals: int) -> tuple[float, float]:
    """How likely a conjunction has at most so many literals, draws a given x as another point, and holds
    there; the same whether it holds or not. By the symmetry of signs it does not depend on x."""
    literal, planted = LITERAL[0] / LITERAL[1], PLANTED[0] / PLANTED[1]
    absent = 1 - 2 * literal
    sizes = range(min(literals, d) + 1)
    true = sum(comb(d, m) * literal**m * absent ** (d - m) * (1 - planted + planted * 2**m) for m in sizes)
    total = sum(comb(d, m) * (2 * literal) ** m * absent ** (d - m) for m in sizes)
    return true / 2**d, total / 2**d


def _taught(x: np.ndarray, before: int) -> np.ndarray:
    """How likely x (prompts, d) is the first point of a conjunction with one literal flipped, before which
    come `before` others: (prompts,). A coordinate is a literal where x is 1, and a negated literal or absent
    where it is −1; the flipped one is a literal of the other sign."""
    literal = LITERAL[0] / LITERAL[1]
    absent = 1 - 2 * literal
    either = np.where(x > 0, literal, literal + absent)
    after = np.cumprod(either[:, ::-1], axis=1)[:, ::-1]  # from a coordinate on
    sizes = np.zeros((len(x), before + 1))  # how likely the coordinates so far hold so many literals
    sizes[:, 0] = 1.0
    total = np.zeros(len(x))
    for j in range(x.shape[1]):
        rest = after[:, j + 1] if j + 1 < x.shape[1] else 1.0
        total += sizes[:, before] * literal * rest
        absences = np.where(x[:, j] > 0, 0.0, absent)[:, None]
        grown = sizes * absences
        grown[:, 1:] += literal * sizes[:, :-1]
        sizes = grown
    return total
