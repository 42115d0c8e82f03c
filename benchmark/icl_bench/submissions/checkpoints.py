"""Fetched checkpoints, held against what their submission says."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from icl_bench.errors import CheckpointError, HubError
from icl_bench.specs.checkpoint import CheckpointConfig, read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.specs.submission import Run, Submission
from icl_bench.specs.text import text_fault
from icl_bench.submissions.closed import check_closed
from icl_bench.submissions.language_models import check_fetched
from icl_bench.suites import load_suite

MAX_PROVENANCE_TEXT = 500


def check_run(submission: Submission, run: Run, folder: Path) -> None:
    """HubError or CheckpointError where a folder does not hold exactly the files of a run, with their hashes,
    and configs that are the submission's, or a language model that can be read."""
    check_files(run, folder)
    if submission.spec is None:
        check_fetched(submission, run, folder)
        return
    for name in run.files:
        path = folder / name
        if path.name == CONFIG_FILE:
            check_config(read_config(path.parent), submission, run, path)


def check_files(run: Run, folder: Path) -> None:
    """HubError where a folder does not hold exactly the files that a run lists, with their hashes."""
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not _is_folder(path)}
    for name in sorted(held ^ run.files.keys()):
        fault = "is not listed" if name in held else "is missing"
        raise HubError(
            f"{folder}: {name!a} {fault}; run `icl-bench submissions fetch` into a new folder",
            code="not-listed",
        )
    for name, digest in run.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or _sha256(path) != digest:
            raise HubError(
                f"{path} is not the file that is listed; run `icl-bench submissions fetch` again",
                code="not-as-listed",
            )


def check_config(config: CheckpointConfig, submission: Submission, run: Run, path: Path) -> None:
    """CheckpointError where a config is not of the submission's spec, was trained for no task of the run's
    suite, or is of another task or seed, or where it holds text that is not fit to be shown; where the
    submission is declared closed, also where it was trained otherwise."""
    suite, task = load_suite(submission.suite_of(run)), path.parent.name
    at_root = CONFIG_FILE in run.files
    if config.spec != submission.spec_of("" if at_root else task):
        raise CheckpointError(
            f"{path} has another spec than the submission; copy spec from there", code="other-spec"
        )
    trained_for = {suite.trained_as(name) for name in suite.tasks}
    if config.task not in trained_for or not (at_root or config.task.partition("/")[2] == task):
        place = suite.name if at_root else f"{suite.name}/{task}"
        raise CheckpointError(
            f"{path} is of {config.task} and is submitted for {place}; list it there", code="other-task"
        )
    seed = (config.training or {}).get("seed")  # None where it is not known, as of a converted checkpoint
    if seed is not None and seed != run.seed:
        raise CheckpointError(
            f"{path} was trained with seed {seed!r:.40}, not {run.seed}; change the run's seed",
            code="other-seed",
        )
    check_provenance(config.training, str(path))
    check_closed(config, submission, suite, path)


def check_provenance(training: dict[str, Any] | None, source: str) -> None:
    """CheckpointError where what is said of the training holds text that is not fit to be shown."""
    for text in _texts(training):
        fault = text_fault(text, MAX_PROVENANCE_TEXT) if text else None
        if fault:
            raise CheckpointError(
                f"{source}: a text in training {fault}; save the checkpoint without it", code="unfit-text"
            )


def _texts(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            left += [*item, *item.values()]
        elif isinstance(item, list):
            left += item


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
