"""Numbers of baselines that are chosen for each task: by the error on its development stream, never on the
prompts that are scored."""

from dataclasses import dataclass

from icl_bench.baselines.base import BASELINES
from icl_bench.frozen.anchors import baseline_errors
from icl_bench.scoring.scores import scored_sums
from icl_bench.specs.schema import parse
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts, generate
from icl_bench.suites.generate import generate_queries


@dataclass(frozen=True)
class Choice:
    """What the candidates of one baseline come to on one task's development stream."""

    baseline: str
    field: str
    errors: dict[float, float]  # the mean error over prompts and scored context lengths of each candidate
    recorded: float  # what the task's `baseline_options` hold, or the default

    @property
    def best(self) -> float:
        """The candidate of least error, the earlier one of equals."""
        return min(self.errors, key=lambda candidate: self.errors[candidate])


def choose(task: TaskSpec, suite_name: str, prompts: int) -> list[Choice]:
    """Try every candidate of every baseline that has them on the first development prompts of a task."""
    xs, ys, _ = generate(task, suite_name, "dev", 0, prompts)
    queries = generate_queries(task, suite_name, "dev", 0, prompts)
    asked = Prompts(task, xs, ys, queries)
    return [
        Choice(
            baseline=name,
            field=field,
            errors={value: _mean_error(name, {field: value}, asked) for value in candidates},
            recorded=getattr(entry.for_task(task), field),
        )
        for name, entry in BASELINES.entries().items()
        for field, candidates in entry.candidates.items()
    ]


def _mean_error(name: str, options: dict[str, float], prompts: Prompts) -> float:
    task, baseline = prompts.task, parse(BASELINES.entries()[name], options, name)
    errors = scored_sums(baseline_errors(baseline, prompts), task.scored_points)
    return float(errors.mean() / task.scored_points.count)
