"""Greedy regression trees (CART), of bounded and of unbounded depth."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES, Baseline


class _GreedyTree(Baseline):
    """ŷ_i is the mean target in the leaf that x_i falls into, of a tree grown on the context.

    The tree is that of scikit-learn's `DecisionTreeRegressor`: a node splits where the squared error shrinks
    most, half-way between two inputs, until its targets are equal, its inputs are, or the depth is reached.
    What differs is how ties are broken. Of splits that shrink the error equally, to within rounding, the one
    on the first coordinate is taken, and on it that of the lowest threshold; scikit-learn draws the
    coordinate at random. And inputs and targets are equal where they are the same number; scikit-learn takes
    inputs within 1e-7 for equal, and targets of a variance below 2.2e-16.
    """

    depth: int | None

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """A path down a tree a prompt and context length; see `kernels.decision_tree`."""
        from icl_bench.baselines.kernels.decision_tree import all_prefixes
        from icl_bench.compiled import call

        predictions = np.empty_like(ys)
        call(all_prefixes, xs, ys, -1 if self.depth is None else self.depth, predictions)
        return predictions


@BASELINES.register
class DecisionTree(_GreedyTree):
    """A greedy tree of `depth` splits above a leaf at most (Garg et al. 2022 take 4, that of their task)."""

    type: Literal["decision_tree"] = "decision_tree"
    summary: ClassVar[str] = "a greedy regression tree of depth 4 at most"
    depth: int | None = Field(default=4, ge=1)


@BASELINES.register
class UnlimitedDecisionTree(_GreedyTree):
    """A greedy tree that is grown until every leaf holds one target, or inputs that are all equal."""

    type: Literal["decision_tree_unlimited"] = "decision_tree_unlimited"
    summary: ClassVar[str] = "a greedy regression tree grown until its leaves are pure"
    depth: None = None
