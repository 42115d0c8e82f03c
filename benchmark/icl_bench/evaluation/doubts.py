"""What makes a result doubtful although every check passed: too good, good on the frozen prompts alone, or of
a language model that does not answer the question.

A check sees what a predictor does while it is checked. Code that knows the frozen prompts by heart, or peeks
where no check looks, shows in its numbers: no predictor is better than an exact one but for sampling, and
none that learned its task is worse on fresh prompts.
"""

from collections.abc import Iterator

from icl_bench.evaluation.gaps import beyond
from icl_bench.specs.result import Estimate, ResultRecord
from icl_bench.suites import Suite
from icl_bench.views.cells import format_estimate

_SURER = 25  # times rarer by chance than what boards mark, in 2.5% of cases: a predictor is evaluated often


def doubts(record: ResultRecord, suite: Suite) -> list[str]:
    """One line each; none for an honest model, but for one of either kind in a thousandth of cases."""
    return [*_too_good(record, suite), *worse_on_fresh(record), *not_answering(record)]


def above_exact(task: str, optimality: Estimate) -> str:
    """The line for a task on which a result is better than the exact predictor's."""
    return (
        f"{task}: an optimality of {format_estimate(optimality)} is more than any predictor has "
        "that reads the context alone; it knows these prompts, or reads what it has to predict"
    )


def _too_good(record: ResultRecord, suite: Suite) -> Iterator[str]:
    tasks = {name: task for name, task in record.tasks.items() if suite.task(name).exactness == "exact"}
    for name, task in tasks.items():
        if beyond(task.optimality, 1.0, _SURER * len(tasks)):
            yield above_exact(name, task.optimality)


def not_answering(record: ResultRecord) -> Iterator[str]:
    """A line for each task on which the labels hold little of a language model's probability."""
    for name, task in record.tasks.items():
        if not task.answers:
            yield (
                f"{name}: the labels hold {task.label_share:.1%} of the probability; it does not answer the "
                "question, and its score says little"
            )


def worse_on_fresh(record: ResultRecord) -> Iterator[str]:
    """A line for each task on which a Python object was worse on fresh prompts when it was evaluated."""
    checks = {name: task.fresh for name, task in record.tasks.items() if task.fresh is not None}
    for name, check in checks.items():
        if beyond(check.gap, 0.0, _SURER * len(checks)):
            yield (
                f"{name}: its optimality is lower by {format_estimate(check.gap)} on fresh prompts, more "
                "than sampling explains; it may know the frozen ones (evaluate again: others are drawn)"
            )
