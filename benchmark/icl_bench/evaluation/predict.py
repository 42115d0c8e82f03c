"""Predictions for all prompts of a task, and the file that holds them for inspection."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_bench.entries.base import Source
from icl_bench.errors import InputError
from icl_bench.evaluation.ask import ask_in_batches
from icl_bench.evaluation.rules import check_finite
from icl_bench.files import whole_file
from icl_bench.predictor import Missing, Predictor
from icl_bench.progress import progress as show_progress
from icl_bench.suites import Prompts, Suite, load_prompts


def predict_all(
    predictor: Predictor, prompts: Prompts, task: str, progress: bool
) -> Float[np.ndarray, "prompts points k"]:
    """Predictions in float32, batch by batch; CheckError at the first that is not finite.

    Where a task's queries are apart from the context, the predictor is asked once a context length i, with
    prompts of i + 1 points that end in the query, and prediction i is its last answer.
    """
    predictions = np.empty(prompts.targets.shape, np.float32)
    count = len(predictions)
    rounds = 1 if prompts.queries is None else prompts.task.points
    with show_progress(task, rounds * count, quiet=not progress) as advance:
        for done, (i, xs, ys) in enumerate(prompts.asked()):
            for part, answer in ask_in_batches(predictor, xs, ys):
                check_finite(answer, task, part.start)
                if i is None:
                    predictions[part] = answer
                else:
                    predictions[part, i] = answer[:, -1]
                advance(done * count + part.stop)
    return predictions


def export_predictions(
    source: Source, suite: Suite, task: str, path: Path, limit: int | None = None, progress: bool = False
) -> int:
    """Write xs, ys and predictions of a task's first `limit` prompts (all for None), with `queries` and
    `query_ys` where the task has them; returns how many.

    Raises InputError where the source does not answer the task, CheckError where it answers NaN or
    infinity, StorageError where the file cannot be written.
    """
    task_predictor = source.task_predictor(suite.task(task))
    if isinstance(task_predictor, Missing):
        raise InputError(
            f"{source.identity.id} does not answer {suite.name}/{task}; {task_predictor.reason}",
            code="no-answer",
        )
    prompts = load_prompts(suite, task).part(slice(limit))
    arrays = prompts.arrays()
    arrays["predictions"] = predict_all(task_predictor.predictor, prompts, task, progress)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)  # NumPy dates every member 1980
    return len(prompts.xs)
