"""Short names of tasks, for the columns of a narrow table."""

from collections.abc import Sequence


def short_names(tasks: Sequence[str]) -> dict[str, str]:
    """The initials of each task's words, `SLR` for `sparse_linear_regression`, with numbers whole, `C100` for
    `condition_100`; numbered where two agree, `LR2` or `C100-2`."""
    short: dict[str, str] = {}
    for task in tasks:
        words = (word if word.isdigit() else word[0].upper() for word in task.split("_") if word)
        initials = "".join(words)
        mark = "-" if initials[-1:].isdigit() else ""
        names = (initials, *(f"{initials}{mark}{number}" for number in range(2, len(tasks) + 2)))
        short[task] = next(name for name in names if name not in short.values())
    return short


def legend(tasks: Sequence[str]) -> str:
    """What the short names stand for."""
    return ", ".join(f"{short} {task}" for task, short in short_names(tasks).items())
