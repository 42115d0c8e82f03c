"""Records of one's own as models: the seeds of a model together, called by its architecture's name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.same_run import same_errors
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import Suite


def record_name(record: ResultRecord) -> str:
    """What a record's model is called: of a folder, the name that its specs have, else its id."""
    if record.model.kind == "folder":
        checkpoints = [result.checkpoint for result in record.tasks.values() if result.checkpoint]
        names = {str(checkpoint.spec.get("name")) for checkpoint in checkpoints}
        if len(names) == 1:
            return names.pop()
    return record.model.id


def load_pooled(files: Sequence[Path | str], suite: Suite) -> dict[str, list[ResultRecord]]:
    """By model's name, the records of a suite in files, in their order.

    InputError where one is of another suite, or where two are evaluations of one training run; SpecError and
    further errors as `load_record`.
    """
    sources: dict[str, dict[str, ResultRecord]] = {}
    for file in files:
        record = load_record(file)
        check_of_suite(record, suite, str(file))
        known = sources.setdefault(record_name(record), {})
        _check_new(known, str(file), record)
        known[str(file)] = record
    return {name: list(records.values()) for name, records in sources.items()}


def files_by_suite(files: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of records by the name of their suite; errors as `load_record`."""
    by_suite: dict[str, list[Path]] = {}
    for file in files:
        by_suite.setdefault(load_record(file).suite.name, []).append(file)
    return by_suite


def _check_new(known: Mapping[str, ResultRecord], source: str, record: ResultRecord) -> None:
    for other, earlier in known.items():
        task = same_errors(earlier, record)
        if task is not None:
            raise InputError(
                f"{other} and {source} have the same error on every prompt of {task}: one training run; give "
                "it once"
            )
