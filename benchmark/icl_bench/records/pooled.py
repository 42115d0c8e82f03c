"""Records of one's own as models: the seeds of a model together, called by its architecture's name."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.records.audit import check_of_suite
from icl_bench.records.read import load_record
from icl_bench.records.same_run import same_errors
from icl_bench.specs.loops import cut_loops
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.run_names import model_of_folder
from icl_bench.suites import Suite


def record_name(record: ResultRecord) -> str:
    """What a record's model is called: of a folder, the name that its specs have or its own, else its id.

    Behind it stands the number of loops that it was asked for, if one was.
    """
    if record.model.kind != "folder":
        return record.model.id
    folder, loops = cut_loops(record.model.id)
    checkpoints = [result.checkpoint for result in record.tasks.values() if result.checkpoint]
    names = {str(checkpoint.spec.get("name")) for checkpoint in checkpoints}
    return (names.pop() if len(names) == 1 else model_of_folder(folder)) + loops


def by_model(records: Iterable[tuple[str, ResultRecord]]) -> dict[str, list[ResultRecord]]:
    """By model's name, records in their order; each is given with what messages call it.

    Records of one name are the seeds of one model where their architectures and recipes agree; others get a
    number: `mine (2)`. InputError where two are evaluations of one training run.
    """
    groups: dict[str, list[list[tuple[str, ResultRecord]]]] = {}
    for source, record in records:
        known = groups.setdefault(record_name(record), [])
        for group in known:
            _check_new(group, source, record)
        alike = next((group for group in known if _is_one_model(group[0][1], record)), None)
        if alike is None:
            known.append([(source, record)])
        else:
            alike.append((source, record))
    return {
        name if place == 0 else f"{name} ({place + 1})": [record for _, record in group]
        for name, known in groups.items()
        for place, group in enumerate(known)
    }


def _is_one_model(first: ResultRecord, second: ResultRecord) -> bool:
    """Whether checkpoints of the tasks that both have are of one architecture, trained by one recipe."""
    for task in first.tasks.keys() & second.tasks.keys():
        sides = [record.tasks[task].checkpoint for record in (first, second)]
        if None in sides and sides != [None, None]:
            return False
        made = [(side.spec, (side.training or {}).get("recipe")) for side in sides if side is not None]
        if made and made[0] != made[1]:
            return False
    return True


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
