"""Predictions for all prompts of a task, and the file that holds them for whoever wants to look."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.evaluation.ask import ask_in_batches
from icl_bench.evaluation.rules import check_finite
from icl_bench.evaluation.sources import Source
from icl_bench.files import whole_file
from icl_bench.predictor import Missing, Predictor
from icl_bench.progress import progress as show_progress
from icl_bench.suites import Suite, load_prompts


def predict_all(
    predictor: Predictor,
    xs: Float[np.ndarray, "prompts points d"],
    ys: Float[np.ndarray, "prompts points k"],
    task: str,
    progress: bool,
) -> Float[np.ndarray, "prompts points k"]:
    """Predictions in float32, batch by batch; CheckError at the first that is not finite."""
    predictions = np.empty(ys.shape, np.float32)
    with show_progress(task, len(xs), quiet=not progress) as advance:
        for part, answer in ask_in_batches(predictor, xs, ys):
            check_finite(answer, task, part.start)
            predictions[part] = answer
            advance(part.stop)
    return predictions


def export_predictions(
    source: Source, suite: Suite, task: str, path: Path, limit: int | None = None, progress: bool = False
) -> int:
    """Write xs, ys and predictions of a task's first `limit` prompts (all for None); returns how many.

    Raises InputError where the source does not answer the task, CheckError where it answers NaN or
    infinity, StorageError where the file cannot be written.
    """
    task_predictor = source.task_predictor(suite.task(task))
    if isinstance(task_predictor, Missing):
        raise InputError(f"{source.identity.id} does not answer {suite.name}/{task}: {task_predictor.reason}")
    prompts = load_prompts(suite, task)
    xs, ys = prompts.xs[:limit], prompts.ys[:limit]
    predictions = predict_all(task_predictor.predictor, xs, ys, task, progress)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, xs=xs, ys=ys, predictions=predictions)  # NumPy dates every member 1980
    return len(xs)
