"""Which suites and tasks there are, by name."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_bench.errors import InputError, SpecError, SuiteError, UnknownNameError
from icl_bench.resources import data_folder
from icl_bench.specs.suite import (
    SuiteLock,
    SuiteSpec,
    TaskSpec,
    load_suite_lock,
    load_suite_spec,
    load_task_spec,
)


@dataclass(frozen=True)
class Suite:
    """A suite as its folder declares it."""

    folder: Path
    spec: SuiteSpec
    tasks: dict[str, TaskSpec]  # in the order of the suite

    @property
    def name(self) -> str:
        """The name with its version, as `mini-v1`."""
        return self.spec.name

    @property
    def lock_path(self) -> Path:
        """Where the hashes of the frozen arrays are."""
        return self.folder / "lock.json"

    @property
    def lock_hash(self) -> str:
        """SHA-256 of lock.json: the identity of the frozen suite. SuiteError where it has none."""
        self._refuse_unlocked()
        return hashlib.sha256(self.lock_path.read_bytes()).hexdigest()

    @property
    def arrays_hash(self) -> str:
        """SHA-256 of the lock's hashes of arrays: the same, whichever baselines are frozen beside them."""
        tasks = {name: locked.model_dump(exclude={"rules"}) for name, locked in self.lock.tasks.items()}
        return hashlib.sha256(json.dumps(tasks, sort_keys=True).encode()).hexdigest()

    @property
    def lock(self) -> SuiteLock:
        """The frozen hashes. SuiteError where the suite has none, or those of other tasks."""
        self._refuse_unlocked()
        lock = load_suite_lock(self.folder)
        declared = (self.name, self.spec.prompts, sorted(self.tasks))
        found = (lock.suite, lock.prompts, sorted(lock.tasks))
        if found != declared or not set(lock.baselines) <= set(self.tasks):
            raise SuiteError(
                f"{self.lock_path} locks other tasks or another number of prompts than {self.name} declares; "
                "a suite is never edited: restore its files, or make a new version"
            )
        for name, task in self.tasks.items():
            if lock.tasks[name].rules != rules_hash(self.spec, task):
                raise SuiteError(
                    f"{self.folder / name}.yaml or suite.yaml says otherwise than {self.lock_path} how "
                    f"{name} is drawn or scored; a suite is never edited: restore them, or make a new version"
                )
        return lock

    def task(self, name: str) -> TaskSpec:
        """The task `name`; UnknownNameError with the nearest one."""
        if name not in self.tasks:
            raise UnknownNameError("task", name, self.tasks, self.name)
        return self.tasks[name]

    def _refuse_unlocked(self) -> None:
        if not self.lock_path.is_file():
            raise SuiteError(
                f"suite {self.name} has no lock.json; freeze it with `icl-bench tasks lock {self.name}`"
            )


def rules_hash(suite: SuiteSpec, task: TaskSpec) -> str:
    """SHA-256 of what decides a task's prompts and score, as canonical JSON; descriptions are left out."""
    rules = task.model_dump(exclude={"schema_version", "summary", "exact_note"})
    rules |= {"prompts": suite.prompts, "resamples": suite.resamples}
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def suite_names() -> list[str]:
    """Every suite, sorted by name and then by version."""
    folders = [folder.parent.name for folder in data_folder("tasks").glob("*-v*/suite.yaml")]
    return sorted(folders, key=_family_and_version)


def load_suite(name: str) -> Suite:
    """The suite `mini-v1`, or for `mini` its newest version; UnknownNameError with the nearest name."""
    folder = data_folder("tasks") / _full_name(name)
    spec = load_suite_spec(folder)
    if spec.name != folder.name:
        raise SpecError(f"{folder / 'suite.yaml'}: the suite calls itself {spec.name!r}; rename either")
    return Suite(folder, spec, {task: load_task_spec(folder, task) for task in spec.tasks})


def find_task(name: str) -> tuple[Suite, TaskSpec]:
    """The suite and task named as `paper/linear_regression` or `paper-v1/linear_regression`."""
    suite_name, slash, task_name = name.partition("/")
    if not slash:
        raise InputError(f"{name!r} is not SUITE/TASK; write for example mini/linear_regression")
    suite = load_suite(suite_name)
    return suite, suite.task(task_name)


def chosen_tasks(suite: Suite, tasks: Sequence[str] | None) -> list[str]:
    """The tasks asked for, in the suite's order, each once; all of them for None or an empty list.

    A string is one task's name.
    """
    tasks = [tasks] if isinstance(tasks, str) else tasks
    for name in tasks or ():
        suite.task(name)  # UnknownNameError with the nearest one
    return [name for name in suite.tasks if not tasks or name in tasks]


def _full_name(name: str) -> str:
    names = suite_names()
    newest = {_family_and_version(full)[0]: full for full in names}
    if name not in names and name not in newest:
        raise UnknownNameError("suite", name, [*newest, *names])
    return newest.get(name, name)


def _family_and_version(name: str) -> tuple[str, int]:
    family, _, version = name.rpartition("-v")
    return family, int(version) if version.isdecimal() else -1
