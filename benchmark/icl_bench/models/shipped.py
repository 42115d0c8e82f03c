"""Architectures that come with icl-bench, as spec files for each suite and with weights where they were
trained: `reference/NAME`, those of the 2024 study, and `zoo/NAME`, mixers of today.

`submissions/<collection>/specs/<suite>/<name>.yaml` is one at the suite's sizes; `<name>.<task>.yaml` beside
it holds for that task instead (retrieval models are smaller, as in the study). Training runs are in
`submissions/<collection>/runs/<suite>/<name>/seed-<seed>/<task>/`, as `icl-bench sweep` lays them: weights of
seed 0, 75 MB in all, which those of the zoo's tasks on `mini-v1` outgrow; `icl-bench reproduce` prints the
command that trains another recorded run, and its hash. An installed package holds the references alone.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icl_bench.errors import InputError, UnknownNameError
from icl_bench.files import user_path
from icl_bench.resources import data_folder, in_a_checkout, specs_folder
from icl_bench.specs.architecture import ArchitectureSpec, load_architecture, parse_architecture
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE
from icl_bench.specs.run_names import RUNS, seed_folder

if TYPE_CHECKING:
    from icl_bench.suites import Suite

REFERENCE, ZOO = "reference", "zoo"
COLLECTIONS = (REFERENCE, ZOO)  # folders in `submissions`, and what names begin with

SpecSource = str | Path | Mapping[str, Any] | ArchitectureSpec


def collection_of(name: str) -> str | None:
    """The collection that a model's name is of, as `zoo` of `zoo/deltanet`; None where it is of none."""
    collection, slash, _ = name.partition("/")
    return collection if slash and collection in COLLECTIONS else None


def bare_name(name: str) -> str:
    """A model's name without its collection, as in its spec; another name as it is."""
    return name if collection_of(name) is None else name.partition("/")[2]


def shipped_names(collection: str, suite: str) -> list[str]:
    """The names of a collection that have a spec for a suite, as `zoo/deltanet`, sorted."""
    stems = [path.stem for path in specs_folder(suite, collection).glob("*.yaml")]
    return sorted(f"{collection}/{stem}" for stem in stems if "." not in stem)


def suite_models(suite: "Suite", collections: Sequence[str] = COLLECTIONS) -> list[str]:
    """The names of those whose checkpoints answer tasks of a suite, by collection and sorted: its own, and
    those of the suites that its variants and the tasks that it lists were trained on."""
    return [
        name
        for collection in collections
        for name in sorted(
            {name for suite in suite.training_suites for name in shipped_names(collection, suite)}
        )
    ]


def shipped_spec(name: str, suite: str, task: str | None = None) -> ArchitectureSpec:
    """The spec of a shipped model at a suite's sizes, and at those of one of its tasks where they differ."""
    return load_architecture(shipped_spec_file(name, suite, task))


def shipped_spec_file(name: str, suite: str, task: str | None = None) -> Path:
    """The file that holds `shipped_spec`; UnknownNameError where the suite has no such model."""
    collection = collection_of(name) or REFERENCE
    _check_name(name, shipped_names(collection, suite))
    folder = specs_folder(suite, collection)
    special = folder / f"{bare_name(name)}.{task}.yaml"
    return special if special.is_file() else folder / f"{bare_name(name)}.yaml"


def shipped_runs(name: str, suite: str, seed: int = 0) -> Path:
    """The folder that holds a model's training runs of a seed, one folder a task; it need not exist."""
    collection = collection_of(name) or REFERENCE
    return seed_folder(data_folder("submissions") / collection / RUNS, suite, bare_name(name), seed)


def task_spec(name: str, suite: "Suite", task: str) -> ArchitectureSpec:
    """The spec of a shipped model that answers a task of a suite: that of the task it was trained on."""
    return shipped_spec(name, *suite.trained_as(task).split("/"))


def shipped_tasks(name: str, suite: "Suite") -> list[str]:
    """Those of a suite's tasks that a model is shipped with weights for, of seed 0."""
    check_shipped(name, suite)
    return [task for task in suite.tasks if (shipped_folder(name, suite, task) / WEIGHTS_FILE).is_file()]


def shipped_folder(name: str, suite: "Suite", task: str, seed: int = 0) -> Path:
    """The folder of the training run that answers a task of a suite; it need not exist."""
    trained_suite, base = suite.trained_as(task).split("/")
    return shipped_runs(name, trained_suite, seed) / base


def shipped_folders(name: str, suite: "Suite", tasks: Sequence[str]) -> dict[str, Path]:
    """By task, the folder of the shipped checkpoint that answers it; InputError where none has any."""
    check_shipped(name, suite)
    places = {task: shipped_folder(name, suite, task) for task in tasks}
    folders = {task: folder for task, folder in places.items() if (folder / WEIGHTS_FILE).is_file()}
    if not folders:
        where = suite.name if len(tasks) > 1 else suite.trained_as(tasks[0])
        raise InputError(
            f"{name} is shipped without weights for {where}; train it with `icl-bench train {name} "
            f"{suite.trained_as(tasks[0])}`",
            code="no-weights",
        )
    return folders


def check_shipped(name: str, suite: "Suite") -> None:
    """UnknownNameError with the nearest name where no such model answers the suite."""
    _check_name(name, suite_models(suite))


def _check_name(name: str, names: Sequence[str]) -> None:
    if name in names:
        return
    if collection_of(name) == ZOO and not in_a_checkout():
        raise InputError(
            f"the zoo does not come with the installed package; ask for {name} in a checkout of icl-bench's "
            "repository",
            code="not-a-checkout",
        )
    if elsewhere := _suites_of(name):
        raise InputError(
            f"{name} is no model of this suite; it is one of {', '.join(elsewhere)}: give --suite "
            f"{elsewhere[0]}",
            code="no-model-of-suite",
        )
    raise UnknownNameError("model", name, names)


def _suites_of(name: str) -> list[str]:
    """The suites that have specs of a model that comes with icl-bench."""
    collection = collection_of(name)
    if collection is None:
        return []
    specs = (data_folder("submissions") / collection / "specs").glob("*/*.yaml")
    return sorted(path.parent.name for path in specs if path.stem == bare_name(name))


def find_architecture(source: SpecSource, suite: str, task: str) -> ArchitectureSpec:
    """The spec of a source: a file, its content, or the name of a shipped model, at the task's sizes."""
    if isinstance(source, ArchitectureSpec):
        return source
    if isinstance(source, Mapping):
        return parse_architecture(dict(source), "the spec")
    source = str(source)
    if collection_of(source) is not None:
        return shipped_spec(source, suite, task)
    path = user_path(source)
    if not os.path.isfile(path):  # unlike the method, it says no to any name
        some = [name for collection in COLLECTIONS for name in shipped_names(collection, suite)]
        raise InputError(
            f"no spec file {source}; give a YAML file, or one of {', '.join(some)}", code="no-spec"
        )
    return load_architecture(path)
