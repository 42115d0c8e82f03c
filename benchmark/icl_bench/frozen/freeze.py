"""Freezing the errors of baselines with a suite: what is missing, and computing it once for all."""

from collections.abc import Sequence

from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.environment import describe_evaluator
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.frozen.anchors import named_anchors
from icl_bench.frozen.compute import Entry, computed_errors, describe_libraries
from icl_bench.frozen.errors import errors_path, freeze_errors, load_errors
from icl_bench.suites import Suite
from icl_bench.workers import worker_pool


def missing_entries(
    suite: Suite, tasks: Sequence[str], baselines: Sequence[str] = (), prompts: int | None = None
) -> list[Entry]:
    """What is not frozen yet of the tasks, those of cheap baselines first.

    baselines: every one that serves a task where none is named. prompts: the first so many, all for None; a
    lost file is made again on as many as are locked. Raises UnknownNameError, InputError where a named
    baseline serves none of the tasks or prompts are not between 1 and the suite's, SuiteError where frozen
    errors are not the locked ones.
    """
    count = suite.spec.prompts if prompts is None else prompts
    if not 1 <= count <= suite.spec.prompts:
        raise InputError(f"{count} prompts; {suite.name} has {suite.spec.prompts}, give 1 to that many")
    entries = []
    for baseline, serving in serving_baselines(suite, tasks, baselines or list(BASELINES.entries())).items():
        if baselines and not serving:
            raise InputError(f"baseline {baseline} serves none of {', '.join(tasks)}; name another")
        for task, made in serving.items():
            locked = suite.home(task).lock.baselines.get(task, {}).get(baseline)
            if locked is None or not errors_path(suite, task, baseline).exists():
                entries.append(Entry(task, made, locked.prompts if locked else count))
            else:
                load_errors(suite, task, baseline)
    order = list(suite.tasks)
    return sorted(entries, key=lambda entry: (not entry.baseline.cheap, order.index(entry.task)))


def needed_entries(suite: Suite, tasks: Sequence[str], prompts: int | None = None) -> list[Entry]:
    """What is not frozen yet of the predictors that scores on the tasks need: zero, baseline and exact."""
    names = {task: named_anchors(suite.task(task)) for task in tasks}
    found = [entry for task in tasks for entry in missing_entries(suite, [task], names[task], prompts)]
    return sorted(found, key=lambda entry: not entry.baseline.cheap)


def freeze(suite: Suite, entries: Sequence[Entry], workers: int | None = None, quiet: bool = True) -> None:
    """Compute and freeze the entries one after the other, each on `workers` processes (None: all cores).

    The bytes do not depend on the number of workers, nor on where an earlier run was cut off.
    Raises SuiteError where an entry is frozen with other errors, StorageError where nothing can be written.
    """
    if not entries:
        return
    evaluator, libraries = describe_evaluator(), describe_libraries()
    with worker_pool(workers) as pool:
        for number, entry in enumerate(entries, start=1):
            with computed_errors(
                suite, entry, pool, f"{number} of {len(entries)}: {entry.name}", quiet
            ) as errors:
                freeze_errors(suite, entry.task, entry.baseline.type, errors, evaluator, libraries)


def serving_baselines(
    suite: Suite, tasks: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, Baseline]]:
    """The baselines by name and task, where they answer it."""
    found: dict[str, dict[str, Baseline]] = {name: {} for name in names}
    for name in names:
        for task in tasks:
            try:
                found[name][task] = get_baseline(name, suite.task(task))
            except (SpecError, UnknownNameError):
                raise
            except InputError:  # it does not serve this task
                continue
    return found
