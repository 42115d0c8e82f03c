"""The exact Bayes predictor of nearest neighbours among the first points."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.labels import LabelBaseline
from icl_bench.errors import InputError
from icl_bench.function_classes.nearest import nearest_label
from icl_bench.specs.suite import TaskSpec


@BASELINES.register
class NearestBayes(LabelBaseline):
    """ŷ_i = 0 for the first `labelled` points, then the label of the nearest of them, the first in a tie.

    Labels are uniform and independent, so that one cannot be foretold from others, and all later ones follow
    from the first. Where a label of the context is another one than follows, the prediction is 0.
    """

    type: Literal["nearest_bayes"] = "nearest_bayes"
    summary: ClassVar[str] = "the label of the nearest of the first points, exact for nearest"
    serves: ClassVar[str] = "nearest"
    labelled: int = Field(ge=1)

    @classmethod
    def for_task(cls, task: TaskSpec) -> "NearestBayes":
        """Reads how many are labelled from the task; InputError where the task is no nearest neighbour."""
        if task.function_class.type != cls.serves:
            raise InputError(
                "baseline nearest_bayes answers nearest only; choose another", code="other-task-only"
            )
        return cls(labelled=task.function_class.labelled)

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """All later points at once; InputError unless inputs are −1 and 1."""
        self.check_inputs(xs, ys)
        predictions = np.zeros_like(ys)
        labels, later = ys[:, : self.labelled, 0], ys[:, self.labelled :, 0]
        if later.shape[1]:
            follows = nearest_label(xs[:, : self.labelled], labels, xs[:, self.labelled :])
            fits = np.ones(later.shape, bool)
            fits[:, 0] = (np.abs(labels) == 1).all(axis=1)
            fits[:, 1:] = (follows == later)[:, :-1]
            predictions[:, self.labelled :, 0] = follows * np.logical_and.accumulate(fits, axis=1)
        return predictions
