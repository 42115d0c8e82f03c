"""Causality once more, in the batches that are scored: every prompt is cut at a random context length.

The first checks look at a few prompts in batches of their own, and code can tell these from the batches
that are scored. Here every prompt keeps its row and its batch its size; from the cut on it goes on as another
prompt does. What a predictor answers up to the cut must be what it answered when it was scored.
"""

import numpy as np
from jaxtyping import Float, Int

from icl_bench.errors import CheckError
from icl_bench.evaluation.ask import ask_in_batches
from icl_bench.evaluation.rules import TOLERANCE, check_finite
from icl_bench.function_classes.streams import raw_words, uniform_index
from icl_bench.predictor import Predictor
from icl_bench.progress import progress as show_progress
from icl_bench.suites import Prompts


def check_cuts(
    predictor: Predictor,
    prompts: Prompts,
    predictions: Float[np.ndarray, "prompts points k"],
    task: str,
    progress: bool = False,
) -> None:
    """CheckError where a prediction is not the one that was scored once its own target, or what comes after
    it, is that of another prompt.

    With cut i, uniform and drawn from the stream `task/cuts`, x_0 … x_i and y_0 … y_{i-1} stay and the rest
    is another prompt's, a number of rows further on that is drawn from the same stream. Where queries are
    apart from the context there is nothing to cut: a call for context length i ends in the query, and neither
    its target nor anything later is in it.
    """
    if prompts.queries is not None or len(prompts.xs) < 2:
        return
    cuts, others = _drawn_cuts(task, *prompts.xs.shape[:2])
    xs, ys = cut_prompts(prompts.xs, prompts.ys, cuts, others)
    with show_progress(f"{task}: cut prompts", len(xs), quiet=not progress, minor=True) as advance:
        for part, answer in ask_in_batches(predictor, xs, ys):
            check_finite(answer, task, part.start)
            _check_same(answer, predictions[part], prompts.ys[part], cuts[part], task, part.start)
            advance(part.stop)


def cut_prompts(
    xs: Float[np.ndarray, "prompts points d"],
    ys: Float[np.ndarray, "prompts points k"],
    cuts: Int[np.ndarray, " prompts"],
    others: Int[np.ndarray, " prompts"],
) -> tuple[Float[np.ndarray, "prompts points d"], Float[np.ndarray, "prompts points k"]]:
    """Prompts that go on as others: the inputs after x_cut and the targets from y_cut on are theirs."""
    place = np.arange(xs.shape[1])
    keeps_x, keeps_y = place <= cuts[:, None], place < cuts[:, None]
    return np.where(keeps_x[:, :, None], xs, xs[others]), np.where(keeps_y[:, :, None], ys, ys[others])


def _drawn_cuts(task: str, prompts: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """A context length for each prompt, and the prompt that it goes on as, never itself."""
    raw = raw_words(f"{task}/cuts", 0, prompts, 2)
    rotation = 1 + int(uniform_index(raw[:1, 1], prompts - 1)[0]) if prompts > 2 else 1
    return uniform_index(raw[:, 0], points), (np.arange(prompts) + rotation) % prompts


def _check_same(
    cut: np.ndarray, scored: np.ndarray, ys: np.ndarray, cuts: np.ndarray, task: str, first_prompt: int
) -> None:
    """CheckError at the first prompt of a batch (prompts, points, k) with another answer up to its cut."""
    typical = np.sqrt(np.square(ys, dtype=np.float64).mean(axis=(1, 2)))
    scales = np.maximum(np.abs(scored).max(axis=2), typical[:, None])
    different = np.abs(cut - scored).max(axis=2) > TOLERANCE * scales
    different &= np.arange(ys.shape[1]) <= cuts[:, None]
    if not different.any():
        return
    prompt, i = (int(place) for place in np.argwhere(different)[0])
    cut_at = int(cuts[prompt])
    raise CheckError(
        f"causality: prediction {i} of prompt {first_prompt + prompt} of {task} is another one where "
        f"y_{cut_at} and all after it are another prompt's; prediction i may read x_0 to x_i and y_0 to "
        "y_(i-1) of its prompt, nothing else",
        code="causality",
    )
