"""A board as plain data: what the JSON file holds, and what every page shows.

Pages are made of these numbers alone, so a page and the file cannot disagree.
"""

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict  # that of typing is none to pydantic before Python 3.12

from icl_bench.entries.base import entry_kinds
from icl_bench.leaderboard.entries import Family
from icl_bench.leaderboard.provenance import SubmissionData
from icl_bench.ranking.places import Place
from icl_bench.specs.division import OPEN, Division, State
from icl_bench.specs.outcome import LEARNED, Outcome
from icl_bench.specs.result import Estimate
from icl_bench.specs.schema import Strict


class PlaceData(Strict):
    """1 and the number of models of the division that are significantly better; whether others share it."""

    number: int
    shared: bool

    def __str__(self) -> str:
        """`1=` where it is shared, else `4`."""
        return str(Place(self.number, self.shared))


class LearnedData(Strict):
    """Of a model's runs on an all-or-nothing task, those that learned it, and how soon."""

    learned: int
    runs: int
    probability: Estimate  # that a run learns
    gain: Estimate | None  # of the runs that learned; null where none did
    steps: int | None  # the median to a development optimality of 0.9, where every learned run tells


@with_config(ConfigDict(extra="forbid"))
class Cell(TypedDict, total=False):
    """A cell of a board's table, in the words that it prints; `why` alone where there is no number."""

    why: str
    v: str  # the number in full, which the column is sorted by
    text: str  # the number as it is read
    heat: int  # its shade; of a task alone
    gain: str  # of an all-or-nothing task, the gain in full: `v` is the share of runs that learned
    first: bool  # that it rests on the first prompts alone
    p: str  # the interval of the probability that a run learns
    notes: list[str]  # what intervals show beside the number
    dots: list[str]  # where each of several runs is, from 2 at 0 to 62 at 99.9
    seeds: str  # their numbers


@with_config(ConfigDict(extra="forbid"))
class Row(TypedDict):
    """What the table of a board prints of a model beside its other keys, so that no number is formatted in
    the browser."""

    slug: str  # the name of its pages
    recorded: str | None  # the day of its newest record
    parts: list[str]  # mixer, positions, feed-forward and norm in words; empty where they are not known
    gain: list[Cell]  # of the board by gains, from the first mean to the last task
    score: list[Cell]  # of the board by scores
    costs: list[Cell]  # parameters, state and FLOPs as far as they are counted


class RunData(Strict):
    """One training run on one task, and what its checkpoint says of it; null where it says nothing."""

    seed: int | None
    steps: int | None  # that were made, or else of its recipe
    sha256: str  # of its weights
    gain: float | None
    estimates: dict[str, Estimate]  # by metric
    outcome: Outcome | None
    trained_on: str | None  # a processor or GPU

    def steps_to_learn(self, learned_at: float | None) -> int | None:
        """The step at which its development optimality passed 0.9; None where it did not, and where its gain
        (of scored prompts) is below `learned_at`, which tells runs of an all-or-nothing task apart."""
        if learned_at is not None and self.gain is not None and self.gain < learned_at:
            return None
        return None if self.outcome is None else self.outcome.steps_to_learn.get(LEARNED[-1])

    @property
    def score(self) -> Estimate:
        """The ICL regression score."""
        return self.estimates["score"]

    @property
    def optimality(self) -> Estimate:
        """The same against the exact, or best known, predictor."""
        return self.estimates["optimality"]


class TaskScores(Strict):
    """One model on one task: means over its runs."""

    runs: int
    estimates: dict[str, Estimate]  # by metric, as far as it is known of every run
    seeds: dict[str, float]  # the gain of each run, by seed
    learned: LearnedData | None  # of an all-or-nothing task
    training: list[RunData] = Field(default=[], exclude=True)  # a run each, which have a file of their own

    @property
    def score(self) -> Estimate:
        """The ICL regression score."""
        return self.estimates["score"]

    @property
    def optimality(self) -> Estimate:
        """The same against the exact, or best known, predictor."""
        return self.estimates["optimality"]


class Architecture(Strict):
    """What a model is made of and costs. Sizes are the largest over tasks; a multiply-add is 2 FLOPs."""

    family: Family
    positions: str
    blocks: list[str]
    norm: str
    width: int
    layers: int  # with weights of their own; one that is looped counts once
    parameters: int
    state_fixed: int  # numbers carried from token to token, whatever the length
    state_per_token: int  # numbers that each token adds
    flops: int  # a prompt


class LanguageModelData(Strict):
    """What is known of a pretrained language model; of one behind a server, the shares alone."""

    architecture: str | None  # what `transformers` calls it
    parameters: int | None
    label_shares: dict[str, float]  # what both labels hold of the probability, by task
    silent: list[str]  # tasks where they hold so little that it does not answer the question


class ProbeData(Strict):
    """What a probe measured of a model on a task: its number, a word beside it, and further numbers."""

    estimate: Estimate
    label: str | None
    values: dict[str, Estimate]


def _kinds() -> list[JsonValue]:
    """What boards call entries of the kinds that can be on one."""
    return [kind.shown_as for kind in sorted(entry_kinds(), key=lambda kind: not kind.trained)]


class ModelData(Strict):
    """A row of the board."""

    name: str
    kind: str = Field(json_schema_extra=lambda schema: schema.update(enum=_kinds()))  # `EntryKind.shown_as`
    local: bool  # whether its records are the builder's own: they are not among the recorded ones
    revision: str | None  # the commit of a Hub repository, of the first run
    division: Division | None  # that its places are in; null for baselines, which have none
    state: State  # self-reported; re-evaluated from files that anybody can have; confirmed by its authors too
    submission: SubmissionData | None  # what a submission says; null for references and baselines
    architecture: Architecture | None
    language_model: LanguageModelData | None
    place: PlaceData | None  # in its division, by the mean over tasks; null where `unplaced` says why
    graded_place: PlaceData | None  # by the mean over graded tasks
    unplaced: str | None  # why there is no place; null for a baseline too
    one_run: bool  # whether a task was trained once alone: little is known there of other seeds
    ranked_on_fresh: list[str]  # tasks that it is ranked on by fresh prompts, those of other tasks are frozen
    above_exact: list[str]  # tasks where it is better than the exact predictor: something is amiss
    doubted: bool  # whether its page warns of it, for that or for being worse on fresh prompts
    mean: Estimate | None  # of the gains, tasks at equal weight: what boards are sorted by
    graded: Estimate | None  # the same of the graded tasks: the headline
    mean_score: Estimate | None  # of the ICL regression scores
    probes: dict[str, dict[str, list[ProbeData]]]  # by probe and task, one a seed that was probed
    tasks: dict[str, TaskScores]
    row: Row | None = None  # in the files of a site; null elsewhere

    @property
    def placed(self) -> str:
        """`place 3=` by the graded mean, `place 1 (open)` of the open division; empty without one."""
        if self.graded_place is None:
            return ""
        return f"place {self.graded_place}" + (" (open)" if self.division == OPEN else "")


class TaskData(Strict):
    """A task of the suite: the names of the predictors at score 1 and at optimality 1, and for an
    all-or-nothing task the gain at which a run has learned it."""

    name: str
    baseline: str
    exact: str
    learned_at: float | None


class MetricData(Strict):
    """A number that is given of every model and task."""

    name: str
    heading: str
    definition: str


class RecordedRun(RunData):
    """The same in the file of a suite's runs."""

    model: str
    task: str


class RunsData(Strict):
    """The training runs of the models of a suite."""

    schema_version: Literal[1] = Field(1, alias="schema")
    suite: str
    runs: list[RecordedRun]


class BoardData(Strict):
    """Everything that a suite's board says."""

    schema_version: Literal[4] = Field(4, alias="schema")
    suite: str
    hash: str  # to cite: of prompts, scoring rules and the errors that scores are measured between
    lock_hash: str  # of everything that is frozen
    prompts: int
    resamples: int
    resolvable: float | None  # how far apart the graded means of neighbours have to be, about
    run_spread_known: bool  # whether that counts what other training runs would change, or prompts alone
    metrics: list[MetricData]  # the score, optimality, gain, then others
    tasks: list[TaskData]
    models: list[ModelData]  # the highest mean first, then what has none
    baselines: list[ModelData]
