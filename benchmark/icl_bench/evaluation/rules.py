"""The rules that every predictor is held to, whoever wrote it. A broken rule is a CheckError, by name.

- finiteness: no prediction is NaN or infinite.
- determinism: the same prompts twice give the same bits.
- causality: prediction i does not change when y_i, or anything after it, changes.
- independence: a prompt's predictions do not depend on the prompts beside it.
"""

import numpy as np

from icl_bench.errors import CheckError
from icl_bench.evaluation.ask import ask, ask_in_batches
from icl_bench.predictor import Predictor

FINITENESS = "finiteness"
CHECKS = [FINITENESS, "determinism", "causality", "independence"]

# Changes up to this share of a prompt's scale are rounding: kernels may sum in another order when the
# batch differs, and long convolutions leak rounding noise. What a predictor could gain is its square.
TOLERANCE = 1e-4

_REPEATED = 16
_CHANGES = (-3.0, 1.0, -3.0, 1.0)  # one prompt each: the factor on the foreign targets; ±1 must differ too


def prompts_asked(points: int, most: int | None = None) -> int:
    """How many answers the checks of determinism and causality ask for, repeated prompts counted."""
    repeated, changed = (min(count, count if most is None else most) for count in (_REPEATED, len(_CHANGES)))
    return 2 * repeated + changed * (points + 1)


def check_finite(predictions: np.ndarray, task: str, first_prompt: int = 0) -> None:
    """CheckError where a prediction (prompts, points, k) is NaN or infinite."""
    bad = np.argwhere(~np.isfinite(predictions))
    if len(bad):
        prompt, i, _ = (int(place) for place in bad[0])
        raise CheckError(
            f"finiteness: prediction {i} of prompt {first_prompt + prompt} of {task} is "
            f"{predictions[tuple(bad[0])]}; every prediction must be a finite number",
            code="finiteness",
        )


def check_determinism(
    predictor: Predictor, xs: np.ndarray, ys: np.ndarray, task: str, most: int | None = None
) -> None:
    """CheckError where asking twice about the same prompts, at most so many, gives two answers."""
    xs, ys = xs[:_REPEATED][:most], ys[:_REPEATED][:most]
    first, second = ask(predictor, xs, ys), ask(predictor, xs, ys)
    check_finite(first, task)
    different = np.argwhere(first != second)
    if len(different):
        prompt, i, _ = (int(place) for place in different[0])
        raise CheckError(
            f"determinism: prediction {i} of prompt {prompt} of {task} differs between two calls on the same "
            "prompts; switch off dropout and fix every random seed",
            code="determinism",
        )


def check_causality(
    predictor: Predictor, xs: np.ndarray, ys: np.ndarray, task: str, most: int | None = None
) -> np.ndarray:
    """CheckError where a prediction reads its own target or what comes after it.

    Each of a few prompts, at most so many, is repeated points + 1 times; in row i + 1 the targets from y_i on
    and the inputs from x_{i+1} on are those of another prompt, targets possibly scaled, so that all i are
    tried at once.
    Returns the predictions for the unchanged prompts (a few, points, k).
    """
    unchanged = []
    for prompt, factor in zip(range(len(xs)), _CHANGES[:most], strict=False):
        other = (prompt + 1) % len(xs)
        rows = _changed_rows(xs[prompt], ys[prompt], xs[other], factor * ys[other])
        predictions = np.concatenate([answer for _, answer in ask_in_batches(predictor, *rows)])
        check_finite(predictions, task)
        peeking = _first_peek(predictions, _scales(predictions[0], ys[prompt]))
        if peeking is not None:
            culprits = _culprits(predictor, rows, peeking, ys[prompt])
            raise CheckError(
                f"causality: prediction {peeking} changes when {culprits} (prompt {prompt} of {task}); "
                f"prediction i may read x_0 to x_i and y_0 to y_(i-1), nothing else",
                code="causality",
            )
        unchanged.append(predictions[0])
    return np.stack(unchanged)


def check_independence(among: np.ndarray, alone: np.ndarray, ys: np.ndarray, task: str) -> None:
    """CheckError where prompts were answered differently in two batches: both (prompts, points, k)."""
    for prompt, (here, there) in enumerate(zip(among, alone, strict=True)):
        different = np.abs(here - there).max(axis=1) > TOLERANCE * _scales(there, ys[prompt])
        if different.any():
            raise CheckError(
                f"independence: prediction {int(different.argmax())} of prompt {prompt} of {task} depends on "
                "the other prompts of its batch; answer every prompt on its own",
                code="independence",
            )


def _changed_rows(
    xs: np.ndarray, ys: np.ndarray, other_xs: np.ndarray, other_ys: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Row 0 is the prompt; row i + 1 keeps x_0 … x_i and y_0 … y_{i-1} and takes the rest from the other."""
    points = len(xs)
    row, column = np.arange(points + 1)[:, None], np.arange(points)
    keeps_x = (row == 0) | (column < row)
    keeps_y = (row == 0) | (column < row - 1)
    return np.where(keeps_x[:, :, None], xs, other_xs), np.where(keeps_y[:, :, None], ys, other_ys)


def _scales(predictions: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """What a change of each prediction is compared with: its own size, or the targets' typical size.

    One number a context length (points,), so that a huge answer at one hides nothing at another.
    """
    return np.maximum(np.abs(predictions).max(axis=1), np.sqrt(np.square(ys, dtype=np.float64).mean()))


def _first_peek(predictions: np.ndarray, scales: np.ndarray) -> int | None:
    """The first prediction p that is not the same in row 0 and in the rows from p + 1 on."""
    points = predictions.shape[1]
    changed = np.abs(predictions[1:] - predictions[0]).max(axis=2) > TOLERANCE * scales  # row i, prediction p
    changed &= np.arange(points) <= np.arange(points)[:, None]
    peeking = np.flatnonzero(changed.any(axis=0))
    return int(peeking[0]) if len(peeking) else None


def _culprits(predictor: Predictor, rows: tuple[np.ndarray, np.ndarray], i: int, true_ys: np.ndarray) -> str:
    """Which change alone moves prediction i: its own target, later targets or later inputs."""
    xs, ys = (np.stack([row[0]] * 4) for row in rows)
    ys[1, i] = rows[1][i + 1, i]
    ys[2, i + 1 :] = rows[1][i + 1, i + 1 :]
    xs[3, i + 1 :] = rows[0][i + 1, i + 1 :]
    predictions = ask(predictor, xs, ys)
    scale = _scales(predictions[0], true_ys)[i]
    moved = np.abs(predictions[1:, i] - predictions[0, i]).max(axis=1) > TOLERANCE * scale
    changes = [f"y_{i}", f"y_{i + 1} and later targets", f"x_{i + 1} and later inputs"]
    names = [name for name, moves in zip(changes, moved, strict=True) if moves]
    verb = "changes" if names == changes[:1] else "change"
    return f"{' or '.join(names) or 'the targets and inputs after x_' + str(i)} {verb}"
