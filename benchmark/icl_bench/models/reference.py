"""The reference architectures, shipped as spec files for each suite and with weights where they were trained.

`submissions/reference/specs/<suite>/<name>.yaml` is a reference at the suite's sizes; `<name>.<task>.yaml`
beside it holds for that task instead (the paper's retrieval models are smaller). The weights are in
`submissions/reference/<name>/<task>/`.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from icl_bench.errors import InputError, UnknownNameError
from icl_bench.files import user_path
from icl_bench.models.layout import CONFIG_FILE
from icl_bench.resources import data_folder
from icl_bench.specs.architecture import ArchitectureSpec, load_architecture
from icl_bench.specs.checkpoint import read_config

PREFIX = "reference/"


def reference_names(suite: str) -> list[str]:
    """The names of the references that have a spec for a suite, as `llama`, sorted."""
    stems = [path.stem for path in _specs_folder(suite).glob("*.yaml")]
    return sorted(stem for stem in stems if "." not in stem)


def reference_spec(name: str, suite: str, task: str | None = None) -> ArchitectureSpec:
    """The spec of a reference at a suite's sizes, and at those of one of its tasks where they differ."""
    check_reference(name, suite)
    folder = _specs_folder(suite)
    special = folder / f"{name}.{task}.yaml"
    return load_architecture(special if special.is_file() else folder / f"{name}.yaml")


def reference_folder(name: str) -> Path:
    """The folder that holds a reference's checkpoints, one folder a task; it need not exist."""
    return data_folder("submissions") / "reference" / name


def shipped_tasks(name: str, suite: str, tasks: Sequence[str]) -> list[str]:
    """Those of a suite's tasks that a reference is shipped with weights for."""
    check_reference(name, suite)
    folder = reference_folder(name)
    held = [task for task in tasks if (folder / task / CONFIG_FILE).is_file()]
    return [task for task in held if read_config(folder / task).task == f"{suite}/{task}"]


def check_reference(name: str, suite: str) -> None:
    """UnknownNameError with the nearest name where the suite has no such reference."""
    names = reference_names(suite)
    if name not in names:
        raise UnknownNameError("model", PREFIX + name, [PREFIX + valid for valid in names])


def find_architecture(source: str, suite: str, task: str) -> ArchitectureSpec:
    """The spec that `SPEC` names on the command line: a file, or `reference/NAME` at the task's sizes."""
    if source.startswith(PREFIX):
        return reference_spec(source.removeprefix(PREFIX), suite, task)
    path = user_path(source)
    if not os.path.isfile(path):  # unlike the method, it says no to any name
        raise InputError(f"no spec file {source}; give a YAML file, or one of {_some_references(suite)}")
    return load_architecture(path)


def _some_references(suite: str) -> str:
    return ", ".join(PREFIX + name for name in reference_names(suite))


def _specs_folder(suite: str) -> Path:
    return data_folder("submissions") / "reference" / "specs" / suite
