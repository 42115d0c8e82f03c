"""What the reference models score on a suite: their recorded results, the seeds of each taken together.

`submissions/reference/<name>/results/<suite>-seed-<n>.json` is what `icl-bench evaluate` wrote of one seed.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from icl_bench.evaluation.record import load_record
from icl_bench.evaluation.references import ZERO
from icl_bench.evaluation.scores import without_estimate
from icl_bench.evaluation.seeds import seeds_estimate
from icl_bench.models.reference import reference_folder, reference_names
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import Suite
from icl_bench.suites.frozen_errors import load_errors


@dataclass(frozen=True)
class ReferenceScore:
    """One reference on one task."""

    model: str
    task: str
    seeds: int
    score: Estimate
    optimality: Estimate


def reference_records(name: str, suite: str) -> list[ResultRecord]:
    """The recorded results of a reference on a suite, by seed; SpecError where a file is no record."""
    files = sorted((reference_folder(name) / "results").glob(f"{suite}-seed-*.json"))
    return [load_record(path) for path in files]


def reference_scores(suite: Suite) -> list[ReferenceScore]:
    """Every reference on every task that it has a recorded result for, in the order of their names."""
    found = []
    for name in reference_names(suite.name):
        errors: dict[str, list[np.ndarray]] = defaultdict(list)
        for record in reference_records(name, suite.name):
            for task, result in record.tasks.items():
                errors[task].append(np.array(result.prompt_errors))
        found += [_score(suite, name, task, errors[task]) for task in suite.tasks if task in errors]
    return found


def _score(suite: Suite, name: str, task: str, seeds: list[np.ndarray]) -> ReferenceScore:
    of = suite.task(task)
    zero = load_errors(suite, task, ZERO)

    def against(base: str) -> Estimate:
        errors = load_errors(suite, task, base)
        if errors is None or zero is None:
            return without_estimate(f"baseline {base} is not frozen for {suite.name}/{task}")
        return seeds_estimate(suite, task, seeds, errors.errors, zero.errors)

    return ReferenceScore(name, task, len(seeds), against(of.baseline), against(of.exact))
