"""Prompts of a task from its random stream: a function of names and numbers, never of a machine."""

import re

import numpy as np

from icl_bench.errors import InputError
from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.suite import TaskSpec

EVAL = "eval"  # the frozen prompts

_STREAMS = re.compile(r"eval|dev|train/(0|[1-9][0-9]*)|fresh/[0-9a-f]{40}")
_CHUNK = 256  # prompts made at once, which bounds the memory

Arrays = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def generate(task: TaskSpec, suite_name: str, stream: str, start: int, prompts: int) -> Arrays:
    """Prompts start … start + prompts − 1 of a stream: `eval`, `dev` (for choosing a baseline's numbers),
    `train/<seed>`, or `fresh/<commit>` (for a submission that was merged by that commit).

    Returns xs, float32 (prompts, points, d), ys, float32 (prompts, points, k), and the parameters by name.
    Prompt j is the same whatever else is asked for.
    """
    if not _STREAMS.fullmatch(stream):
        raise InputError(f"unknown stream {stream!r}; valid: eval, dev, train/SEED, fresh/COMMIT")
    if prompts < 1 or start < 0:
        raise InputError(f"prompts {prompts} from {start}; ask for at least one, from 0 or later")
    key = f"{suite_name}/{task.name}/{stream}"
    end = start + prompts
    parts = [_chunk(task, key, first, min(_CHUNK, end - first)) for first in range(start, end, _CHUNK)]
    xs, ys, parameters = zip(*parts, strict=True)
    joined = {name: np.concatenate([part[name] for part in parameters]) for name in parameters[0]}
    return np.concatenate(xs), np.concatenate(ys), joined


def _chunk(task: TaskSpec, key: str, start: int, prompts: int) -> Arrays:
    function_class = task.function_class
    raw = raw_words(key, start, prompts, function_class.words(task.points))
    xs, parameters = function_class.sample(raw, task.points)
    return xs, function_class.evaluate(parameters, xs), parameters
