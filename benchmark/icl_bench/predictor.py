"""The one contract of the benchmark: a predictor answers y_i from x_0 … x_i and y_0 … y_{i-1}."""

import operator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError

BASELINE_PREFIX = "baseline/"  # of the names of baselines
MAX_BATCH = 512  # prompts
POINTS_AT_ONCE = 2**15


@runtime_checkable
class Predictor(Protocol):
    """Baselines, checkpoints and a user's own object: everything that is scored has this method."""

    def predict(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """Predictions (batch, points, k) in float32; prediction i reads only xs[:, :i+1] and ys[:, :i]."""
        ...


class AnswersInText(Predictor, Protocol):
    """A predictor that reads prompts as texts and answers with the probabilities of two labels."""

    def label_shares(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points 1"]
    ) -> Float[np.ndarray, "batch points"]:
        """The share of the probability that the labels hold together, of prompts that it has answered."""
        ...


@dataclass(frozen=True)
class Missing:
    """Why a task has no predictor, or a predictor no errors on it."""

    reason: str


def batch_size(predictor: Predictor, points: int) -> int:
    """Prompts a call: what the predictor suggests, else a number that depends on the prompt's length alone.

    Never on the machine's free memory, so that a repeated evaluation repeats the arithmetic. InputError where
    the predictor suggests no positive integer, of Python or NumPy.
    """
    suggest = getattr(predictor, "batch_size", None)
    if suggest is None:
        return max(1, min(MAX_BATCH, POINTS_AT_ONCE // points))
    called = f"({points})" if callable(suggest) else ""
    suggested = suggest(points) if callable(suggest) else suggest
    try:
        size = 0 if isinstance(suggested, bool) else operator.index(suggested)
    except TypeError:
        size = 0
    if size < 1:
        remedy = "return a positive integer" if called else "make it a positive integer, or None"
        raise InputError(
            f"batch_size{called} of the predictor is {suggested!r:.80}; {remedy}", code="batch-size"
        )
    return size
