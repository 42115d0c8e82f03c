"""Which suites and tasks there are, by name."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from icl_bench.errors import InputError, SpecError, SuiteError, UnknownNameError
from icl_bench.resources import data_folder, own_suites_folder
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
    tasks: dict[str, TaskSpec]  # by name, in the order of the suite
    homes: dict[str, "Suite"] = field(default_factory=dict)  # of tasks that other suites own, by task

    @property
    def name(self) -> str:
        """The name with its version, as `mini-v1`."""
        return self.spec.name

    def task(self, name: str) -> TaskSpec:
        """The task `name`; UnknownNameError with the nearest one."""
        if name not in self.tasks:
            raise UnknownNameError("task", name, self.tasks, self.name)
        return self.tasks[name]

    def home(self, task: str) -> "Suite":
        """The suite that owns a task: its prompts, frozen errors and resamples are of that one."""
        return self.homes.get(task, self)

    def full_name(self, task: str) -> str:
        """The identity of a task, wherever it is listed: `mini-v1/linear_regression`."""
        return f"{self.home(task).name}/{task}"

    def trained_as(self, task: str) -> str:
        """The task, as SUITE/TASK, whose checkpoints answer this one: itself, or what it is a variant of."""
        return self.tasks[task].trained_as or self.full_name(task)

    def checkpoint_folder(self, task: str) -> str:
        """The name of the folder of the checkpoints that answer a task: the task they were trained on."""
        return self.trained_as(task).partition("/")[2]

    def answered_from(self, folder: str) -> list[str]:
        """The tasks that the checkpoints in a folder of that name answer: a base and its variants."""
        return [task for task in self.tasks if self.checkpoint_folder(task) == folder]

    @property
    def checkpoint_folders(self) -> list[str]:
        """The names of the folders of checkpoints that answer its tasks, each once."""
        return list(dict.fromkeys(map(self.checkpoint_folder, self.tasks)))

    @property
    def training_suites(self) -> list[str]:
        """The suites whose checkpoints answer its tasks, each once."""
        return list(dict.fromkeys(self.trained_as(task).partition("/")[0] for task in self.tasks))

    @property
    def lock_path(self) -> Path:
        """Where the hashes of the frozen arrays are."""
        return self.folder / "lock.json"

    @property
    def lock_hash(self) -> str:
        """SHA-256 of the lock's content, every frozen baseline in it. SuiteError where it has none."""
        return self.lock.sha256

    @property
    def arrays_hash(self) -> str:
        """SHA-256 of the lock's hashes of arrays: the same, whichever baselines are frozen beside them."""
        arrays = {task: dict(lock.hashes()) for task, lock in self.lock.tasks.items()}
        for hashes in arrays.values():
            del hashes["rules"]
            hashes.pop("texts", None)
        return _json_hash(arrays)

    @property
    def hash(self) -> str:
        """SHA-256 to cite: of the prompts, the rules of the scores, and the frozen errors of the predictors
        that scores are measured between. It stays the same when errors of another baseline are frozen.
        """
        homes = {home.name: home for home in map(self.home, self.tasks)}
        locks = {name: home.lock for name, home in homes.items()}  # each is read once
        return _json_hash({task: self._hashes(task, locks[self.home(task).name]) for task in self.tasks})

    def _hashes(self, task: str, lock: SuiteLock) -> dict[str, str]:
        locked, spec = lock.baselines.get(task, {}), self.tasks[task]
        errors = {
            f"errors.{name}": locked[name].sha256
            for name in ("zero", spec.baseline, spec.exact)
            if name in locked
        }
        return {**lock.tasks[task].hashes(), **errors}

    @cached_property
    def _rules(self) -> dict[str, str]:
        """The hash of what decides the prompts and score of each task."""
        return {name: rules_hash(self.home(name).spec, task) for name, task in self.tasks.items()}

    @property
    def lock(self) -> SuiteLock:
        """The frozen hashes. SuiteError where the suite has none, or those of other tasks."""
        if not self.lock_path.is_file():
            raise SuiteError(
                f"suite {self.name} has no lock.json; freeze it with `icl-bench tasks lock {self.name}`",
                code="no-lock",
            )
        lock = load_suite_lock(self.folder)
        declared = (self.name, self.spec.prompts, sorted(self.tasks))
        locked = (lock.suite, lock.prompts, sorted(lock.tasks))
        if locked != declared or not set(lock.baselines) <= set(self.tasks):
            raise SuiteError(
                f"{self.lock_path} locks other tasks or another number of prompts than {self.name} declares; "
                "a suite is never edited: restore its files, or make a new version",
                code="lock-differs",
            )
        for name, rules in self._rules.items():
            if lock.tasks[name].rules != rules:
                file = self.home(name).folder / f"{name}.yaml"
                raise SuiteError(
                    f"{file} or suite.yaml says otherwise than {self.lock_path} how {name} is drawn or "
                    "scored; a suite is never edited: restore them, or make a new version",
                    code="rules-changed",
                )
        for name, home in self.homes.items():
            if lock.tasks[name] != home.lock.tasks[name]:
                raise SuiteError(
                    f"{self.lock_path} locks other prompts of {name} than {home.lock_path}; "
                    "a suite is never edited: restore both",
                    code="lock-differs",
                )
        return lock


def rules_hash(suite: SuiteSpec, task: TaskSpec) -> str:
    """SHA-256 of what decides a task's prompts and score, as canonical JSON; descriptions are left out."""
    return _json_hash(task.locked_form() | {"prompts": suite.prompts, "resamples": suite.resamples})


def _json_hash(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def suite_names() -> list[str]:
    """Every suite, sorted by name and then by version."""
    return sorted(_folders(), key=_family_and_version)


def _folders() -> dict[str, Path]:
    """The folders of suites, those of this installation and one's own; SuiteError for a name in both."""
    own = own_suites_folder()
    folders = {file.parent.name: file.parent for file in data_folder("tasks").glob("*-v*/suite.yaml")}
    for file in sorted(own.glob("*-v*/suite.yaml")) if own else ():
        if file.parent.name in folders:
            raise SuiteError(
                f"{file.parent} is called as {folders[file.parent.name]}; rename it, or make another version",
                code="suite-twice",
            )
        folders[file.parent.name] = file.parent
    return folders


def load_suite(name: str) -> Suite:
    """A frozen suite: its tasks, their rules, and where the hashes of their prompts are.

    Args:
        name: with its version, as `mini-v1`, or without, as `mini`, for the newest one.

    Raises UnknownNameError, with the nearest name, where there is no such suite, and SpecError where a file
    of it, or of a suite whose tasks it lists, is not as it should be.

    >>> suite = icl_bench.load_suite("mini")
    >>> suite.name, suite.spec.prompts, suite.tasks["linear_regression"].points
    ('mini-v1', 2048, 11)
    """
    folder = _folders()[_full_name(name)]
    spec = load_suite_spec(folder)
    if spec.name != folder.name:
        raise SpecError(
            f"{folder / 'suite.yaml'}: the suite calls itself {spec.name!r}; rename either", code="other-name"
        )
    tasks: dict[str, TaskSpec] = {}
    homes: dict[str, Suite] = {}
    owners: dict[str, Suite] = {}
    for listed in spec.tasks:
        owner, slash, task = listed.rpartition("/")
        if task in tasks:
            raise SpecError(
                f"{folder / 'suite.yaml'}: the task {task} is listed twice; keep one of them",
                code="listed-twice",
            )
        if slash:
            owners[owner] = homes[task] = owners.get(owner) or _owner(owner, spec, folder)
            if task not in homes[task].tasks or task in homes[task].homes:
                raise SpecError(
                    f"{folder / 'suite.yaml'}: {owner} owns no task {task}; name the suite that does",
                    code="no-such-task",
                )
        tasks[task] = homes[task].tasks[task] if slash else load_task_spec(folder, task, _base_task)
    return Suite(folder, spec, tasks, homes)


def _base_task(full_name: str) -> TaskSpec:
    """The task that a variant is `trained_as`; SpecError where there is none of that name."""
    suite, _, task = full_name.partition("/")
    folder = _folders().get(suite)
    if folder is None or Path(task).name != task or not (folder / f"{task}.yaml").is_file():
        raise SpecError(
            f"trained_as: there is no task {full_name!r:.80}; name the task that models are trained on, as "
            "`mini-v1/linear_regression`",
            code="no-base",
        )
    return load_task_spec(folder, task, _refused_base)


def _refused_base(full_name: str) -> TaskSpec:
    raise SpecError(
        f"trained_as: that task is a variant of {full_name!r:.80}; name the task that models are trained on",
        code="variant-of-variant",
    )


def _owner(name: str, suite: SuiteSpec, folder: Path) -> Suite:
    """A suite whose tasks another one lists; its scores have to be computed in the same way."""
    place = folder / "suite.yaml"
    others = [other for other in suite_names() if other != suite.name]
    if name not in others:
        raise SpecError(f"{place}: {UnknownNameError('suite', name, others)}", code="no-such-suite")
    owner = load_suite(name)
    if (owner.spec.prompts, owner.spec.resamples) != (suite.prompts, suite.resamples):
        raise SpecError(
            f"{place}: {name} has {owner.spec.prompts} prompts and {owner.spec.resamples} resamples; "
            "a suite that lists its tasks has as many",
            code="scored-otherwise",
        )
    return owner


def find_task(name: str) -> tuple[Suite, TaskSpec]:
    """The task named as `paper/linear_regression` or `paper-v1/linear_regression`; the suite that owns it."""
    suite_name, slash, task_name = name.partition("/")
    if not slash:
        raise InputError(
            f"{name!r} is not SUITE/TASK; write for example mini/linear_regression", code="not-suite-task"
        )
    suite = load_suite(suite_name)
    task = suite.task(task_name)
    return suite.home(task_name), task


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
