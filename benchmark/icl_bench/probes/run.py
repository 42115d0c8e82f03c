"""Measuring probes of a model on a suite, and reading their records."""

from collections.abc import Sequence
from pathlib import Path

from icl_bench.entries.base import Source, entry_kinds
from icl_bench.environment import describe_environment, describe_evaluator
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.predictor import Missing
from icl_bench.probes.base import Probe, Subject, probes
from icl_bench.progress import progress as show_progress
from icl_bench.records.record_files import PROBES_ENDING, RESULTS
from icl_bench.resources import data_folder
from icl_bench.specs.checkpoint import parse_json
from icl_bench.specs.probe_record import Finding, ProbeRecord
from icl_bench.specs.result import MAX_RECORD_BYTES, ResultRecord, SuiteIdentity
from icl_bench.specs.run_names import run_name
from icl_bench.specs.schema import parse
from icl_bench.suites import Suite


def chosen_probes(names: Sequence[str] | None) -> list[Probe]:
    """The probes of these names, all for None or none; UnknownNameError with the nearest name."""
    known = probes()
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
    weights, reasons = {}, []
    for name in tasks:
        answer = source.task_predictor(suite.tasks[name])
        if isinstance(answer, Missing):
            reasons.append(f"{name}: {answer.reason}")
            continue
        if answer.checkpoint is not None:
            weights[name] = answer.checkpoint.sha256
        subject = Subject(suite, suite.tasks[name], answer.predictor)
        for probe in chosen:
            if not probe.serves(subject.task):
                reasons.append(f"{name} is not of the tasks that {probe.type} serves")
            elif probe.looks_inside and subject.network is None:
                reasons.append(f"{probe.type} looks inside a network, and it has none")
            else:
                with show_progress(f"{name}: {probe.type}", 1, quiet=not progress, minor=True) as advance:
                    findings.setdefault(probe.type, {})[name] = probe.measure(subject)
                    advance(1)
    unmeasured = [probe.type for probe in chosen if probe.type not in findings]
    if unmeasured and (not findings or len(chosen) < len(probes())):
        raise InputError(
            f"{source.identity.id} has nothing on {suite.name} for {unmeasured[0]} ({reasons[0]}); "
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
    for task, sha256 in record.weights.items():
        checkpoint = result.tasks[task].checkpoint if task in result.tasks else None
        if checkpoint is None or checkpoint.sha256 != sha256:
            raise SpecError(
                f"{path}: {task} was probed with other weights than are recorded; probe it again",
                code="other-probed-weights",
            )
