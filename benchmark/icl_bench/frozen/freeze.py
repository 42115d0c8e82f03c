"""Freezing the errors of baselines with a suite: what is missing, and computing it once for all."""

from collections.abc import Sequence

from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.environment import describe_evaluator
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.frozen.anchors import named_anchors
from icl_bench.frozen.compute import BaselineOnTask, computed_errors, describe_libraries
from icl_bench.frozen.errors import errors_path, freeze_errors, load_errors
from icl_bench.suites import Suite
from icl_bench.workers import worker_pool


def missing_baselines(
    suite: Suite, tasks: Sequence[str], baselines: Sequence[str] = (), prompts: int | None = None
) -> list[BaselineOnTask]:
    """What is not frozen yet of the tasks, those of cheap baselines first.

    baselines: every one that serves a task where none is named. prompts: the first so many, all for None; a
    lost file is made again on as many as are locked. Raises UnknownNameError, InputError where a named
    baseline serves none of the tasks or prompts are not between 1 and the suite's, SuiteError where frozen
    errors are not the locked ones.
    """
    count = suite.spec.prompts if prompts is None else prompts
    if not 1 <= count <= suite.spec.prompts:
        raise InputError(
            f"{count} prompts; {suite.name} has {suite.spec.prompts}, give 1 to that many",
            code="prompt-count",
        )
    pairs = []
    for baseline, serving in serving_baselines(suite, tasks, baselines or list(BASELINES.entries())).items():
        if baselines and not serving:
            raise InputError(
                f"baseline {baseline} serves none of {', '.join(tasks)}; name another", code="serves-none"
            )
        for task, instance in serving.items():
            locked = suite.home(task).lock.baselines.get(task, {}).get(baseline)
            if locked is None or not errors_path(suite, task, baseline).exists():
                pairs.append(BaselineOnTask(task, instance, locked.prompts if locked else count))
            else:
                load_errors(suite, task, baseline)
    order = list(suite.tasks)
    return sorted(pairs, key=lambda pair: (not pair.baseline.cheap, order.index(pair.task)))


def needed_baselines(suite: Suite, tasks: Sequence[str], prompts: int | None = None) -> list[BaselineOnTask]:
    """What is not frozen yet of what scores on the tasks need: zero, floor, baseline and exact."""
    names = {task: named_anchors(suite.task(task)) for task in tasks}
    missing = [pair for task in tasks for pair in missing_baselines(suite, [task], names[task], prompts)]
    return sorted(missing, key=lambda pair: not pair.baseline.cheap)


def freeze(
    suite: Suite, pairs: Sequence[BaselineOnTask], workers: int | None = None, quiet: bool = True
) -> None:
    """Compute and freeze the baselines one after the other, each on `workers` processes (None: all cores).

    The bytes do not depend on the number of workers, nor on where an earlier run was cut off.
    Raises SuiteError where one is frozen with other errors, StorageError where nothing can be written.
    """
    if not pairs:
        return
    evaluator, libraries = describe_evaluator(), describe_libraries()
    with worker_pool(workers) as pool:
        for number, pair in enumerate(pairs, start=1):
            with computed_errors(
                suite, pair, pool, f"{number} of {len(pairs)}: {pair.name}", quiet
            ) as errors:
                freeze_errors(suite, pair.task, pair.baseline.type, errors, evaluator, libraries)


def serving_baselines(
    suite: Suite, tasks: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, Baseline]]:
    """The baselines by name and task, where they answer it."""
    serving: dict[str, dict[str, Baseline]] = {name: {} for name in names}
    for name in names:
        for task in tasks:
            try:
                serving[name][task] = get_baseline(name, suite.task(task))
            except (SpecError, UnknownNameError):
                raise
            except InputError:  # it does not serve this task
                continue
    return serving
