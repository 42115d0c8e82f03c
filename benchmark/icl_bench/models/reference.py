"""The reference architectures, shipped as spec files for each suite and with weights where they were trained.

`submissions/reference/specs/<suite>/<name>.yaml` is a reference at the suite's sizes; `<name>.<task>.yaml`
beside it holds for that task instead (the paper's retrieval models are smaller). Training runs are in
`submissions/reference/runs/<suite>/<name>/seed-<seed>/<task>/`, as `icl-bench sweep` lays them: weights of
seed 0, and those of other seeds where they are small.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icl_bench.errors import InputError, UnknownNameError
from icl_bench.files import user_path
from icl_bench.resources import data_folder, specs_folder
from icl_bench.specs.architecture import ArchitectureSpec, load_architecture, parse_architecture
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE
from icl_bench.specs.run_names import RUNS, seed_folder

if TYPE_CHECKING:
    from icl_bench.suites import Suite

PREFIX = "reference/"
REFERENCE_FOLDER = "reference"  # in the folder `submissions`

SpecSource = str | Path | Mapping[str, Any] | ArchitectureSpec


def reference_names(suite: str) -> list[str]:
    """The names of the references that have a spec for a suite, as `llama`, sorted."""
    stems = [path.stem for path in specs_folder(suite).glob("*.yaml")]
    return sorted(stem for stem in stems if "." not in stem)


def suite_references(suite: "Suite") -> list[str]:
    """The names of the references whose checkpoints answer tasks of a suite, sorted: its own, and those of
    the suites that its variants and the tasks that it lists were trained on."""
    return sorted({name for trained in suite.training_suites for name in reference_names(trained)})


def reference_spec(name: str, suite: str, task: str | None = None) -> ArchitectureSpec:
    """The spec of a reference at a suite's sizes, and at those of one of its tasks where they differ."""
    return load_architecture(reference_spec_file(name, suite, task))


def reference_spec_file(name: str, suite: str, task: str | None = None) -> Path:
    """The file that holds `reference_spec`; UnknownNameError where the suite has no such reference."""
    _check_name(name, reference_names(suite))
    special = specs_folder(suite) / f"{name}.{task}.yaml"
    return special if special.is_file() else specs_folder(suite) / f"{name}.yaml"


def reference_folder(name: str) -> Path:
    """The folder that holds what is recorded of a reference; it need not exist."""
    return data_folder("submissions") / REFERENCE_FOLDER / name


def reference_runs(name: str, suite: str, seed: int = 0) -> Path:
    """The folder that holds a reference's training runs of a seed, one folder a task; it need not exist."""
    return seed_folder(reference_folder(RUNS), suite, name, seed)


def task_reference_spec(name: str, suite: "Suite", task: str) -> ArchitectureSpec:
    """The spec of a reference that answers a task of a suite: that of the task it was trained on."""
    return reference_spec(name, *suite.trained_as(task).split("/"))


def shipped_tasks(name: str, suite: "Suite") -> list[str]:
    """Those of a suite's tasks that a reference is shipped with weights for, of seed 0."""
    check_reference(name, suite)
    return [task for task in suite.tasks if (shipped_folder(name, suite, task) / WEIGHTS_FILE).is_file()]


def shipped_folder(name: str, suite: "Suite", task: str, seed: int = 0) -> Path:
    """The folder of the training run that answers a task of a suite; it need not exist."""
    trained_suite, base = suite.trained_as(task).split("/")
    return reference_runs(name, trained_suite, seed) / base


def shipped_folders(name: str, suite: "Suite", tasks: Sequence[str]) -> dict[str, Path]:
    """By task, the folder of the shipped checkpoint that answers it; InputError where none has any."""
    check_reference(name, suite)
    places = {task: shipped_folder(name, suite, task) for task in tasks}
    folders = {task: folder for task, folder in places.items() if (folder / WEIGHTS_FILE).is_file()}
    if not folders:
        where = suite.name if len(tasks) > 1 else suite.trained_as(tasks[0])
        raise InputError(
            f"{PREFIX}{name} is shipped without weights for {where}; "
            f"train it with `icl-bench train {PREFIX}{name} {suite.trained_as(tasks[0])}`",
            code="no-weights",
        )
    return folders


def check_reference(name: str, suite: "Suite") -> None:
    """UnknownNameError with the nearest name where no such reference answers the suite."""
    _check_name(name, suite_references(suite))


def _check_name(name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise UnknownNameError("model", PREFIX + name, [PREFIX + valid for valid in names])


def find_architecture(source: SpecSource, suite: str, task: str) -> ArchitectureSpec:
    """The spec of a source: a file, its content, or `reference/NAME` at the task's sizes."""
    if isinstance(source, ArchitectureSpec):
        return source
    if isinstance(source, Mapping):
        return parse_architecture(dict(source), "the spec")
    source = str(source)
    if source.startswith(PREFIX):
        return reference_spec(source.removeprefix(PREFIX), suite, task)
    path = user_path(source)
    if not os.path.isfile(path):  # unlike the method, it says no to any name
        raise InputError(
            f"no spec file {source}; give a YAML file, or one of {_some_references(suite)}", code="no-spec"
        )
    return load_architecture(path)


def _some_references(suite: str) -> str:
    return ", ".join(PREFIX + name for name in reference_names(suite))
