"""Training runs of the references whose weights are not kept, as `runs_without_weights.csv` lists them.

They are known on development prompts alone and decide nothing on a board.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache

from icl_bench.errors import SpecError
from icl_bench.resources import data_folder

_SUITE = "mini-v1"  # that all of them were trained for
_FILE = "runs_without_weights.csv"


@dataclass(frozen=True)
class FurtherRun:
    """One of them: its reference, without prefix, and the step at which it passed an optimality of 0.9."""

    task: str
    model: str
    seed: int
    optimality: float  # at the end, on development prompts
    steps_to_learn: int | None  # None: not within its steps


@lru_cache(maxsize=1)
def _every_run() -> tuple[FurtherRun, ...]:
    path = data_folder("submissions") / "reference" / _FILE
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if not {"task", "model", "seed", "optimality", "to_nine_tenths"} <= set(reader.fieldnames or ()):
                raise ValueError("its first line lacks columns")
            return tuple(_run(row, reader.line_num) for row in reader)
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"cannot read {path}: {reason}; restore it from git", code="damaged-runs") from None


def _run(row: dict[str, str], line: int) -> FurtherRun:
    """ValueError where a row has more or fewer fields than there are columns, or no numbers in its own."""
    if None in row or None in row.values():
        raise ValueError(f"line {line} is not whole")
    step = int(float(row["to_nine_tenths"])) if row["to_nine_tenths"] else None
    return FurtherRun(row["task"], row["model"], int(row["seed"]), float(row["optimality"]), step)


def further_runs(suite: str) -> tuple[FurtherRun, ...]:
    """Those of a suite; SpecError where the file is none."""
    return _every_run() if suite == _SUITE else ()
