"""The result record: one JSON file a model and suite, complete enough to check and to compare from.

Numbers are numbers, never NaN. Everything but the `cost` of a task, and what a Python object did on `fresh`
prompts, is the same bytes when the evaluation is repeated on one machine.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from icl_bench.errors import SpecError
from icl_bench.files import write_text
from icl_bench.specs.estimate import NO_ESTIMATE as NO_ESTIMATE
from icl_bench.specs.estimate import Count, Estimate, Finite, SquaredError
from icl_bench.specs.fresh_check import FreshCheck
from icl_bench.specs.names import Commit, KindName, Sha256
from icl_bench.specs.outcome import Outcome, read_outcome
from icl_bench.specs.record_json import as_data, as_json
from icl_bench.specs.record_schemas import as_current, as_file
from icl_bench.specs.schema import Strict, parse
from icl_bench.specs.scored import Scored, ScoredPoints, check_scored
from icl_bench.specs.text import plain_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def _printable(value: Any) -> Any:
    """SpecError rather than a fault with its place: the place may be the name itself."""
    if isinstance(value, str) and not value.isprintable():
        raise SpecError(f"the name {value!r} holds characters that cannot be printed; give another")
    return value


Printable = Annotated[str, BeforeValidator(_printable)]  # a name that may be shown on a terminal
MAX_SHOWN = 300  # characters
MAX_RECORD_BYTES = 16 * 2**20  # of a file; .github/workflows/evaluate.yml hands no larger one on
Shown = Annotated[str, plain_text(MAX_SHOWN)]  # said of where a record was made
LEAST_LABEL_SHARE = 0.5  # of a language model that answers with one of the two labels
Share = Annotated[float, Field(ge=0, le=1 + 1e-6, allow_inf_nan=False)]
# of every record; schema 1 has them as keys of a task
REQUIRED_METRICS = ("mean_error", "score", "optimality")


class CheckpointIdentity(Strict):
    """Which weights answered a task."""

    sha256: Sha256  # of model.safetensors
    spec: dict[str, Any]  # the architecture, as in its file
    parameters: Count  # those that a prompt of the task reads
    training: dict[str, Any] | None  # where the weights come from, the seed among it


class LanguageModelIdentity(Strict):
    """Which pretrained language model answered a task in text."""

    architecture: Shown  # what `transformers` calls it, as `llama`
    parameters: Count
    files: Annotated[dict[Shown, Sha256], Field(min_length=1, max_length=1_000)]  # those that are read
    library: Shown  # what computed it, with its version

    @property
    def sha256(self) -> str:
        """Of the list of its files, as `sha256sum` prints it of their names in order."""
        lines = [f"{digest}  {name}\n" for name, digest in sorted(self.files.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


class ModelIdentity(Strict):
    """What was scored."""

    kind: KindName  # of `icl_bench.entries`
    id: Printable
    revision: Commit | None  # the commit of a Hub repository


class SuiteIdentity(Strict):
    """The frozen prompts it was scored on."""

    name: Printable
    hash: Sha256 | None = None  # `Suite.hash`: of what scores rest on
    lock_hash: Sha256 | None = None  # in place of it in schema 1: of the lock's content at that time
    resamples: Count  # of every interval

    @model_validator(mode="after")
    def _has_one_hash(self) -> "SuiteIdentity":
        if (self.hash is None) == (self.lock_hash is None):
            raise ValueError("a suite has a hash, or in a record of schema 1 a lock_hash; give one of them")
        return self

    @property
    def identity(self) -> str:
        """Its hash, whichever it has."""
        return self.hash or self.lock_hash or ""


class Evaluator(Strict):
    """The icl-bench that scored it; commit and dirty are null where it is not a checkout."""

    version: Shown
    commit: Shown | None
    dirty: bool | None


class Environment(Strict):
    """What the predictions were computed with."""

    python: Shown
    numpy: Shown
    torch: Shown
    device: Shown
    dtype: Literal["float32"]
    threads: Count
    processor: Shown | None = None  # that of the device; null where the system or the record does not say


class ErrorCurves(Strict):
    """Mean squared error at every context length; null where the predictor's errors are not available.

    Those of baseline and exact are over as many prompts as the score and the optimality rest on. The model's
    has a 95% interval at each context length.
    """

    model: list[SquaredError]
    model_low: list[SquaredError]
    model_high: list[SquaredError]
    zero: list[SquaredError]
    baseline: list[SquaredError] | None
    exact: list[SquaredError] | None


class Cost(Strict):
    """What differs from run to run: time to predict all prompts, and the process's peak memory so far."""

    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    peak_memory_mb: Finite | None


class TaskResult(Strict):
    """One task of the suite. Errors are squared errors averaged over the coordinates of y."""

    prompts: Count
    points: Count
    scored: Scored
    baseline: str  # the predictor at score 1
    exact: str  # the predictor at optimality 1
    checkpoint: CheckpointIdentity | None
    batch_size: Count
    checks: list[str]  # the checks that it passed; one that fails leaves no record
    estimates: dict[str, Estimate]  # of each metric, by its name
    error_curves: ErrorCurves
    prompt_errors: list[SquaredError]  # one a prompt, summed over the scored context lengths
    prompt_values: dict[str, list[Finite]] = Field(default={})  # the same of metrics with values of their own
    language_model: LanguageModelIdentity | None = None  # in place of a checkpoint
    # of what is asked in text: the share of the probability that the two labels hold together at each context
    # length, averaged over prompts
    label_shares: list[Share] | None = None
    # the mean of the same at every context length
    value_curves: dict[str, list[Finite]] = Field(default={})
    cost: Cost
    fresh: FreshCheck | None = None  # of a Python object: the same on prompts drawn when it was evaluated

    @model_validator(mode="after")
    def _lengths_agree(self) -> "TaskResult":
        if len(self.prompt_errors) != self.prompts:
            raise ValueError(f"{len(self.prompt_errors)} prompt_errors for {self.prompts} prompts")
        for name, values in self.prompt_values.items():
            if len(values) != self.prompts:
                raise ValueError(f"{len(values)} prompt_values.{name} for {self.prompts} prompts")
        if self.label_shares is not None and len(self.label_shares) != self.points:
            raise ValueError(f"{len(self.label_shares)} label_shares for {self.points} points")
        for name, values in self.value_curves.items():
            if len(values) != self.points:
                raise ValueError(f"{len(values)} entries in value_curves.{name} for {self.points} points")
        for name in REQUIRED_METRICS:
            if name not in self.estimates:
                raise ValueError(f"estimates has no {name}; evaluate again")
        for name, curve in self.error_curves:
            if curve is not None and len(curve) != self.points:
                raise ValueError(f"error_curves.{name} has {len(curve)} entries for {self.points} points")
        check_scored(self.scored, self.points)
        return self

    @property
    def weights(self) -> CheckpointIdentity | LanguageModelIdentity | None:
        """What answered it; None where that has no weights."""
        return self.checkpoint or self.language_model

    @property
    def mean_error(self) -> Estimate:
        """The squared error, averaged over prompts, scored context lengths and coordinates."""
        return self.estimates["mean_error"]

    @property
    def score(self) -> Estimate:
        """The ICL regression score."""
        return self.estimates["score"]

    @property
    def optimality(self) -> Estimate:
        """The same against the exact, or best known, predictor."""
        return self.estimates["optimality"]

    @property
    def scored_points(self) -> ScoredPoints:
        """The points of a prompt that the score sums over."""
        return ScoredPoints(self.scored, self.points)

    @property
    def seed(self) -> int | None:
        """What its checkpoint says that it was trained with; None where it does not say, or there is none."""
        seed = (self.checkpoint.training or {}).get("seed") if self.checkpoint else None
        return seed if type(seed) is int else None

    @property
    def label_share(self) -> float | None:
        """The share of the probability that the two labels hold, averaged over the scored context lengths;
        None where it was not asked in text."""
        if self.label_shares is None:
            return None
        scored = [self.label_shares[point] for point in self.scored_points.positions]
        return sum(scored) / len(scored)

    @property
    def answers(self) -> bool:
        """Whether it answers the question at all: a language model may spread its probability elsewhere."""
        return self.label_share is None or self.label_share >= LEAST_LABEL_SHARE

    @property
    def outcome(self) -> Outcome | None:
        """How its checkpoint says that training ended; None where it does not say, or there is none."""
        return read_outcome(self.checkpoint.training) if self.checkpoint else None

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Its sizes and estimates; not every error."""
        from icl_bench.views.summary import task_summary

        return iter(task_summary(self).items())


class ResultRecord(Strict):
    """How one model does on one suite. `missing` holds tasks that it does not answer, and why."""

    schema_version: Literal[1, 2] = Field(alias="schema")
    model: ModelIdentity
    suite: SuiteIdentity
    evaluator: Evaluator
    environment: Environment
    tasks: Annotated[dict[Printable, TaskResult], Field(min_length=1)]
    missing: dict[Printable, str]

    @model_validator(mode="after")
    def _only_objects_have_fresh_checks(self) -> "ResultRecord":
        if self.model.kind != "callable" and any(task.fresh for task in self.tasks.values()):
            raise ValueError("fresh is of Python objects alone; others have a record on fresh prompts")
        return self

    def to_json(self) -> str:
        """The record's file, in the form of its schema: keys in a fixed order, one line a list of numbers."""
        return as_json(as_file(self.model_dump(by_alias=True)))

    def save(self, path: Path | str) -> None:
        """Write the record, whole or not at all; StorageError where that is not possible."""
        write_text(Path(path), self.to_json())

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, one row a task in the suite's order; tasks not answered hold NaN."""
        from icl_bench.views.frames import task_frame

        return task_frame(self)

    def curves(self) -> "pd.DataFrame":
        """A pandas table, one row a task, predictor and context length: what `plot` draws.

        Columns: task, context_length (examples before the prediction), predictor (the model, then the task's
        exact predictor and baseline, where they are recorded, and zero), error (mean squared, in the squared
        units of the targets), low and high (its 95% interval; NaN but for the model).
        """
        from icl_bench.views.frames import curve_frame

        return curve_frame(self)

    def plot(self) -> "Figure":
        """A matplotlib figure of the curves, one panel a task; InputError without matplotlib."""
        from icl_bench.views.figure import record_figure

        return record_figure(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the table and a small chart."""
        from icl_bench.views.html import as_html

        return as_html(self)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """The model, the suite and scores, as `repr` and `print` have them; not every error."""
        from icl_bench.views.summary import record_summary

        return iter(record_summary(self).items())


def without_timings(record: ResultRecord) -> str:
    """The record's JSON without what differs from run to run; the rest is the same bytes on one machine."""
    value = as_file(record.model_dump(by_alias=True))
    for task in value["tasks"].values():
        del task["cost"]
        task.pop("fresh", None)
    return as_json(value)


def parse_record(text: str, source: str) -> ResultRecord:
    """Validate a record's JSON, of this schema or an earlier one; SpecError says what is wrong and where."""
    try:
        value = as_data(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{source}: not JSON ({error}); evaluate again", code="unparsable") from None
    return record_of(value, source)


def record_of(value: Any, source: str) -> ResultRecord:
    """Validate plain data as a record, of this schema or an earlier one; SpecError as `parse_record`."""
    return parse(ResultRecord, as_current(value, source), source)
