"""`submission.yaml`: who submits which model, where its files are, and what they are the weights of.

It is data and nothing in it is executed. The folder that it lies in is the model's name with `/` as `__`.
With a `spec` the files are checkpoints; without one, those of a pretrained language model.
"""

import re
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from icl_bench.errors import UnknownNameError
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint_files import CHECKPOINT_FILES, CONFIG_FILE, WEIGHTS_FILE, place_file
from icl_bench.specs.division import CLOSED, Division, confirmation_fault
from icl_bench.specs.language_model import listing_fault
from icl_bench.specs.licences import LICENCES
from icl_bench.specs.names import SuiteName, TaskName
from icl_bench.specs.run_names import run_name
from icl_bench.specs.schema import PlacedError, Strict, parse
from icl_bench.specs.submission_files import ListedFiles, checkpoint_file_fault, lists_language_model
from icl_bench.specs.text import Link, checked_by, plain_text, shown

MAX_RUNS = 16
MAX_SEED = 2**32 - 1
RESERVED_OWNERS = (
    "reference",
    "zoo",
    "baseline",
    "text",
)  # names of models that come with icl-bench begin with these

_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_MODEL = re.compile(rf"{_PART}/{_PART}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def folder_name(model: str) -> str:
    """The folder of a model's submission: `user/model` is in `user__model`."""
    return model.replace("/", "__")


def model_fault(model: str) -> str | None:
    """Why no submission can be of a model of that name, and what to do; None where one can."""
    owner, _, name = model.partition("/")
    if not _MODEL.fullmatch(model) or len(model) > 96 or ".." in model or "--" in model:
        return f"{shown(model)} is not the name of a model on the Hub; write user/model"
    if owner.lower() in RESERVED_OWNERS:
        return f"{owner}/ begins the names of models that come with icl-bench; submit from another account"
    if folder_name(model).partition("__") != (owner, "__", name):
        return (
            f"{model} has no folder of its own, since {folder_name(model)} reads as another name; rename it"
        )
    return None


def _commit_fault(revision: str) -> str | None:
    if _COMMIT.fullmatch(revision):
        return None
    return f"{shown(revision)} is not a commit; write its 40 hexadecimal digits, a branch or tag can move"


def _licence_fault(licence: str) -> str | None:
    if licence.lower() in LICENCES:
        return None
    return f"{UnknownNameError('licence', shown(licence).strip(chr(39)), LICENCES)} (an SPDX identifier)"


Commit = Annotated[str, checked_by(_commit_fault)]


_Several = Annotated[list[Commit], Field(min_length=1, max_length=MAX_RUNS)]
OneOrSeveral = Annotated[
    Annotated[Commit, Tag("one")] | Annotated[_Several, Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]


class Run(Strict):
    """One training seed, or a language model: a commit of the repository, and every file of it that is
    fetched."""

    suite: SuiteName | None = None  # needed where the submission is for several
    seed: int = Field(ge=0, le=MAX_SEED)
    revision: Commit
    files: ListedFiles

    @model_validator(mode="after")
    def _files_are_whole(self) -> "Run":
        if self.of_language_model:
            fault = listing_fault(self.files)
            if fault:
                raise ValueError(f"files {fault}")
            return self
        for place in self.places:
            for path in (place_file(place, name) for name in CHECKPOINT_FILES):
                if path not in self.files:
                    raise ValueError(f"files has no {path}; a checkpoint is {CONFIG_FILE} and {WEIGHTS_FILE}")
        if "" in self.places and len(self.places) > 1:
            raise ValueError(
                "files lie at the root and in folders; keep either the root's or a folder a task"
            )
        return self

    @property
    def of_language_model(self) -> bool:
        """Whether its files are those of a language model."""
        return lists_language_model(self.files)

    @property
    def places(self) -> list[str]:
        """Where its checkpoints lie: the folders of tasks, or "" for the root."""
        return list(dict.fromkeys(path.rpartition("/")[0] for path in self.files))


class Links(Strict):
    """Where to read on."""

    paper: Link | None = None
    code: Link | None = None
    website: Link | None = None


class Supersedes(Strict):
    """The recorded results that these replace, and why. They are kept, apart."""

    revision: OneOrSeveral
    reason: Annotated[str, plain_text(500)]

    @property
    def revisions(self) -> list[str]:
        """The commits of the replaced runs."""
        return [self.revision] if isinstance(self.revision, str) else self.revision


class Submission(Strict):
    """A model of the Hub, submitted to the board."""

    schema_version: Literal[1] = Field(alias="schema")
    model: Annotated[str, checked_by(model_fault)]
    suites: list[SuiteName] = Field(min_length=1, max_length=8)
    runs: list[Run] = Field(min_length=1, max_length=MAX_RUNS)
    spec: ArchitectureSpec | None = None  # of checkpoints; a language model has none
    specs: dict[TaskName, ArchitectureSpec] = Field(default={}, max_length=64)  # of tasks with others
    licence: Annotated[str, checked_by(_licence_fault)]
    authors: list[Annotated[str, plain_text(100)]] = Field(min_length=1, max_length=50)
    links: Links = Field(default=Links())
    training_data: Annotated[str, plain_text(2_000, lines=True)]
    description: Annotated[str, plain_text(2_000, lines=True)] | None = None
    division: Division | None = None  # open where it says nothing
    confirmed_by: Link | None = None  # where the model's authors say that the entry is theirs
    supersedes: Supersedes | None = None

    @model_validator(mode="after")
    def _stands_where_it_says(self) -> "Submission":
        fault = self.confirmed_by and confirmation_fault(self.confirmed_by, self.model)
        if fault:
            raise PlacedError(("confirmed_by",), fault)
        if self.division == CLOSED and self.spec is None:
            message = "a language model is not trained by a suite's recipe; declare `division: open`"
            raise PlacedError(("division",), message)
        return self

    @model_validator(mode="after")
    def _runs_are_distinct(self) -> "Submission":
        _each_once("suites", self.suites)
        for place, run in enumerate(self.runs):
            if run.suite is None and len(self.suites) > 1:
                message = f"the run of seed {run.seed} names no suite; add `suite:` to every run"
                raise PlacedError(("runs", place), message)
            if run.suite is not None and run.suite not in self.suites:
                message = f"a run is for {run.suite}, which suites does not name; add it there"
                raise PlacedError(("runs", place, "suite"), message)
        _each_once("runs", [self.run_name(run) for run in self.runs])
        for place, suite in enumerate(self.suites):
            if not self.runs_of(suite):
                message = f"no run is for {suite}; add one, or take {suite} from suites"
                raise PlacedError(("suites", place), message)
        return self

    @model_validator(mode="after")
    def _runs_are_of_its_kind(self) -> "Submission":
        for place, run in enumerate(self.runs):
            if self.spec is not None:
                faults = [(path, fault) for path in run.files if (fault := checkpoint_file_fault(path))]
                if faults:
                    raise PlacedError(("runs", place, "files", faults[0][0]), faults[0][1])
            elif not run.of_language_model:
                message = "has no tokenizer, and there is no spec; list a language model's, or add the spec"
                raise PlacedError(("runs", place, "files"), f"files {message} of checkpoints")
            elif run.seed != 0:
                message = "a pretrained language model has no seeds to train; keep one run a suite, of seed 0"
                raise PlacedError(("runs", place, "seed"), message)
        if self.spec is None and self.specs:
            raise PlacedError(("specs",), "specs are of checkpoints and there is no spec; add it")
        return self

    @model_validator(mode="after")
    def _runs_are_trained_apart(self) -> "Submission":
        known: dict[tuple[str, str], int] = {}
        for place, run in enumerate(self.runs):
            for path, sha256 in run.files.items():
                if (
                    path.rpartition("/")[2] == WEIGHTS_FILE
                    and known.setdefault((self.suite_of(run), sha256), place) != place
                ):
                    message = f"{path} are the weights of another run too; every run is a training of its own"
                    raise PlacedError(("runs", place, "files", path), message)
        return self

    @model_validator(mode="after")
    def _specs_are_used(self) -> "Submission":
        for task in self.specs.keys() - {place for run in self.runs for place in run.places}:
            raise PlacedError(("specs", task), f"no run has a folder {task}/; take it out")
        return self

    def spec_of(self, task: str) -> ArchitectureSpec:
        """The spec of a task's checkpoints."""
        assert self.spec is not None, "a language model has no spec"
        return self.specs.get(task, self.spec)

    def suite_of(self, run: Run) -> str:
        """The suite that a run is scored on."""
        return run.suite or self.suites[0]

    def runs_of(self, suite: str) -> list[Run]:
        """The runs that are scored on a suite."""
        return [run for run in self.runs if self.suite_of(run) == suite]

    def run_name(self, run: Run) -> str:
        """What the files of a run are called after: `mini-v1-seed-0`."""
        return run_name(self.suite_of(run), run.seed)

    def to_dict(self) -> dict[str, Any]:
        """The submission as plain data, as in its file; keys that say nothing are left out."""
        value = self.model_dump(by_alias=True, exclude_none=True)
        if self.spec is not None:
            value["spec"] = self.spec.to_dict()
        value["specs"] = {task: spec.to_dict() for task, spec in self.specs.items()}
        return {key: part for key, part in value.items() if part != {}}


def parse_submission(value: Any, source: str) -> Submission:
    """Validate plain data as a submission; SpecError is one line about the first fault."""
    return parse(Submission, value, source)


def _each_once(what: str, names: list[str]) -> None:
    (name, count), *_ = Counter(names).most_common(1)
    if count > 1:
        last = len(names) - 1 - names[::-1].index(name)
        raise PlacedError((what, last), f"{name} is listed {count} times; keep one")
