"""The card of a dataset: its definitions, hashes and how to check them, under the Hub's metadata."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from huggingface_hub import DatasetCardData

from icl_bench.hub_dataset.croissant import citation
from icl_bench.hub_dataset.place import Place
from icl_bench.hub_dataset.tables import SPLIT, TABLE, Column, Table
from icl_bench.model_card.markdown import Markdown, code, template
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite

CARD_FILE = "README.md"
LICENCE = "apache-2.0"
_THIS_FOLDER = "PATH/OF/THIS/FOLDER"  # stands for a dataset that is not on the Hub
_SIZES = (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")


def card(suite: Suite, tables: Mapping[str, Table], place: Place | None) -> str:
    """README.md. Every value that the template shows passes `neutral`; a suite's texts are never markup."""
    body = template("dataset_card.md").render(
        name=suite.name,
        summary=suite.spec.summary,
        prompts=Markdown(f"{suite.spec.prompts:,}"),
        dataset=Markdown(_THIS_FOLDER if place is None else place.repo),
        first=Markdown(next(iter(tables))),
        first_hash=Markdown(suite.lock.tasks[next(iter(tables))].xs),
        split=Markdown(SPLIT),
        suite_hash=Markdown(suite.hash),
        lock_hash=Markdown(suite.lock_hash),
        tasks=[_task(suite, task, tables[task.name]) for task in suite.tasks.values()],
        asked_in_text=suite.spec.asked_in == "text",
        citation=Markdown(citation(suite)),
        licence=LICENCE,
        version=Markdown(version("icl-bench")),
    )
    return f"---\n{_metadata(suite, tables).to_yaml()}\n---\n\n{body}"


def _metadata(suite: Suite, tables: Mapping[str, Table]) -> DatasetCardData:
    rows = sum(table.prompts for table in tables.values())
    return DatasetCardData(
        license=LICENCE,
        pretty_name=f"icl-bench {suite.name}",
        size_categories=next((name for end, name in _SIZES if rows < end), "n>1M"),
        tags=["in-context-learning", "benchmark", "synthetic", "icl-bench", suite.name],
        configs=[
            {"config_name": task, "data_files": [{"split": SPLIT, "path": TABLE.format(task=task)}]}
            for task in tables
        ],
    )


def _task(suite: Suite, task: TaskSpec, table: Table) -> dict[str, Any]:
    sizes = task.function_class.model_dump(exclude={"type"})
    return {
        "name": task.name,
        "heading": code(task.name),
        "full_name": code(suite.full_name(task.name)),
        "summary": task.summary,
        "formula": task.function_class.formula,
        "prior": task.function_class.prior,
        "sizes": ", ".join(f"{key} {value}" for key, value in sizes.items()),
        "d": task.function_class.d,
        "k": task.function_class.k,
        "points": task.points,
        "scored": str(task.scored_points),
        "baseline": task.baseline,
        "exact": task.exact,
        "exact_note": task.exact_note,
        "base": task.trained_as,
        "change": None if task.shift is None else task.shift.changes,
        "columns": [
            (code(name), Markdown(column.dtype), Markdown(_shape(column)))
            for name, column in table.columns.items()
        ],
        "hashes": {part: Markdown(digest) for part, digest in suite.lock.tasks[task.name].hashes().items()},
    }


def _shape(column: Column) -> str:
    return " × ".join(map(str, column.shape)) or "one"
