"""Where result records lie, and how their files are named.

Beside a submission or a reference lie its recorded results, `results/<suite>-seed-<n>.json`, those on prompts
drawn later, `results/<suite>-seed-<n>.fresh.json`, what probes measured,
`results/<suite>-seed-<n>.probes.json`, and those that were replaced, in
`results/superseded/<revision[:12]>/`, each with the reason in `<suite>-seed-<n>.reason.txt`.
"""

from pathlib import Path
from typing import NamedTuple

from icl_bench.specs.run_names import split_run_name

RESULTS, SUPERSEDED = "results", "superseded"
RECORD_ENDING, FRESH_ENDING, REASON_ENDING = ".json", ".fresh.json", ".reason.txt"
PROBES_ENDING = ".probes.json"


def record_file(run: str, fresh: bool = False) -> str:
    """The file name of the record of a run, as `mini-v1-seed-0`."""
    return run + (FRESH_ENDING if fresh else RECORD_ENDING)


def reason_file(run: str) -> str:
    """The file name of why a run's record was replaced, which lies beside it."""
    return run + REASON_ENDING


class RecordedFile(NamedTuple):
    """The record of a run on a suite."""

    suite: str
    seed: int
    run: str
    path: Path


def recorded_files(results: Path, fresh: bool = False) -> list[RecordedFile]:
    """The record files of a folder, suites by name and their seeds by number."""
    ending = FRESH_ENDING if fresh else RECORD_ENDING
    files = {path.name.removesuffix(ending): path for path in results.glob(f"*{ending}")}
    runs = {run: split_run_name(run) for run in files}
    return sorted(RecordedFile(*parts, run, files[run]) for run, parts in runs.items() if parts is not None)
