"""Mean errors of frozen baselines, as the verbs show them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icl_bench.suites import Suite


def frozen_means(suite: "Suite", task: str) -> list[dict[str, Any]]:
    """Each frozen baseline of a task with its mean squared error, the best first; none without a lock.

    `prompts` is on how many of the suite's it was frozen. SuiteError where a file is not the locked one.
    """
    from icl_bench.frozen.errors import frozen_baselines

    if not suite.lock_path.exists():
        return []
    rows = [
        {
            "baseline": name,
            "mean_error": errors.mean_error(suite.task(task)),
            "prompts": errors.prompts,
            "of": suite.spec.prompts,
        }
        for name, errors in frozen_baselines(suite, task).items()
    ]
    return sorted(rows, key=lambda row: row["mean_error"])


def format_mean(row: dict[str, Any]) -> str:
    """A mean error in four digits, with the number of prompts where it is not all of them."""
    fewer = "" if row["prompts"] == row["of"] else f" (first {row['prompts']:,} of {row['of']:,} prompts)"
    return f"{row['mean_error']:.4g}{fewer}"
