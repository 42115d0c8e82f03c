"""Error against context length on a task: its baselines and models as the series of one chart."""

from collections.abc import Collection, Sequence

from icl_bench.baselines.base import BASELINES
from icl_bench.baselines.labels import LabelBaseline
from icl_bench.charts import Chart, Series, baseline_series, error_chart, length_label
from icl_bench.errors import InputError, UnknownNameError
from icl_bench.frozen.anchors import ZERO
from icl_bench.frozen.errors import frozen_baselines, load_errors
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Suite


def task_chart(suite: Suite, task: TaskSpec, series: Sequence[Series], log: bool = False) -> Chart:
    """The chart of a task; InputError where there is nothing to draw."""
    if not series:
        raise InputError(
            f"no errors are frozen for {suite.name}/{task.name} yet; "
            f"run `icl-bench baselines compute {suite.name}`",
            code="not-frozen",
        )
    zero = load_errors(suite, task.name, ZERO)
    level = float(zero.curve.max()) if zero else None
    scored = task.scored_points.in_words("", "the last one is scored", "scored: {}")
    return error_chart(f"{suite.name}/{task.name}", series, level, log, length_label(scored))


def baseline_curves(
    suite: Suite, task: TaskSpec, chosen: Collection[str] = (), full: int = 1
) -> list[Series]:
    """The frozen baselines of a task, all or the chosen ones; a baseline looks the same in every chart.

    full: the score of the predictor that scores are measured against, as the chart says it: 1 or 100.

    UnknownNameError or InputError where a chosen one does not exist, or is not frozen.
    """
    frozen = frozen_baselines(suite, task.name)
    # those of labels come last, so that styles of the others do not depend on them
    entries = sorted(BASELINES.entries().items(), key=lambda entry: issubclass(entry[1], LabelBaseline))
    places = {name: place for place, (name, _) in enumerate(entries)}
    for name in chosen:
        if name not in places:
            raise UnknownNameError("baseline", name, places)
        if name not in frozen:
            raise InputError(
                f"no errors of {name} are frozen for {suite.name}/{task.name} yet; "
                f"run `icl-bench baselines compute {suite.name} --task {task.name} --baseline {name}`",
                code="not-frozen",
            )
    return [
        baseline_series(
            name,
            errors.curve.tolist(),
            task.baseline,
            task.exact,
            mean=errors.mean_error(task),
            prompts=errors.prompts,
            suite_prompts=suite.spec.prompts,
            style=places.get(name) if name not in (task.baseline, task.exact, ZERO) else None,
            full=full,
        )
        for name, errors in frozen.items()
        if not chosen or name in chosen
    ]
