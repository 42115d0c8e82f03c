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
    steps_to_learn: int | None  # None: not within its steps


@lru_cache(maxsize=1)
def _every_run() -> tuple[FurtherRun, ...]:
    path = data_folder("submissions") / "reference" / _FILE
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(
                FurtherRun(
                    row["task"],
                    row["model"],
                    int(row["seed"]),
                    int(float(row["to_nine_tenths"] or 0)) or None,
                )
                for row in csv.DictReader(file)
            )
    except (KeyError, ValueError) as error:
        raise SpecError(f"{path} cannot be read: {error}; restore it from git") from None


def further_runs(suite: str) -> tuple[FurtherRun, ...]:
    """Those of a suite; SpecError where the file is none."""
    return _every_run() if suite == _SUITE else ()
