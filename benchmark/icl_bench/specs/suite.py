"""The files of a frozen suite: `suite.yaml`, one `<task>.yaml` a task, and `lock.json`."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from icl_bench.errors import SpecError
from icl_bench.specs.names import FullTaskName, Sha256, SuiteName, TaskName
from icl_bench.specs.result import Evaluator
from icl_bench.specs.schema import Registry, Strict, locked_values, parse, read_yaml
from icl_bench.specs.scored import Scored, ScoredPoints, check_scored


class FunctionClassSpec(Strict):
    """A distribution over functions and inputs at fixed sizes.

    A subclass per file in `icl_bench.function_classes`; its `base.FunctionClass` says what each defines.
    """

    type: str

    def locked_form(self) -> dict[str, Any]:
        """What a lock hashes of it: `type`, sizes, and keys with a default only off it."""
        return locked_values(self, {"type"})


FUNCTION_CLASSES: Registry[Any] = Registry("function class", "icl_bench.function_classes")
SHIFTS: Registry[Any] = Registry("shift", "icl_bench.shifts")


# what the file of a variant may leave out, as it is with its base
INHERITED = ("function_class", "points", "scored", "baseline", "exact", "baseline_options")


def prompt_tokens(points: int) -> int:
    """How many tokens a model reads of a prompt: an x and a y a point, without the last y."""
    return 2 * points - 1


def _parsed_shift(value: Any) -> Any:
    return None if value is None else SHIFTS.parse(value)


class TaskSpec(Strict):
    """A function class at fixed sizes, and how predictions on it are scored.

    A task that is `trained_as` another one is a variant of that: it has other prompts, and the checkpoints
    that were trained for the other one answer it. What its file leaves out is that of the other one
    (INHERITED), and of `function_class` it may give single sizes.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: TaskName
    summary: str
    function_class: Annotated[Any, BeforeValidator(FUNCTION_CLASSES.parse)]
    points: int = Field(ge=2, le=4_096)  # examples a prompt, the last query included
    # which context lengths the score sums over: all, the last, or a list of them, as [3, 7, 11] from 0
    scored: Scored
    baseline: str  # the predictor whose score is 1
    exact: str  # the exact, or best known, predictor: optimality 1
    exact_note: str  # in which sense it is exact; begins with "Exact" where it is, else "Best known"
    # numbers of baselines, by name, that were chosen on this task's development stream
    baseline_options: dict[str, dict[str, float]] = Field(default={})
    trained_as: FullTaskName | None = None  # the task whose checkpoints answer this one; None for its own
    # the gain at which a training run has learned an all-or-nothing task; None for a graded one
    learned_at: float | None = Field(default=None, gt=0, lt=1)
    shift: Annotated[Any, BeforeValidator(_parsed_shift)] = None  # what a variant changes of the prompts
    _base: "TaskSpec | None" = PrivateAttr(default=None)

    @property
    def base(self) -> "TaskSpec | None":
        """The task that it is a variant of; None for one that models are trained on."""
        return self._base

    def locked_form(self) -> dict[str, Any]:
        """What a lock hashes of it: what decides prompts and score. Texts are not hashed, nor is
        `learned_at`, by which runs are told apart and no error is scored."""
        return locked_values(
            self, {"baseline_options"}, {"schema_version", "summary", "exact_note", "learned_at"}
        )

    @model_validator(mode="after")
    def _scored_points_are_there(self) -> "TaskSpec":
        check_scored(self.scored, self.points)
        return self

    @property
    def scored_points(self) -> ScoredPoints:
        """The points of a prompt that the score sums over."""
        return ScoredPoints(self.scored, self.points)

    @property
    def tokens(self) -> int:
        """How many a model reads of a prompt."""
        return prompt_tokens(self.points)

    @property
    def exactness(self) -> Literal["exact", "best known"]:
        """What the predictor `exact` is. Where it is exact no other does better in expectation."""
        return "exact" if self.exact_note.startswith("Exact") else "best known"


class SuiteSpec(Strict):
    """A frozen set of tasks. A suite is never edited: a change is a new version."""

    schema_version: Literal[1] = Field(alias="schema")
    name: SuiteName
    summary: str
    prompts: int = Field(ge=1)  # evaluation prompts a task
    resamples: int = Field(ge=2_000)  # bootstrap resamples that every interval is computed from
    # In the order in which they are shown: tasks of its own by name, those of other suites as SUITE/TASK.
    tasks: list[TaskName | FullTaskName] = Field(min_length=1)
    notes: str  # how the sizes were chosen
    # whether pretrained language models are asked too, by the text of each prompt
    asked_in: Literal["numbers", "text"] = "numbers"


class TaskLock(Strict):
    """SHA-256 of one task's frozen arrays, little-endian float32 in C order, of the texts, and of its score's
    rules."""

    xs: str
    ys: str
    parameters: str
    queries: str | None = None  # of a task that asks about other inputs than those of its context
    query_ys: str | None = None
    texts: str | None = None  # of the prompts as texts, in a suite that is asked in text
    rules: str  # of what decides prompts and score, as `TaskSpec.locked_form`

    def hashes(self) -> dict[str, str]:
        """By what they are of; arrays that the task does not have are left out."""
        return self.model_dump(exclude_none=True)


class BaselineLock(Strict):
    """A baseline's frozen errors on one task: which file holds them, and what computed it."""

    sha256: Sha256  # of baselines/<task>/<baseline>.npz
    prompts: int = Field(ge=1)  # the task's first ones; all of them where it is the suite's number
    evaluator: Evaluator
    libraries: dict[str, str]  # name to version, Python and the machine among them


class SuiteLock(Strict):
    """What a regenerated suite must reproduce to the bit."""

    schema_version: Literal[1] = Field(alias="schema")
    suite: str
    prompts: int
    tasks: dict[str, TaskLock]
    baselines: dict[TaskName, dict[TaskName, BaselineLock]] = Field(default={})  # by task and baseline

    def to_json(self) -> str:
        """The file; baselines and queries are left out where there are none."""
        value = self.model_dump(by_alias=True)
        value["tasks"] = {name: lock.hashes() for name, lock in self.tasks.items()}
        if not self.baselines:
            del value["baselines"]
        return json.dumps(value, indent=2) + "\n"

    @property
    def sha256(self) -> str:
        """Of its content: the same, whatever the ends of the lines of a checkout."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def load_suite_spec(folder: Path) -> SuiteSpec:
    """Read `suite.yaml` of a suite's folder."""
    return parse(SuiteSpec, _mapping(folder / "suite.yaml"), str(folder / "suite.yaml"))


def load_task_spec(folder: Path, task: str, find_base: Callable[[str], TaskSpec]) -> TaskSpec:
    """Read one task file of a suite's folder; its name must be its file's.

    find_base: the task of a full name, SUITE/TASK, which this one is a variant of. It raises SpecError where
    there is none, or that is a variant itself.
    """
    path = folder / f"{task}.yaml"
    values = _mapping(path)
    full_name = values.get("trained_as")
    try:
        base = find_base(full_name) if isinstance(full_name, str) else None
    except SpecError as error:
        raise SpecError(f"{path}: {error}", code=error.code) from None
    spec = parse(TaskSpec, values if base is None else _with_inherited(values, base), str(path))
    if spec.name != task:
        raise SpecError(
            f"{path}: the task calls itself {spec.name!r}; rename the file or the task", code="other-name"
        )
    spec._base = base
    return spec


def _with_inherited(values: dict[str, Any], base: TaskSpec) -> dict[str, Any]:
    """The values of a variant's file, with those of its base that the file leaves out."""
    whole = {key: value for key, value in base.model_dump().items() if key in INHERITED} | values
    sizes = values.get("function_class")
    if isinstance(sizes, dict) and "type" not in sizes:
        whole["function_class"] = base.function_class.model_dump() | sizes
    return whole


def load_suite_lock(folder: Path) -> SuiteLock:
    """Read `lock.json` of a suite's folder."""
    path = folder / "lock.json"
    try:
        return _parsed_lock(path.read_bytes(), str(path))
    except OSError as error:
        raise SpecError(
            f"cannot read {path}: {error.strerror}; restore the file", code="unreadable"
        ) from None


@lru_cache(maxsize=8)
def _parsed_lock(content: bytes, source: str) -> SuiteLock:
    """Each content once: it is asked for at every use of frozen errors."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"cannot parse {source}: {error}; restore the file", code="unparsable") from None
    return parse(SuiteLock, value, source)


def _mapping(path: Path) -> dict[str, Any]:
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise SpecError(
            f"{path}: a mapping is expected; see the other suites for an example", code="not-a-mapping"
        )
    return value
