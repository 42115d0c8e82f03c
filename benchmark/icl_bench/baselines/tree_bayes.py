"""The exact Bayes predictor of decision trees."""

from math import comb
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec

MAX_DEPTH = 5  # 32 labels, each a bit of one integer
MAX_SETS = 2**20


@BASELINES.register
class TreeBayes(Baseline):
    """ŷ_i = the posterior mean over the full binary trees of `depth` whose nodes test uniform coordinates.

    The leaves of a tree are distinct and continuous, so that equal targets are one leaf and different ones
    different leaves: the posterior is uniform over the trees that group the context points as their targets
    do. For a set P of context points and a height h,

        f(P, 0) = 1 where all targets in P agree, else 0;  f(∅, h) = 1;
        f(P, h) = (1/d) Σ_j [j parts no two points of equal target] f(P above, h − 1) f(P below, h − 1)

    is the share of the subtrees that do so. The query follows each subtree down to a leaf: to a target that
    was seen, or to a new leaf, of mean 0. A coordinate above 0 goes one way, any other the other way. Where
    no tree fits the context the prediction is 0.
    """

    type: Literal["tree_bayes"] = "tree_bayes"
    summary: ClassVar[str] = "the posterior mean over all trees of its depth, exact for decision trees"
    serves: ClassVar[str] = "decision_tree"
    depth: int = Field(ge=1, le=MAX_DEPTH)

    @classmethod
    def for_task(cls, task: TaskSpec) -> "TreeBayes":
        """Reads the depth from the task; InputError where the task is no decision tree, or too deep a one."""
        if task.function_class.type != "decision_tree":
            raise InputError(
                "baseline tree_bayes answers decision trees only; choose another", code="other-task-only"
            )
        if task.function_class.depth > MAX_DEPTH:
            raise InputError(
                f"baseline tree_bayes answers trees of depth up to {MAX_DEPTH}, not "
                f"{task.function_class.depth}; choose another",
                code="too-deep",
            )
        return cls(depth=task.function_class.depth)

    def numbers_per_prompt(self, points: int, d: int, k: int) -> int:
        """The prompt itself: what else is needed is needed for a prompt at a time."""
        return points * (d + k)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Every context length by itself; see `kernels.tree_bayes`. InputError where d is too large."""
        from icl_bench.baselines.kernels.tree_bayes import posterior_means
        from icl_bench.compiled import call

        slots = self._slots(xs.shape[2])
        predictions = np.empty_like(ys)
        call(posterior_means, xs > 0, _labels(ys), ys, self.depth, slots, predictions)
        return predictions

    def _slots(self, d: int) -> int:
        """A power of 2, at least twice the sets of points that a context length can meet.

        m cuts lead to a cell that at most m coordinates bound, each on one of two sides.
        """
        cells = [sum(comb(d, used) * 2**used for used in range(cuts + 1)) for cuts in range(self.depth)]
        if sum(cells) > MAX_SETS:
            raise InputError(
                f"tree_bayes would follow {sum(cells):,} sets of points for {d} coordinates and depth "
                f"{self.depth}; up to {MAX_SETS:,} are accepted",
                code="too-many-hypotheses",
            )
        return 2 ** (2 * sum(cells) - 1).bit_length()


def _labels(ys: Float[np.ndarray, "batch points k"]) -> Int[np.ndarray, "batch points"]:
    """Equal numbers for equal targets, from 0 on in the order of their first point."""
    points = ys.shape[1]
    first = np.broadcast_to(np.arange(points), ys.shape[:2]).copy()
    for i in range(points - 1, -1, -1):
        first[(ys == ys[:, i, None]).all(axis=2)] = i  # the earliest is written last
    is_first = first == np.arange(points)
    return np.take_along_axis(is_first.cumsum(axis=1) - 1, first, axis=1)
