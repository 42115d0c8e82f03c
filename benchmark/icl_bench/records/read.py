"""Reading a result record back, and refusing one whose numbers do not follow from each other."""

from math import isclose
from pathlib import Path

from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.scoring.scores import regression_score
from icl_bench.specs.result import MAX_RECORD_BYTES, ResultRecord, TaskResult, parse_record
from icl_bench.suites import Suite

TOLERANCE = 1e-7  # of a score, or of the zero estimator's error: what other summation orders may change


def load_record(path: Path | str) -> ResultRecord:
    """Read and check a record; SpecError where it is not one, or where it contradicts itself."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise SpecError(f"{path} is larger than {MAX_RECORD_BYTES / 2**20:g} MiB and is no result record")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"no file {path}; `icl-bench evaluate MODEL` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}: {error}; give a result record") from None
    if not text.lstrip().startswith("{"):  # where the schema would speak of types
        raise SpecError(f"{path} holds no result record; `icl-bench evaluate MODEL` writes one")
    record = parse_record(text, str(path))
    check_record(record, str(path))
    return record


def check_record(record: ResultRecord, source: str) -> None:
    """SpecError where a mean error or a score is not what the per-prompt errors and the curves give."""
    for name, task in record.tasks.items():
        for what, found, expected, scale in _recomputed(task):
            if not _agree(found, expected, scale):
                raise SpecError(
                    f"{source}: tasks.{name}.{what} is {found} but the recorded errors give {expected}; "
                    "the file was changed, evaluate again"
                )


def check_of_suite(record: ResultRecord, suite: Suite, source: str) -> None:
    """InputError where a record's results cannot be of the suite: its name, tasks, sizes and prompts.

    The lock's hash is not compared: it changes when errors of baselines are frozen, prompts never do.
    """
    if record.suite.name != suite.name:
        raise InputError(
            f"{source} is a record of {record.suite.name}, not of {suite.name}; "
            f"choose that suite or evaluate the model on {suite.name}"
        )
    for name, result in record.tasks.items():
        if name not in suite.tasks:
            raise UnknownNameError("task", name, suite.tasks, f"{source}, a record of {suite.name}")
        task = suite.task(name)
        expected = {"prompts": suite.spec.prompts, "points": task.points, "scored": task.scored}
        for what, value in expected.items():
            found = getattr(result, what)
            if found != value:
                raise InputError(
                    f"{source}: tasks.{name}.{what} is {found} but {suite.name} has {value}; evaluate again"
                )


def _recomputed(task: TaskResult) -> list[tuple[str, float | None, float | None, float]]:
    """What the record says and what its own errors give: (key, said, given, scale of the two)."""
    curves = task.error_curves
    model, zero = sum(task.prompt_errors) / task.prompts, task.scored_sum(curves.zero)
    return [
        ("error_curves.model", task.scored_sum(curves.model), model, zero),
        ("mean_error", task.mean_error.value, model / task.scored_points, zero / task.scored_points),
        ("score", task.score.value, _score(task, model, curves.baseline), 1.0),
        ("optimality", task.optimality.value, _score(task, model, curves.exact), 1.0),
    ]


def _score(task: TaskResult, model: float, curve: list[float] | None) -> float | None:
    if curve is None:
        return None
    base, zero = task.scored_sum(curve), task.scored_sum(task.error_curves.zero)
    return float(regression_score(model, base, zero)) if base < zero else None


def _agree(found: float | None, expected: float | None, scale: float) -> bool:
    if found is None or expected is None:
        return found is expected
    return isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale)
