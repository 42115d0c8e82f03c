"""Records of one's own as models: the seeds of a model together, called by its architecture's name."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.same_run import same_errors
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.run_names import model_of_folder
from icl_bench.suites import Suite


def record_name(record: ResultRecord) -> str:
    """What a record's model is called: of a folder, the name that its specs have or its own, else its id."""
    if record.model.kind != "folder":
        return record.model.id
    checkpoints = [result.checkpoint for result in record.tasks.values() if result.checkpoint]
    names = {str(checkpoint.spec.get("name")) for checkpoint in checkpoints}
    return names.pop() if len(names) == 1 else model_of_folder(record.model.id)


def by_model(records: Iterable[tuple[str, ResultRecord]]) -> dict[str, list[ResultRecord]]:
    """By model's name, records in their order; each is given with what messages call it.

    InputError where two are evaluations of one training run.
    """
    sources: dict[str, list[tuple[str, ResultRecord]]] = {}
    for source, record in records:
        known = sources.setdefault(record_name(record), [])
        _check_new(known, source, record)
        known.append((source, record))
    return {name: [record for _, record in known] for name, known in sources.items()}


def pooled(records: Sequence[tuple[str, ResultRecord]], suite: Suite) -> dict[str, list[ResultRecord]]:
    """The same of records of a whole suite; InputError where one is of another suite, or a quick look."""
    for source, record in records:
        check_of_suite(record, suite, source)
    return by_model(records)


def load_pooled(files: Sequence[Path | str], suite: Suite) -> dict[str, list[ResultRecord]]:
    """The same of records in files; SpecError and further errors as `load_record` too."""
    return pooled([(str(file), load_record(file)) for file in files], suite)


def files_by_suite(files: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of records by the name of their suite; errors as `load_record`."""
    by_suite: dict[str, list[Path]] = {}
    for file in files:
        by_suite.setdefault(load_record(file).suite.name, []).append(file)
    return by_suite


def _check_new(known: Sequence[tuple[str, ResultRecord]], source: str, record: ResultRecord) -> None:
    for other, earlier in known:
        task = same_errors(earlier, record)
        if task is not None:
            raise InputError(
                f"{other} and {source} have the same error on every prompt of {task}: one training run; give "
                "it once",
                code="same-run",
            )
