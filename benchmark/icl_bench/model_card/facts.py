"""What a card says: a model's checkpoints, and records of exactly these weights."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from icl_bench.entries.open import kind_of, open_checkpoints
from icl_bench.errors import InputError
from icl_bench.files import user_path
from icl_bench.models.hub_names import parse_dataset_name
from icl_bench.models.load import CheckpointFolder
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.store import all_records
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.specs.loops import split_loops
from icl_bench.specs.result import Environment, Evaluator, ResultRecord, TaskResult
from icl_bench.specs.text import shown
from icl_bench.suites import Suite, load_suite

DEFAULT_SUITE = "mini"
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
REFERENCE_LICENCE = "apache-2.0"  # that of this repository


@dataclass(frozen=True)
class CardFacts:
    """A model on one suite."""

    name: str  # as it is given to `icl-bench evaluate`
    suite: Suite
    checkpoints: dict[str, CheckpointFolder]  # by task
    records: list[ResultRecord]  # of no task twice
    licence: str | None  # SPDX identifier
    dataset: tuple[str, str | None] | None = None  # of the suite's prompts on the Hub, and its commit
    source: str | None = None  # the address where the results can be looked up

    @cached_property
    def results(self) -> dict[str, TaskResult]:
        """Results by task, in the suite's order."""
        results = {name: task for record in self.records for name, task in record.tasks.items()}
        return {task: results[task] for task in self.suite.tasks if task in results}

    @cached_property
    def suite_hashes(self) -> dict[str, str]:
        """The hash of the suite by task, as its record says; of a task that is not scored, that of today."""
        recorded = {name: record.suite.identity for record in self.records for name in record.tasks}
        return {task: recorded.get(task, self.suite.hash) for task in self.checkpoints}

    @property
    def made_with(self) -> list[tuple[Evaluator, Environment]]:
        """What computed the records, each combination once."""
        runs = [(record.evaluator, record.environment) for record in self.records]
        return [run for i, run in enumerate(runs) if run not in runs[:i]]


def gather(
    model: str,
    records: Sequence[Path] = (),
    suite: str | None = None,
    name: str | None = None,
    licence: str | None = None,
    dataset: str | None = None,
    source: str | None = None,
) -> CardFacts:
    """The facts of a model: a folder, `reference/NAME` or `user/model`, which is called `name` on its card.

    A folder is called by its last part where it has no other name: the rest of a path is nobody's business.
    Its suite is the one given, else that of the first record, else that of its first checkpoint in a folder.
    `dataset` is ORG/NAME or ORG/NAME@COMMIT of the suite's prompts, and `source` an address of the results.
    InputError where a record is of another suite or of other weights, or two are of one task, or a source is
    no address or without a dataset.
    """
    published = None if dataset is None else parse_dataset_name(dataset)
    if source is not None:
        _check_source(source, published is not None)
    if split_loops(model)[1] is not None:
        raise InputError(
            f"a card is of checkpoints as they are; leave out the loops of {model}", code="loops-on-card"
        )
    loaded = [(str(path), load_record(path)) for path in records]
    frozen = load_suite(suite or _suite_of(model, [record for _, record in loaded]))
    checkpoints = open_checkpoints(model, frozen)
    is_shipped = kind_of(model, frozen).shipped
    if is_shipped and not loaded:
        shipped = all_records(model, frozen)
        loaded = [(model, record) for record in shipped if _agrees(record, checkpoints)]
    seen: dict[str, str] = {}
    for path, record in loaded:
        check_of_suite(record, frozen, path)
        _check_weights(record, checkpoints, path, model)
        for task in record.tasks:
            if task in seen:
                raise InputError(
                    f"{path} and {seen[task]} both hold {task}; give one record of each task",
                    code="task-twice",
                )
            seen[task] = path
    licence = licence or (REFERENCE_LICENCE if is_shipped else None)
    return CardFacts(
        name or _name_of(model),
        frozen,
        checkpoints,
        [record for _, record in loaded],
        licence,
        published,
        source,
    )


def _check_source(source: str, with_dataset: bool) -> None:
    if not with_dataset:
        raise InputError(
            "a source is of results on a dataset; name the dataset too, as ORG/NAME@COMMIT",
            code="source-without-dataset",
        )
    if not _ADDRESS.fullmatch(source):
        raise InputError(
            f"{shown(source)} is no address; write it as https://example.org/results",
            code="no-source-address",
        )


def _name_of(model: str) -> str:
    folder = user_path(model)
    return folder.resolve().name if os.path.isdir(folder) else model


def _suite_of(model: str, records: Sequence[ResultRecord]) -> str:
    if records:
        return records[0].suite.name
    folder = user_path(model)
    if not os.path.isdir(folder):
        return DEFAULT_SUITE
    configs = [*folder.glob(CONFIG_FILE), *sorted(folder.glob(f"*/{CONFIG_FILE}"))]
    return read_config(configs[0].parent).task.partition("/")[0] if configs else DEFAULT_SUITE


def _agrees(record: ResultRecord, checkpoints: dict[str, CheckpointFolder]) -> bool:
    """Whether every result of a record is of these checkpoints."""
    return all(
        task in checkpoints and result.checkpoint == checkpoints[task].identity
        for task, result in record.tasks.items()
    )


def _check_weights(
    record: ResultRecord, checkpoints: dict[str, CheckpointFolder], source: str, model: str
) -> None:
    for task, result in record.tasks.items():
        if task not in checkpoints:
            raise InputError(
                f"{source} has a result on {task} and {model} no checkpoint; evaluate it again",
                code="no-checkpoint-recorded",
            )
        recorded, held = result.checkpoint, checkpoints[task].identity
        if recorded != held:
            recorded_hash = "none" if recorded is None else recorded.sha256[:12]
            raise InputError(
                f"{source}: tasks.{task} is of other weights ({recorded_hash}) than {model} holds "
                f"({held.sha256[:12]}), or of another config; evaluate it again",
                code="other-weights-recorded",
            )
