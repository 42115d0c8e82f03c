"""A suite as the folder of a dataset, whole or not at all."""

from pathlib import Path

from icl_bench.errors import StorageError
from icl_bench.files import check_folder_place, whole_folder
from icl_bench.hub_dataset.benchmark_file import BENCHMARK_FILE, benchmark_file
from icl_bench.hub_dataset.card import CARD_FILE, card
from icl_bench.hub_dataset.croissant import CROISSANT_FILE, croissant
from icl_bench.hub_dataset.place import Place
from icl_bench.hub_dataset.tables import TABLE, write_table
from icl_bench.progress import progress
from icl_bench.suites import Suite

ALL_TABLES = TABLE.format(task="*")


def write_dataset(suite: Suite, folder: Path, place: Place | None = None, quiet: bool = True) -> list[str]:
    """Write Parquet files of every task, the card, `croissant.json` and `eval.yaml`; the paths in the folder.

    The prompts are generated again and compared with the lock. The same suite, place and libraries give the
    same bytes. A dataset of icl-bench that is there is replaced; StorageError where something else is, or
    the folder cannot be written; SuiteError where the prompts are not as locked. Nothing changes then.
    """
    suite.lock_hash  # noqa: B018  SuiteError where it has no lock
    check_folder_place(folder)
    _check_ours(folder)
    with (
        whole_folder(folder) as part,
        progress(f"writing {suite.name}", len(suite.tasks), quiet) as advance,
    ):
        tables = {}
        for done, task in enumerate(suite.tasks.values(), start=1):
            tables[task.name] = write_table(suite, task, part / TABLE.format(task=task.name))
            advance(done, task.name)
        texts = {
            CARD_FILE: card(suite, tables, place),
            CROISSANT_FILE: croissant(suite, tables, place),
            BENCHMARK_FILE: benchmark_file(suite),
        }
        for name, text in texts.items():
            (part / name).write_bytes(text.encode())
        return [*texts, *(TABLE.format(task=task) for task in tables)]


def _check_ours(folder: Path) -> None:
    """StorageError where a folder holds anything that is not of such a dataset: it would be lost."""
    if not folder.is_dir():
        return
    ours = {CARD_FILE, CROISSANT_FILE, BENCHMARK_FILE}
    tables = {path.parent.name for path in folder.glob(ALL_TABLES)}
    others = [path.name for path in folder.iterdir() if path.name not in ours | tables]
    others += [
        path.name for name in tables for path in (folder / name).iterdir() if path.name != "eval.parquet"
    ]
    whole = ours <= {path.name for path in folder.iterdir()}
    if others or (not whole and any(folder.iterdir())):
        raise StorageError(
            f"{folder} holds other files than a dataset of icl-bench; name a new folder, or empty it",
            code="not-a-dataset-folder",
        )
