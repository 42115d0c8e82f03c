"""Reading a result record back, and refusing one whose numbers do not follow from each other."""

from pathlib import Path

from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.records.audit import check_record
from icl_bench.specs.lfs_pointer import pointer_fault
from icl_bench.specs.result import MAX_RECORD_BYTES, ResultRecord, parse_record
from icl_bench.suites import load_suite


def load_record(path: Path | str) -> ResultRecord:
    """Read a record that `icl_bench.evaluate` or the command line wrote, and check it.

    Args:
        path: of its JSON file.

    Raises InputError where it is a quick look, on a part of the prompts, and SpecError where the file holds
    no record, or one whose mean errors and scores do not follow from its per-prompt errors.

    >>> record = icl_bench.evaluate("baseline/zero", tasks="sparse_parity")
    >>> record.save("zero.json")
    >>> icl_bench.load_record("zero.json") == record
    True
    >>> record.curves().predictor.unique().tolist()
    ['baseline/zero', 'parity_bayes', 'zero']
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise SpecError(f"{path} is no regular file; give a result record", code="no-regular-file")
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise SpecError(f"{path} is larger than {MAX_RECORD_BYTES / 2**20:g} MiB; give a result record")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"no file {path}; `icl-bench evaluate MODEL` writes one", code="no-file") from None
    except UnicodeDecodeError:
        raise SpecError(
            f"{path} is not text in UTF-8; save it as UTF-8, or give a result record", code="not-text"
        ) from None
    except OSError as error:
        raise SpecError(f"cannot read {path}: {error}; give a result record", code="unreadable") from None
    pointer = pointer_fault(text[:100].encode(), path)
    if pointer:
        raise SpecError(pointer, code="lfs-pointer")
    if not text.lstrip().startswith("{"):  # where the schema would speak of types
        raise SpecError(f"{path} holds no result record; `icl-bench evaluate MODEL` writes one")
    record = parse_record(text, str(path))
    _refuse_quick_look(record, path)
    check_record(record, str(path))
    return record


def _refuse_quick_look(record: ResultRecord, path: Path) -> None:
    try:
        whole = load_suite(record.suite.name).spec.prompts
    except UnknownNameError:
        return
    fewest = min((result.prompts for result in record.tasks.values()), default=whole)
    if fewest < whole:
        raise InputError(
            f"{path} is a quick look at {fewest:,} of {whole:,} prompts; evaluate without a limit",
            code="quick-look",
        )
