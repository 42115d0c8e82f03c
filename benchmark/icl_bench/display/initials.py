"""Short names of tasks, for the columns of a narrow table."""

from collections.abc import Sequence


def short_names(tasks: Sequence[str]) -> dict[str, str]:
    """The initials of each task's words, `SLR` for `sparse_linear_regression`; numbered where two agree."""
    short: dict[str, str] = {}
    for task in tasks:
        initials = "".join(word[0] for word in task.split("_") if word).upper()
        taken = sum(other.rstrip("0123456789") == initials for other in short.values())
        short[task] = f"{initials}{taken + 1}" if taken else initials
    return short


def legend(tasks: Sequence[str]) -> str:
    """What the short names stand for."""
    return ", ".join(f"{short} {task}" for task, short in short_names(tasks).items())
