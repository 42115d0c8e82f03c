"""What stands on a board: models with their recorded results, and baselines with their frozen errors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from icl_bench.entries.base import EntryKind, recorded_kind
from icl_bench.entries.text import packaged_model, packaged_models
from icl_bench.errors import InputError, SpecError
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.models.accounting import Account, Parts, account, made_of, named_otherwise, parts_of
from icl_bench.models.shipped import shipped_folder, suite_models
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.probes.run import recorded_findings
from icl_bench.ranking.board import Board
from icl_bench.ranking.contenders import contender, frozen_values
from icl_bench.ranking.divisions import ClosedDivision
from icl_bench.ranking.resampled import Contender
from icl_bench.records.pooled import load_pooled
from icl_bench.records.ranked import ranked_on_fresh, ranked_records
from icl_bench.records.store import board_records, borrowed_records
from icl_bench.specs.architecture import ArchitectureSpec, parse_architecture
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE, place_file
from icl_bench.specs.division import CONFIRMED, OPEN, RE_EVALUATED, SELF_REPORTED, Division, State
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.result import ResultRecord
from icl_bench.submissions.recorded import RecordedSubmission, installed_submissions, recorded_submissions
from icl_bench.submissions.submission_folder import SubmissionFolder
from icl_bench.suites import Suite, load_suite
from icl_bench.training.log import LOG_FILE, Row, read_log

Family = Literal["attention", "recurrent", "hybrid"]


@dataclass(frozen=True)
class Entry:
    """A model on a board: its name as commands know it, and what `icl-bench evaluate` wrote of each seed."""

    name: str
    records: Sequence[ResultRecord]
    submitted: RecordedSubmission | None = None  # what a submission says of it
    findings: Mapping[str, Mapping[str, Sequence[Finding]]] = field(default_factory=dict)  # by probe and task
    local: bool = False  # whether its records are somebody's own, and not among the recorded ones
    division: Division = OPEN  # declared by its submission; of others, what their records show

    @property
    def kind(self) -> EntryKind:
        """What it is, as its records say."""
        return recorded_kind(self.records[0])

    @cached_property
    def specs(self) -> dict[str, ArchitectureSpec]:
        """The architecture by task, in the suite's order, for those that were answered by a checkpoint."""
        specs: dict[str, ArchitectureSpec] = {}
        parsed: list[tuple[object, ArchitectureSpec]] = []  # most models have the same for all tasks
        for record in self.records:
            for task, result in record.tasks.items():
                if result.checkpoint is None or task in specs:
                    continue
                given = result.checkpoint.spec
                known = next((spec for other, spec in parsed if other == given), None)
                if known is None:
                    known = parse_architecture(given, f"{self.name} on {task}")
                    parsed.append((given, known))
                specs[task] = known
        return {task: specs[task] for task in load_suite(self.records[0].suite.name).tasks if task in specs}

    @cached_property
    def made_of(self) -> str:
        """Its components in one line, of the first task where they differ; empty where it has no weights."""
        return next((made_of(spec) for spec in self.specs.values()), "")

    @cached_property
    def parts(self) -> Parts | None:
        """Its components by kind, of the first task where they differ; None where it has no weights."""
        return next((parts_of(spec) for spec in self.specs.values()), None)

    @cached_property
    def with_icl_bench(self) -> dict[str, list[bool]]:
        """Whether each run of a shipped model is that of the weights that come with icl-bench, by task."""
        return _with_icl_bench(self)

    @cached_property
    def named_otherwise(self) -> bool:
        """Whether its name has the word of a component that it lacks."""
        return any(named_otherwise(self.name, spec) for spec in self.specs.values())

    def accounts(self, suite: Suite) -> dict[str, Account]:
        """What a prompt costs, by task."""
        return {task: account(spec, suite.task(task)) for task, spec in self.specs.items()}

    @property
    def ranked_on_fresh(self) -> set[str]:
        """The tasks that it is ranked on by fresh prompts: of a submission, those that it has them of."""
        return (
            set() if self.submitted is None else ranked_on_fresh(self.submitted.records, self.submitted.fresh)
        )

    def contender(self, suite: Suite) -> Contender:
        """As it is compared on a suite's board."""
        records = self.records
        if self.submitted is not None:
            ranked = ranked_records(self.submitted.records, self.submitted.fresh, suite)
            records = [*ranked.values(), *self.submitted.borrowed]
        return replace(contender(self.name, records), division=self.division)


def family(spec: ArchitectureSpec) -> Family:
    """By what is carried from token to token: a state that grows with the prompt, one that does not, both."""
    if not spec.state_fixed():
        return "attention"
    return "hybrid" if spec.state_per_token() else "recurrent"


def recorded_entries(suite: Suite, submissions: Sequence[SubmissionFolder]) -> list[Entry]:
    """The shipped models and submissions with results on a suite; SpecError where a file cannot be read."""
    names = [*suite_models(suite), *(packaged_models() if suite.spec.asked_in == "text" else [])]
    closed = ClosedDivision(suite)
    entries = [_shipped_entry(name, suite, closed) for name in names]
    entries += [
        Entry(
            row.submission.model,
            [*row.records.values(), *row.borrowed],
            row,
            row.findings,
            division=row.submission.division or OPEN,
        )
        for row in recorded_submissions(suite, submissions)
    ]
    return [entry for entry in entries if entry.records]


def entries_of(suite: Suite, records: Sequence[Path | str] = ()) -> list[Entry]:
    """What this installation has recorded on a suite, and the models of one's own records."""
    entries = recorded_entries(suite, installed_submissions())
    return [*entries, *local_entries(records, suite, entries)]


def local_entries(files: Sequence[Path | str], suite: Suite, entries: Sequence[Entry]) -> list[Entry]:
    """The models of one's own records, to stand among entries. A name that is taken gets ` (local)`.

    Errors as `load_pooled`; InputError for the record of a baseline, which is on every board.
    """
    taken = {name for entry in entries for name in (entry.name, entry.name.rpartition("/")[2])}
    local, closed = [], ClosedDivision(suite)
    for name, records in load_pooled(files, suite).items():
        if not recorded_kind(records[0]).trained and name.startswith(BASELINE_PREFIX):
            raise InputError(f"{name} is on every board; leave its record out")
        shown_as = f"{name} (local)" if name in taken else name
        local.append(Entry(shown_as, records, local=True, division=closed.division_of(records)))
    return local


def _shipped_entry(name: str, suite: Suite, closed: ClosedDivision) -> Entry:
    records = board_records(name, suite)
    every = [*records.values(), *borrowed_records(name, records, suite)]
    findings = recorded_findings(name, records, suite)
    return Entry(name, every, findings=findings, division=closed.division_of(every))


def learning_curves(entry: Entry, suite: Suite) -> dict[str, dict[str, tuple[list[float], list[float]]]]:
    """Steps and losses of a shipped model's recorded runs, by task and seed; empty where there are none."""
    return {
        task: {
            seed: ([float(row["step"] or 0) for row in rows], [float(row["loss"] or 0) for row in rows])
            for seed, rows in by_seed.items()
        }
        for task, by_seed in training_rows(entry, suite).items()
    }


def training_rows(entry: Entry, suite: Suite) -> dict[str, dict[str, list[Row]]]:
    """The rows of `training.csv` of a shipped model's runs, by task and seed; empty where there are none.

    The file is beside the weights where these are shipped; SpecError where it cannot be read.
    """
    if not entry.kind.shipped or entry.local:
        return {}
    curves = {}
    known = shipped(entry)
    for task in (task for task in suite.tasks if task in known):
        seeds = [record.tasks[task].seed for record in entry.records if task in record.tasks]
        files = {
            seed: shipped_folder(entry.name, suite, task, seed) / LOG_FILE
            for seed in seeds
            if seed is not None
        }
        curves[task] = {f"seed {seed}": _rows(path) for seed, path in files.items() if path.is_file()}
    return {task: by_seed for task, by_seed in curves.items() if by_seed}


def shipped(entry: Entry) -> set[str]:
    """The tasks of a shipped model whose first recorded run is of the weights that come with icl-bench."""
    return {task for task, runs in entry.with_icl_bench.items() if runs[0]}


def _with_icl_bench(entry: Entry) -> dict[str, list[bool]]:
    """Whether each recorded run is that of the weights that come with icl-bench, by task."""
    if not entry.kind.shipped or entry.local:
        return {}
    held_by_task: dict[str, list[bool]] = {}
    suites = {name: load_suite(name) for name in {record.suite.name for record in entry.records}}
    for record in entry.records:
        suite = suites[record.suite.name]
        for task, result in record.tasks.items():
            path = shipped_folder(entry.name, suite, task, result.seed or 0) / WEIGHTS_FILE
            digest = sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            held = result.checkpoint is not None and result.checkpoint.sha256 == digest
            held_by_task.setdefault(task, []).append(held)
    return held_by_task


def state_of(entry: Entry, tasks: Collection[str]) -> State:
    """What is known of an entry's results on the tasks that a board shows: whether everything was computed
    again from files that anybody can have, and whether its authors confirm it then."""
    again = {task for task, runs in recomputable_runs(entry).items() if all(runs)}
    if not set(tasks) <= again:
        return SELF_REPORTED
    return CONFIRMED if entry.submitted and entry.submitted.submission.confirmed_by else RE_EVALUATED


def recomputable_runs(entry: Entry) -> dict[str, list[bool]]:
    """Whether anybody can recompute each recorded run, by task: from the weights that come with icl-bench, or
    from the commit of the Hub and the hashes that a submission lists."""
    if entry.local:
        return {}
    if entry.kind.type == "text":
        return _of_its_package(entry)
    if entry.submitted is None:
        return entry.with_icl_bench
    weights: dict[str, list[bool]] = {}
    for seed, record in entry.submitted.records.items():
        run = entry.submitted.listed(seed)
        for task, result in record.tasks.items():
            files = (place_file(task, WEIGHTS_FILE), WEIGHTS_FILE)
            digests = [run.files[file] for file in files if file in run.files] if run else []
            if result.language_model is not None:
                held = run is not None and result.language_model.files == run.files
            else:
                held = result.checkpoint is not None and result.checkpoint.sha256 in digests
            weights.setdefault(task, []).append(held)
    return weights


def _of_its_package(entry: Entry) -> dict[str, list[bool]]:
    """Whether each result of a language model is of the file of the package that it is named with."""
    packaged = packaged_model(entry.name)
    return {
        task: [packaged.answered(result)] for record in entry.records for task, result in record.tasks.items()
    }


def _rows(path: Path) -> list[Row]:
    try:
        return read_log(path.read_text())
    except ValueError as error:
        raise SpecError(f"{path} is no learning curve: {error}; train the model again") from None


def baseline_contenders(suite: Suite) -> list[Contender]:
    """The baselines that are frozen on any task of a suite, by name."""
    by_task = {task: frozen_baselines(suite, task) for task in suite.tasks}
    names = sorted({name for errors in by_task.values() for name in errors})
    return [
        Contender(
            BASELINE_PREFIX + name,
            {task: {0: by_name[name].errors} for task, by_name in by_task.items() if name in by_name},
            frozen_values({task: by_name.get(name) for task, by_name in by_task.items()}),
        )
        for name in names
    ]


def board_of(suite: Suite, entries: Sequence[Entry]) -> Board:
    """Entries and the suite's baselines side by side."""
    return Board(suite, [entry.contender(suite) for entry in entries], baseline_contenders(suite))
