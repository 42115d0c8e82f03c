"""Asking a predictor: batches of a fixed size, and answers that are taken only in the right shape."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.predictor import Predictor, batch_size


class CountedPredictor:
    """The same predictor, which reports after each call how many prompts it has answered."""

    def __init__(self, predictor: Predictor, advance: Callable[..., None]) -> None:
        self.batch_size = getattr(predictor, "batch_size", None)
        self._predictor, self._advance, self._answered = predictor, advance, 0

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> Any:
        """What the predictor answers."""
        answer = self._predictor.predict(xs, ys)
        self._answered += len(xs)
        self._advance(self._answered)
        return answer


def ask(
    predictor: Predictor, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
) -> Float[np.ndarray, "batch points k"]:
    """One call, on copies of its own, so that nothing it does to them matters.

    InputError where the answer is not an array of floating-point numbers in the shape of `ys`.
    """
    answer = predictor.predict(np.array(xs), np.array(ys))
    try:
        predictions = np.asarray(answer)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged lists, tensors that need a gradient
        raise InputError(
            f"the predictor's answer, a {type(answer).__name__}, is no array ({_one_line(error)}); "
            f"return a numpy array of shape {ys.shape}",
            code="answer-type",
        ) from None
    if predictions.shape != ys.shape:
        raise InputError(
            f"the predictor answered with shape {predictions.shape} to targets of shape {ys.shape}; "
            "return one prediction for each of them",
            code="answer-shape",
        )
    if not np.issubdtype(predictions.dtype, np.floating):
        raise InputError(
            f"the predictor answered with {predictions.dtype} of shape {predictions.shape} to float32 of "
            f"shape {ys.shape}; return float32",
            code="answer-type",
        )
    with np.errstate(
        over="ignore"
    ):  # a number too large for float32 becomes infinite, and is refused as such
        return predictions.astype(np.float32)


def ask_in_batches(
    predictor: Predictor, xs: np.ndarray, ys: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Predictions for all prompts, a batch at a time: which prompts, and their predictions."""
    size = batch_size(predictor, xs.shape[1])
    for start in range(0, len(xs), size):
        part = slice(start, min(start + size, len(xs)))
        yield part, ask(predictor, xs[part], ys[part])


def first_batch(predictor: Predictor, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Predictions for the prompts of the first batch."""
    _, answer = next(ask_in_batches(predictor, xs, ys))
    return answer


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
