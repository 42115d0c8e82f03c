"""Asking a predictor: batches of a fixed size, and answers that are taken only in the right shape."""

import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.predictor import Predictor

MAX_BATCH = 512
POINTS_AT_ONCE = 2**15


class FunctionPredictor:
    """A plain function `f(xs, ys) -> predictions` as a predictor."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> Any:
        """What the function returns, whatever it is: `ask` looks at it."""
        return self._function(xs, ys)


class CountedPredictor:
    """A predictor as it is, that tells after each call how many prompts it has answered."""

    def __init__(self, predictor: Predictor, advance: Callable[..., None]) -> None:
        self.batch_size = getattr(predictor, "batch_size", None)
        self._predictor, self._advance, self._answered = predictor, advance, 0

    def predict(self, xs: np.ndarray, ys: np.ndarray) -> Any:
        """What the predictor answers."""
        answer = self._predictor.predict(xs, ys)
        self._answered += len(xs)
        self._advance(self._answered)
        return answer


def as_predictor(model: Any) -> Predictor:
    """An object with `predict` as it is, a function or an ICLModel wrapped; InputError for anything else."""
    if isinstance(model, type):
        raise InputError(f"{model.__qualname__} is a class; give an object of it, {model.__qualname__}(...)")
    if callable(getattr(model, "predict", None)):
        return model
    if "torch" in sys.modules and isinstance(model, sys.modules["torch"].nn.Module):
        return _module_predictor(model)
    if callable(model):
        return FunctionPredictor(model)
    raise InputError(
        f"{type(model).__name__} is not a predictor; give a function f(xs, ys) or an object with "
        "predict(xs, ys)"
    )


def _module_predictor(module: Any) -> Predictor:
    from icl_bench.models.model import ICLModel
    from icl_bench.models.predictor import ModelPredictor

    if not isinstance(module, ICLModel):
        raise InputError(
            f"{type(module).__name__} is a torch module, which takes tensors; give a function of numpy "
            "arrays that calls it"
        )
    return ModelPredictor(module, str(next(module.parameters()).device))


def name_of(model: Any) -> str:
    """How a Python object is called in the record: its module and qualified name."""
    named = model if hasattr(model, "__qualname__") else type(model)
    return f"{named.__module__}.{named.__qualname__}"


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
        raise InputError(f"batch_size{called} of the predictor is {suggested!r:.80}; {remedy}")
    return size


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
            f"return a numpy array of shape {ys.shape}"
        ) from None
    if predictions.shape != ys.shape:
        raise InputError(
            f"the predictor answered with shape {predictions.shape} to targets of shape {ys.shape}; "
            "return one prediction for each of them"
        )
    if not np.issubdtype(predictions.dtype, np.floating):
        raise InputError(
            f"the predictor answered with {predictions.dtype} of shape {predictions.shape} to float32 of "
            f"shape {ys.shape}; return float32"
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
