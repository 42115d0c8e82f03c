"""Prints how large a gap to fresh prompts is flagged on each task: python tests/statistics/fresh_gaps.py

In units of optimality, on mini-v1, for a model with six tasks, the median over the twelve references: before,
by the ratio of errors (fresh records of schema 1), and now, with errors of the exact predictor and of zero
taken out (schema 2). A model's errors on the frozen prompts stand for those on fresh ones, which are draws of
the same distribution.
"""

import numpy as np

from icl_bench.evaluation.gaps import PromptSample, optimality_gap, ratio_gap
from icl_bench.frozen.anchors import suite_anchors
from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.records.store import board_records
from icl_bench.specs.result import Estimate
from icl_bench.suites import Suite, load_suite

KEYS = ("frozen", "fresh")
WIDER = 2.638 / 1.960  # for one of six tasks, as `beyond_sampling_error` widens


def flagged(suite: Suite, task: str, references: int = 12) -> tuple[float, float]:
    """The smallest gap that is flagged, before and now, the median over the first references."""
    anchors = suite_anchors(suite, suite.task(task))
    zero, exact = anchors.zero.errors, anchors.exact.errors
    share = float((zero - exact).sum() / zero.sum())  # of the error of answering 0 that can be gained
    smallest = []
    for name in list(reference_names(suite.name))[:references]:
        result = board_records(PREFIX + name, suite)[0].tasks[task]
        sample = PromptSample(np.array(result.prompt_errors), zero, exact)
        before, now = (gap(sample, sample, suite.spec.resamples, KEYS) for gap in (ratio_gap, optimality_gap))
        smallest.append((_below(before) * WIDER / share, _below(now) * WIDER))
    before, now = np.median(smallest, axis=0)
    return float(before), float(now)


def _below(gap: Estimate) -> float:
    assert gap.value is not None
    assert gap.low is not None
    return gap.value - gap.low


def main() -> None:
    """Print the table."""
    suite = load_suite("mini")
    print("| task | before | now |\n| --- | --- | --- |")
    for task in suite.tasks:
        before, now = flagged(suite, task)
        print(f"| {task} | {before:.4f} | {now:.4f} |")


if __name__ == "__main__":
    main()
