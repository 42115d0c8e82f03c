"""Whether the numbers of a record hold: its model is evaluated again, and every number compared.

Exactly, where the same icl-bench computes with the same libraries, threads and processor; else within the
tolerance of `icl_bench.records.agree`.
"""

import shlex
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icl_bench.entries.base import Source
from icl_bench.entries.open import open_source
from icl_bench.errors import CheckError, InputError
from icl_bench.evaluation.run import evaluate_source
from icl_bench.models.shipped import bare_name, collection_of, shipped_folder, shipped_runs
from icl_bench.predictor import BASELINE_PREFIX, Missing
from icl_bench.records.agree import Agreement, agreements
from icl_bench.records.audit import check_of_suite
from icl_bench.records.store import board_records
from icl_bench.resources import in_a_checkout
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE
from icl_bench.specs.loops import cut_loops
from icl_bench.specs.outcome import training_processor
from icl_bench.specs.recipe import Recipe, changes_between
from icl_bench.specs.result import CheckpointIdentity, LanguageModelIdentity, ResultRecord, TaskResult
from icl_bench.specs.run_names import RUNS, seed_folder
from icl_bench.specs.schema import parse
from icl_bench.suites import Suite, find_task, load_suite
from icl_bench.suites.recipes import suite_recipe

_NOT_TOLD = "which the record does not tell"  # a platform


@dataclass(frozen=True)
class Verification:
    """A record, and how its numbers compare with a second evaluation."""

    recorded: ResultRecord
    tasks: list[Agreement]
    elsewhere: list[str]  # how this platform differs from the recorded one, in phrases; empty if they match

    def task_holds(self, agreement: Agreement) -> bool:
        """Whether a task's numbers are the recorded ones: to the bit on the same platform, else within the
        tolerance."""
        return agreement.within_tolerance if self.elsewhere else agreement.identical

    @property
    def holds(self) -> bool:
        """Whether the numbers of every task hold."""
        return all(self.task_holds(agreement) for agreement in self.tasks)


def model_of(record: ResultRecord) -> str:
    """The name under which the model of a record can be opened; InputError where there is none."""
    if record.model.kind == "callable":
        raise InputError(
            f"{record.model.id} was a Python object, which a record does not hold; evaluate it from Python",
            code="python-object",
        )
    if record.model.kind == "endpoint":
        raise InputError(
            f"{record.model.id} was answered by a server, which a record does not name; evaluate it again "
            "with --endpoint",
            code="served-model",
        )
    name, loops = cut_loops(record.model.id)
    return name + loops if record.model.revision is None else f"{name}@{record.model.revision}{loops}"


def verify(record: ResultRecord, model: str, device: str | None = None, source: str = "it") -> Verification:
    """Evaluate `model` on the tasks of a record, and compare.

    `source` is what messages call the record. CheckError where the model has other weights than the record
    says; further errors as `open_source` and `evaluate_source` have them.
    """
    suite = load_suite(record.suite.name)
    check_of_suite(record, suite, source)
    opened = open_source(model, suite, None, device, list(record.tasks))
    check_weights(record, opened, suite, source, model)
    reproduced = evaluate_source(opened, suite, list(record.tasks), progress=True)
    return Verification(record, agreements(reproduced, record), _elsewhere(reproduced, record))


def check_weights(record: ResultRecord, opened: Source, suite: Suite, source: str, model: str) -> None:
    """CheckError where what was opened does not have the weights and specs that a record names."""
    for name, result in record.tasks.items():
        task_predictor = opened.task_predictor(suite.task(name))
        if isinstance(task_predictor, Missing):
            raise CheckError(
                f"{source} has a result on {name} and {model} has no checkpoint; give its model",
                code="lacks-task",
            )
        declared = result.weights
        held = task_predictor.checkpoint or task_predictor.language_model
        if _without_library(declared) == _without_library(held):
            continue
        if declared is None or held is None or declared.sha256 != held.sha256:
            hashes = ["none" if each is None else each.sha256[:12] for each in (declared, held)]
            weights = f"is of the weights {hashes[0]} and {model} holds {hashes[1]}"
            raise CheckError(
                f"{source}: tasks.{name} {weights}; give the model that it is of", code="other-weights"
            )
        raise CheckError(
            f"{source}: tasks.{name} says another spec or training than {model}; it was changed",
            code="other-training",
        )


def _without_library(
    weights: CheckpointIdentity | LanguageModelIdentity | None,
) -> CheckpointIdentity | LanguageModelIdentity | None:
    """Weights apart from what computed them, which may be of another version here."""
    if isinstance(weights, LanguageModelIdentity):
        return weights.model_copy(update={"library": ""})
    return weights


@dataclass(frozen=True)
class Row:
    """One seed of a row of a board: its record, and the models that may have its weights."""

    seed: int
    record: ResultRecord
    models: list[str]


def board_row(name: str, suite: Suite) -> list[Row]:
    """The seeds of a row; InputError where nothing is recorded of it.

    Weights of shipped models come with icl-bench, or lie where `icl-bench sweep` keeps them here.
    """
    if name.startswith(BASELINE_PREFIX):
        raise InputError(
            f"{name} has no weights; compare it by `icl-bench baselines verify {suite.name}`",
            code="no-weights",
        )
    records = board_records(name, suite)
    if not records and collection_of(name) is None and not in_a_checkout():
        raise InputError(
            f"records of submissions do not come with the installed package; reproduce {name} in a checkout "
            "of icl-bench's repository",
            code="not-a-checkout",
        )
    if not records:
        raise InputError(
            f"nothing is recorded of {name} on {suite.name}; see `icl-bench leaderboard show --suite "
            f"{suite.name}`, or give another suite",
            code="nothing-recorded",
        )
    return [Row(seed, record, _models(name, seed, record, suite)) for seed, record in records.items()]


def reproduce(row: Row, device: str | None = None) -> Verification:
    """Verify one seed by the model that has its weights, or those of most of its tasks.

    InputError where no weights are available; CheckError where the Hub has other weights under the recorded
    commit.
    """
    suite = load_suite(row.record.suite.name)
    for model in sorted(row.models, key=lambda model: len(_held(model, row)), reverse=True):
        held = _held(model, row)
        record = row.record.model_copy(update={"tasks": held}) if held else row.record
        try:
            opened = open_source(model, suite, None, device, list(record.tasks))
            check_weights(record, opened, suite, f"the record of seed {row.seed}", model)
        except InputError as error:
            fault = str(error)
        except CheckError as error:
            if row.record.model.revision is not None:
                raise
            fault = str(error)
        else:
            return verify(record, model, device)
    raise InputError(fault)


def _held(model: str, row: Row) -> dict[str, TaskResult]:
    """The results whose weights lie in a model's folder of training runs; none where it has none."""
    suite = load_suite(row.record.suite.name)

    def folder(task: str) -> Path:
        if collection_of(model) is not None and row.seed == 0:
            return shipped_folder(model, suite, task)
        return Path(model) / suite.checkpoint_folder(task)

    tasks = row.record.tasks.items()
    return {task: result for task, result in tasks if (folder(task) / WEIGHTS_FILE).is_file()}


def training_commands(row: Row, evaluated: Collection[str]) -> list[str]:
    """The commands that train the weights of the other tasks, which are not kept, a line a task."""
    left = {task: result for task, result in row.record.tasks.items() if task not in evaluated}
    return [_training_command(row, task, result) for task, result in left.items()]


def trained_on(row: Row, evaluated: Collection[str]) -> str:
    """What the weights of the other tasks were trained on, each once: `NVIDIA H200, torch 2.11.0, …`."""
    platforms = [
        _platform(result.checkpoint.training or {})
        for task, result in row.record.tasks.items()
        if task not in evaluated and result.checkpoint is not None
    ]
    return "; ".join(dict.fromkeys(platforms)) or _NOT_TOLD


def _platform(training: dict[str, Any]) -> str:
    """What a checkpoint says of its training may be of any type."""
    environment, code = (training.get(key) for key in ("environment", "code"))
    if not isinstance(environment, dict):
        return _NOT_TOLD
    known = [training_processor(training) or "a processor without a name"]
    known += [f"{name} {environment[name]}" for name in ("torch", "python") if environment.get(name)]
    if isinstance(code, dict) and code.get("version"):
        known += [f"icl-bench {code['version']} ({code.get('commit') or 'no commit'})"]
    return ", ".join(known)


def _training_command(row: Row, task: str, result: TaskResult) -> str:
    suite, training = load_suite(row.record.suite.name), {}
    if result.checkpoint is not None:
        training = result.checkpoint.training or {}
    trained_as = suite.trained_as(task)
    words = ["icl-bench", "train", row.models[-1], trained_as, "--seed", str(row.seed), "--half"]
    with suppress(LookupError, InputError):  # of a record that does not say by which recipe
        wanted = parse(Recipe, training["recipe"], "the recipe of a record")
        trained_suite, base = find_task(trained_as)
        own = suite_recipe(trained_suite, base.name)
        words += [word for change in changes_between(own, wanted) for word in ("--set", change)]
    words += ["--compile"] * (training.get("compiled") is True)
    environment = training.get("environment")
    if isinstance(environment, dict) and str(environment.get("device", "cpu")) != "cpu":
        words += ["--device", str(environment["device"])]
    digest = result.checkpoint.sha256 if result.checkpoint else "unknown"
    return f"OMP_NUM_THREADS=1 {shlex.join(words)}  # SHA-256 {digest}"


def _models(name: str, seed: int, record: ResultRecord, suite: Suite) -> list[str]:
    if collection_of(name) is None:
        return [model_of(record)]
    folders = [seed_folder(Path(RUNS), trained, bare_name(name), seed) for trained in suite.training_suites]
    folders += [shipped_runs(name, trained, seed) for trained in suite.training_suites if seed]
    return [*(str(folder) for folder in folders if folder.is_dir()), name]


def _elsewhere(reproduced: ResultRecord, recorded: ResultRecord) -> list[str]:
    here, there = (
        {"icl-bench": _code(each), "read by": _library(each), **each.environment.model_dump()}
        for each in (reproduced, recorded)
    )
    differences = [
        f"{key} {_or_not_recorded(there[key])}, here {_or_not_recorded(here[key])}"
        for key in here
        if here[key] != there[key]
    ]
    if not differences and here["processor"] is None:
        differences = ["on a processor that is not known"]
    return differences


def _library(record: ResultRecord) -> str | None:
    """What computed a language model's answers; None of other models."""
    read = (result.language_model for result in record.tasks.values())
    return next((language_model.library for language_model in read if language_model), None)


def _code(record: ResultRecord) -> str:
    evaluator = record.evaluator
    commit = f" of {evaluator.commit[:12]}" if evaluator.commit else ""
    return f"{evaluator.version}{commit}{' with changes' if evaluator.dirty else ''}"


def _or_not_recorded(value: object) -> object:
    return "not recorded" if value is None else value
