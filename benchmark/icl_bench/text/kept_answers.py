"""Answers of a server that are kept while an evaluation goes on, so that an interrupted one is resumed.

A file of lines of JSON in the cache, one a prompt: the SHA-256 of its text, and the log-probabilities of both
labels at every point. A line is written whole or, where the process or the machine is stopped, left out. The
file's name is a hash of what was asked (server, model, suite), and no key is in it.
"""

import hashlib
import json
import math
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_bench.files import cannot_write, check_file_place
from icl_bench.resources import cache_folder

FOLDER = "endpoint"


class KeptAnswers:
    """The answers to texts, in memory and in a file."""

    def __init__(self, path: Path) -> None:
        """What `path` holds is read; StorageError where it cannot be written."""
        self.path = path
        check_file_place(path)
        self._answers, whole = _read(path)
        self.resumed = len(self._answers)  # how many were there before
        if whole is not None:
            try:
                os.truncate(path, whole)
            except OSError as error:
                raise cannot_write(path, error) from error

    def answer(self, text: str) -> Float[np.ndarray, "points 2"] | None:
        """Log-probabilities of the labels 0 and 1 at every point of a text; None where it is not answered."""
        answer = self._answers.get(_key(text))
        return None if answer is None else np.array(answer)

    def keep(self, text: str, answer: Float[np.ndarray, "points 2"]) -> None:
        """Write an answer behind the others; StorageError where it cannot be written."""
        numbers = answer.tolist()
        line = json.dumps({"text": _key(text), "log_probabilities": numbers}) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode())
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._answers[_key(text)] = numbers

    def forget(self) -> None:
        """Remove the file: the next evaluation asks everything anew."""
        self.path.unlink(missing_ok=True)


def answers_path(address: str, model: str, suite_hash: str) -> Path:
    """Where the answers of a model on a server to the prompts of a suite are kept."""
    asked = json.dumps([address, model, suite_hash])
    return cache_folder() / FOLDER / f"{hashlib.sha256(asked.encode()).hexdigest()}.jsonl"


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path) -> tuple[dict[str, list[list[float]]], int | None]:
    """The answers of a file, and how many of its bytes are whole lines where its end is not."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        raise cannot_write(path, error) from error
    answers = {}
    for line in content.splitlines():
        try:
            value = json.loads(line)
            text, answer = value["text"], value["log_probabilities"]
            if isinstance(text, str) and answer and all(map(_is_pair, answer)):
                answers[text] = answer
        except (ValueError, TypeError, KeyError):  # half a line, or none of these
            continue
    whole = content.rfind(b"\n") + 1
    return answers, whole if whole < len(content) else None


def _is_pair(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(number, float) and math.isfinite(number) for number in point)
    )
