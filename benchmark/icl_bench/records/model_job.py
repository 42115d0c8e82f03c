"""Evaluations of many models, one after the other or as the work of jobs of a cluster."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.entries.open import open_source
from icl_bench.errors import InputError
from icl_bench.evaluation.run import evaluate_source
from icl_bench.evaluation.seeds import holds_seeds
from icl_bench.files import user_path
from icl_bench.records.file_name import default_file_name
from icl_bench.records.keep import keep_at
from icl_bench.specs.loops import split_loops, with_loops
from icl_bench.specs.run_names import seed_folders
from icl_bench.suites import Suite, load_suite


@dataclass(frozen=True)
class EvaluateModel:
    """One model, or one seed of it, on a suite. See `icl_bench.cluster.work.Work`."""

    model: str
    suite: str
    tasks: Sequence[str]
    device: str | None
    record: Path  # where it goes

    @property
    def key(self) -> str:
        """What the record is called."""
        return self.record.stem

    @property
    def request(self) -> str:
        """The model, the suite, the tasks and the device."""
        return json.dumps([self.model, self.suite, list(self.tasks), self.device])

    def is_done(self) -> bool:
        """Whether the record is there."""
        return self.record.is_file()

    def saved(self) -> object:
        """An evaluation is kept whole or not at all."""
        return self.is_done()

    def run(self) -> None:
        """Evaluate, and write the record. Errors as of `icl_bench.evaluate`; StorageError where the record is
        elsewhere than asked for."""
        suite = load_suite(self.suite)
        source = open_source(self.model, suite, None, self.device, self.tasks)
        kept = keep_at(evaluate_source(source, suite, list(self.tasks)), self.record)
        if kept.fault is not None:
            raise kept.fault


def evaluations(
    models: Sequence[str], suite: Suite, tasks: Sequence[str], device: str | None, folder: Path
) -> list[EvaluateModel]:
    """The evaluations of models whose records go into a folder, a record each; a folder of seeds has one a
    seed. InputError where two would write one file."""
    works = []
    for model in models:
        for name, called, seed in _runs(model, suite):
            file = default_file_name(called, suite, tasks, device=device, seed=seed)
            works.append(EvaluateModel(name, suite.name, tuple(tasks), device, folder.absolute() / file))
    _refuse_one_record(works)
    return works


def _refuse_one_record(works: Sequence[EvaluateModel]) -> None:
    """InputError where two evaluations would write one record."""
    taken: dict[Path, EvaluateModel] = {}
    for work in works:
        other = taken.setdefault(work.record, work)
        if other is not work:
            raise InputError(
                f"{other.model} and {work.model} would both write {work.record.name}; name each model once, "
                "and evaluate models of one name into folders of their own",
                code="one-record",
            )


def _runs(model: str, suite: Suite) -> list[tuple[str, str, int | None]]:
    """What is evaluated of a model: its name, what its record is called after, and its seed."""
    if not holds_seeds(model, suite):
        return [(model, model, None)]
    bare, loops = split_loops(model)
    called = with_loops(user_path(bare).resolve().name, loops)
    seeds = seed_folders(user_path(bare))
    return [(with_loops(f"{bare.rstrip('/')}/seed-{seed}", loops), called, seed) for seed in seeds]
