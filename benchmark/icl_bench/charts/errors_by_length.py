"""The charts of this benchmark: mean squared error against context length."""

from collections.abc import Sequence

from icl_bench.charts.series import Chart, Number, Numbers, Role, Scale, Series

_HEADROOM = 1.08
_LOG_FLOOR = 1e-5


def error_chart(
    title: str,
    series: Sequence[Series],
    zero_level: Number | None = None,
    log: bool = False,
    x_label: str = "context length",
) -> Chart:
    """Error curves of a task in its own units.

    The y axis ends just above `zero_level`, the largest error of answering 0; what is worse than that leaves
    the frame. A logarithmic axis has room above, and ends at 10⁻⁵ of that level where errors are smaller.
    """
    limit = _HEADROOM * zero_level if zero_level and not log else None
    floor = _LOG_FLOOR * zero_level if zero_level and log else None
    scale: Scale = "log" if log else "linear"
    return Chart(title, x_label, "mean squared error", series, y_scale=scale, y_limit=limit, y_floor=floor)


def length_label(scored: str) -> str:
    """The name of the x axis; `scored` says in words which context lengths are scored where not all are."""
    return f"context length ({scored})" if scored else "context length"


def baseline_series(
    name: str,
    errors: Numbers,
    score_baseline: str,
    exact: str,
    mean: Number | None = None,
    prompts: int | None = None,
    suite_prompts: int | None = None,
    style: int | None = None,
    full: int = 1,
) -> Series:
    """A baseline's errors at context lengths 0, 1, …, with its part in the task and a note.

    `score_baseline` and `exact` are the names of the task's predictors at score 1 and at optimality 1, or at
    `full` where that is 100;
    `prompts` is the number of the suite's prompts that its errors are known on, of `suite_prompts`.
    """
    parts = [f"score {full}"] * (name == score_baseline) + [f"optimality {full}"] * (name == exact)
    extent = ""
    if prompts and suite_prompts and prompts < suite_prompts:
        extent = f"first {prompts:,} of {suite_prompts:,} prompts"
    roles: dict[str, Role] = {"zero": "zero", score_baseline: "baseline", exact: "exact"}
    return Series(
        name,
        range(len(errors)),
        errors,
        role=roles.get(name, "other"),
        note=", ".join(filter(None, [*parts, extent])),
        mean=mean,
        style=style,
        heading=f"{name} ({extent})" if extent else "",
    )
