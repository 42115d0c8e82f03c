"""Measuring probes of a model on a suite, and reading their records."""

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from icl_bench.entries.base import Source, entry_kinds
from icl_bench.entries.callable import ObjectSource
from icl_bench.entries.open import open_source
from icl_bench.environment import describe_environment, describe_evaluator
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.predictor import Missing
from icl_bench.probes.base import Probe, Subject
from icl_bench.probes.base import probes as every_probe
from icl_bench.progress import progress as show_progress
from icl_bench.records.record_files import PROBES_ENDING, RESULTS
from icl_bench.resources import data_folder
from icl_bench.specs.checkpoint import parse_json
from icl_bench.specs.probe_record import Finding, ProbeRecord
from icl_bench.specs.result import MAX_RECORD_BYTES, ResultRecord, SuiteIdentity
from icl_bench.specs.run_names import run_name
from icl_bench.specs.schema import parse
from icl_bench.suites import Suite, chosen_tasks, load_suite


def probe(
    model: Any,
    suite: str = "mini",
    tasks: str | Sequence[str] | None = None,
    probes: str | Sequence[str] | None = None,
    progress: bool = False,
    *,
    name: str | None = None,
    device: str | None = None,
) -> ProbeRecord:
    """Measure probes of a model on a suite's frozen prompts and return the record.

    Args:
        model: as `icl_bench.evaluate` takes it: a function or object that predicts, a torch module, a folder
            or a name. Probes that look inside a network need one that is built from an architecture spec.
        suite: its name, as `mini` or `mini-shifts`.
        tasks: names, or one name, to restrict the suite to.
        probes: names, or one name; all that the model and its tasks serve unless given.
        progress: show it on standard error.
        name: what an object is called in the record.
        device: where a checkpoint or torch module computes.

    `findings` of the record has by probe and task a number with its 95% interval, a word beside it, further
    numbers and curves.

    Raises InputError for names that do not exist and where nothing can be measured, CheckError where a
    prediction is not finite.

    >>> record = icl_bench.probe("baseline/ridge", tasks="linear_regression", probes="nearest_algorithm")
    >>> record.findings["nearest_algorithm"]["linear_regression"].label
    'ridge'
    """
    frozen = load_suite(suite)
    chosen = chosen_tasks(frozen, tasks)
    wanted = chosen_probes([probes] if isinstance(probes, str) else probes)
    if isinstance(model, str | PathLike):
        source = open_source(fspath(model), frozen, None, device, chosen)
    else:
        source = ObjectSource(model, frozen, chosen, name, device)
    return measure(source, frozen, chosen, wanted, progress)


def chosen_probes(names: Sequence[str] | None) -> list[Probe]:
    """The probes of these names, all for None or none; UnknownNameError with the nearest name."""
    known = every_probe()
    for name in names or ():
        if name not in known:
            raise UnknownNameError("probe", name, known)
    return [probe for name, probe in known.items() if not names or name in names]


def measure(
    source: Source,
    suite: Suite,
    tasks: Sequence[str],
    chosen: Sequence[Probe],
    progress: bool = False,
) -> ProbeRecord:
    """The record of probes of a model on tasks of a suite.

    Tasks that the model does not answer, or a probe does not serve, are left out, and so are probes that look
    inside a network where there is none. InputError where nothing is left, or nothing of a probe while not
    all are chosen; CheckError where a prediction is not finite.
    """
    findings: dict[str, dict[str, Finding]] = {}
    weights: dict[str, str] = {}
    reasons: dict[str, str] = {}  # why a probe measures nothing, the first one of each
    for name in tasks:
        answer = source.task_predictor(suite.tasks[name])
        if isinstance(answer, Missing):
            for probe in chosen:
                reasons.setdefault(probe.type, f"{name}: {answer.reason}")
            continue
        if answer.checkpoint is not None:
            weights[name] = answer.checkpoint.sha256
        subject = Subject(suite, suite.tasks[name], answer.predictor)
        for probe in chosen:
            if not probe.serves(subject.task):
                reasons.setdefault(probe.type, f"{name} is not of the tasks that it serves")
            elif probe.looks_inside and subject.network is None:
                reasons[probe.type] = "it looks inside a network, and there is none"
            else:
                with show_progress(f"{name}: {probe.type}", 1, quiet=not progress, minor=True) as advance:
                    findings.setdefault(probe.type, {})[name] = probe.measure(subject)
                    advance(1)
    unmeasured = [probe.type for probe in chosen if probe.type not in findings]
    if unmeasured and (not findings or len(chosen) < len(every_probe())):
        first = unmeasured[0]
        raise InputError(
            f"{source.identity.id} has nothing on {suite.name} for {first} ({reasons[first]}); "
            "choose another task or probe",
            code="nothing-to-probe",
        )
    return ProbeRecord(
        schema=1,
        model=source.identity,
        suite=SuiteIdentity(name=suite.name, hash=suite.hash, resamples=suite.spec.resamples),
        evaluator=describe_evaluator(),
        environment=describe_environment(source.device),
        weights=weights,
        findings=findings,
    )


def load_probe_record(path: Path) -> ProbeRecord:
    """Read a record of probes; SpecError where it is not one."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        raise SpecError(
            f"cannot read {path}: {error.strerror}; give a record of probes", code="unreadable"
        ) from None
    return parse(ProbeRecord, parse_json(content, str(path), MAX_RECORD_BYTES), str(path))


def recorded_findings(
    name: str, records: dict[int, ResultRecord], suite: Suite, root: Path | None = None
) -> dict[str, dict[str, list[Finding]]]:
    """What is recorded of probes beside the results of a row of a board: by probe and task, one a seed.

    SpecError where a file is no record of probes, or is not of the weights of the result beside it.
    """
    findings: dict[str, dict[str, list[Finding]]] = {}
    for folder in _folders(name, root or data_folder("submissions")):
        for seed, result in records.items():
            path = folder / RESULTS / (run_name(suite.name, seed) + PROBES_ENDING)
            if not path.is_file():
                continue
            record = load_probe_record(path)
            _check_weights(record, result, path)
            for probe, by_task in record.findings.items():
                for task, finding in by_task.items():
                    findings.setdefault(probe, {}).setdefault(task, []).append(finding)
    return findings


def _folders(name: str, root: Path) -> list[Path]:
    kinds = [kind for kind in entry_kinds() if kind.recognises(name)]
    return [folder for kind in kinds if (folder := kind.recorded_in(name, root)) is not None][:1]


def _check_weights(record: ProbeRecord, result: ResultRecord, path: Path) -> None:
    if record.suite.name != result.suite.name:
        raise SpecError(
            f"{path}: probes of {record.suite.name} beside results of {result.suite.name}; move the file",
            code="other-probed-suite",
        )
    probed = {task for by_task in record.findings.values() for task in by_task}
    for task in sorted(probed | set(record.weights)):
        checkpoint = result.tasks[task].checkpoint if task in result.tasks else None
        if checkpoint is None or checkpoint.sha256 != record.weights.get(task):
            raise SpecError(
                f"{path}: {task} was probed with other weights than are recorded; probe it again",
                code="other-probed-weights",
            )
