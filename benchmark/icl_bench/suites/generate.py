"""Prompts of a task from its random stream: a function of names and numbers, never of a machine."""

import re
from typing import NamedTuple

import numpy as np

from icl_bench.errors import InputError
from icl_bench.function_classes.streams import raw_words
from icl_bench.shifts.base import Drawn
from icl_bench.specs.suite import TaskSpec

EVAL = "eval"  # the frozen prompts

_STREAMS = re.compile(r"eval|dev|train/(0|[1-9][0-9]*)|fresh/[0-9a-f]{40}")
_CHUNK = 256  # prompts made at once, which bounds the memory


class Arrays(NamedTuple):
    """Prompts and the functions they are of, all float32 but for parameters, with a leading prompt axis."""

    xs: np.ndarray  # (prompts, points, d)
    ys: np.ndarray  # (prompts, points, k)
    parameters: dict[str, np.ndarray]


class Queries(NamedTuple):
    """What is asked apart from the context: query i after the first i examples."""

    xs: np.ndarray  # float32 (prompts, points, d)
    ys: np.ndarray  # float32 (prompts, points, k): their targets


def generate(task: TaskSpec, suite_name: str, stream: str, start: int, prompts: int) -> Arrays:
    """Prompts start … start + prompts − 1 of a stream: `eval`, `dev` (for choosing a baseline's numbers),
    `train/<seed>`, or `fresh/<commit>` (for a submission that was merged by that commit).

    Prompt j is the same whatever else is asked for. InputError where the stream or the range is none.
    """
    chunks = [arrays for arrays, _ in _chunks(task, suite_name, stream, start, prompts)]
    xs, ys, parameters = zip(*chunks, strict=True)
    joined = {name: np.concatenate([part[name] for part in parameters]) for name in parameters[0]}
    return Arrays(np.concatenate(xs), np.concatenate(ys), joined)


def generate_queries(
    task: TaskSpec, suite_name: str, stream: str, start: int, prompts: int
) -> Queries | None:
    """The queries of the same prompts; None of a task whose queries are the inputs of the context."""
    chunks = [queries for _, queries in _chunks(task, suite_name, stream, start, prompts)]
    known = [queries for queries in chunks if queries is not None]
    return Queries(*map(np.concatenate, zip(*known, strict=True))) if known else None


def _chunks(
    task: TaskSpec, suite_name: str, stream: str, start: int, prompts: int
) -> list[tuple[Arrays, Queries | None]]:
    if not _STREAMS.fullmatch(stream):
        raise InputError(
            f"unknown stream {stream!r}; valid: eval, dev, train/SEED, fresh/COMMIT", code="unknown-stream"
        )
    if prompts < 1 or start < 0:
        raise InputError(
            f"prompts {prompts} from {start}; ask for at least one, from 0 or later", code="no-prompts"
        )
    key = f"{suite_name}/{task.name}/{stream}"
    end = start + prompts
    return [_chunk(task, key, first, min(_CHUNK, end - first)) for first in range(start, end, _CHUNK)]


def _chunk(task: TaskSpec, key: str, start: int, prompts: int) -> tuple[Arrays, Queries | None]:
    function_class, shift = task.function_class, task.shift
    own = function_class.words(task.points)
    further = 0 if shift is None else shift.words(function_class, task.points)
    raw = raw_words(key, start, prompts, own + further)
    drawn = Drawn(*function_class.sample(raw[:, :own], task.points))
    if shift is not None:
        drawn = shift.apply(drawn, raw[:, own:], function_class)
    answered_at = drawn.xs if drawn.answered_at is None else drawn.answered_at
    arrays = Arrays(drawn.xs, _targets(task, drawn, answered_at), drawn.parameters)
    queries = drawn.queries
    return arrays, None if queries is None else Queries(queries, _targets(task, drawn, queries))


def _targets(task: TaskSpec, drawn: Drawn, xs: np.ndarray) -> np.ndarray:
    ys = task.function_class.evaluate(drawn.parameters, xs)
    return ys if drawn.noise is None else ys + drawn.noise
