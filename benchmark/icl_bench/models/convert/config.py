"""The configuration that earlier code wrote beside its checkpoints, read as plain data, never constructed."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from icl_bench.errors import CheckpointError, UnknownNameError
from icl_bench.specs.lfs_pointer import pointer_fault
from icl_bench.specs.plain_yaml import MAX_BYTES, PlainYAMLError, load_plain
from icl_bench.specs.suite import TaskSpec
from icl_bench.specs.text import shown

NAMES = ("config.yaml", "config.yml")
_CURRICULUM = b"!curriculum"  # the one tag of the formats, on mappings of numbers


class Section:
    """A mapping of a configuration. Faults are CheckpointError, and say where they are."""

    def __init__(self, values: Mapping[str, Any], source: str, place: str = "") -> None:
        self.source = source
        self._values = values
        self._place = place

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, whatever it is."""
        return self._values.get(key, default)

    def number(self, key: str) -> int | float | None:
        """The value of a key where it is a finite number, else None."""
        value = self._values.get(key)
        finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return value if finite else None

    def section(self, key: str) -> "Section":
        """The mapping below a key; an empty one where the key is missing or empty."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, dict):
            raise CheckpointError(
                f"{self.source}: {self._place + key} is not a mapping; give the run's own file",
                code="run-config",
            )
        return Section(value or {}, self.source, f"{self._place}{key}.")

    def whole(self, key: str) -> int:
        """A positive whole number that must be there."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise CheckpointError(
                f"{self.source}: {self._place + key} is {shown(str(value))}, not a number of units; "
                "give the run's own file",
                code="run-config",
            )
        return value

    def epsilon(self, key: str, default: float) -> float:
        """What a norm adds to what it takes the root of: a small number."""
        value = self._values.get(key, default)
        if not isinstance(value, float) or not 1e-12 <= value <= 1:
            raise CheckpointError(
                f"{self.source}: {self._place + key} is {shown(str(value))}, not a small number; correct it",
                code="run-config",
            )
        return value

    def check_known(self, known: Collection[str]) -> None:
        """Refuse a key that is not known: it may switch on what icl-bench cannot express."""
        for key in self._values:
            if key not in known:
                unknown = UnknownNameError(
                    "key", shown(str(key)).strip("'"), known, f"{self.source}: {self._place}"
                )
                raise CheckpointError(
                    f"{unknown}; a model with a feature of its own cannot be converted", code="cannot-convert"
                )

    def check_equal(self, expected: Mapping[str, Any]) -> None:
        """Refuse a value other than what the tensors say, or other than the one that can be expressed."""
        for key, value in expected.items():
            configured = self._values.get(key, value)
            if configured != value:
                raise CheckpointError(
                    f"{self.source}: {self._place + key} is {shown(str(configured))}, and what can be "
                    f"converted here has {value}; give the file of this run",
                    code="cannot-convert",
                )


def find_config(checkpoint: Path) -> Path | None:
    """The configuration beside a checkpoint, None where there is none."""
    return next((path for name in NAMES if (path := checkpoint.parent / name).is_file()), None)


def load_config(path: Path) -> Section:
    """Read a configuration; CheckpointError where it is not plain data."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        pointer = pointer_fault(content, path)
        if pointer:
            raise CheckpointError(pointer, code="lfs-pointer-checkpoint")
        value = load_plain(content.replace(_CURRICULUM, b""))
    except FileNotFoundError:
        raise CheckpointError(f"no file {path}; check the path", code="no-run-file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"cannot read {path}: {error}; give the run's own file", code="run-config"
        ) from None
    except PlainYAMLError as error:
        line = f" line {error.line}" if error.line else ""
        raise CheckpointError(
            f"cannot parse {path}{line}: {error}; write the keys of the model and task alone",
            code="run-config",
        ) from None
    if not isinstance(value, dict):
        raise CheckpointError(
            f"{path} is not a mapping; give the configuration that the run wrote", code="run-config"
        )
    return Section(value, str(path))


def check_trained_for(
    task: TaskSpec, run_class: Any, classes: Mapping[str, str], sizes: Section, names: Mapping[str, str]
) -> None:
    """CheckpointError where a run was on another function class than the task's, or on one of other sizes.

    `run_class` is the run's name of its function class. `classes` maps those names to ours, and `names` the
    keys of `sizes`.
    """
    ours = classes.get(run_class) if isinstance(run_class, str) else None
    if ours != task.function_class.type:
        raise CheckpointError(
            f"{sizes.source}: the run was on {shown(str(run_class))} and the task {task.name} is "
            f"{task.function_class.type}; name the task that it was trained for",
            code="other-run-task",
        )
    for theirs, name in names.items():
        expected = getattr(task.function_class, name, None)
        if expected is not None and sizes.get(theirs, expected) != expected:
            raise CheckpointError(
                f"{sizes.source}: the run was on {theirs} {shown(str(sizes.get(theirs)))} and the task "
                f"{task.name} has {expected}; name the task that it was trained for",
                code="other-run-task",
            )
