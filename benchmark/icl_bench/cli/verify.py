"""`icl-bench verify` and `reproduce`: whether recorded numbers come out again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icl_bench.cli.options import Device, SuiteName

if TYPE_CHECKING:
    from collections.abc import Collection

    from icl_bench.records.agree import Agreement
    from icl_bench.records.reproduce import Row, Verification
    from icl_bench.specs.result import ResultRecord


def verify(
    records: Annotated[
        list[Path],
        typer.Argument(metavar="RECORD...", help="Records that evaluate wrote.", show_default=False),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Where its model is now, as for evaluate.", show_default="what the record names"),
    ] = None,
    device: Device = None,
) -> None:
    """Evaluate the models of records again, and say whether the numbers hold. Exits with 1 if they do not.

    With the same icl-bench, libraries, threads and processor as in the record every number has to be the
    same. Elsewhere float32 sums round otherwise: then no number may differ by more than 0.0001 of the larger
    of itself and the error of answering 0 (of 1 for scores).

    Example: icl-bench verify results/mine.json
    """
    from icl_bench.errors import InputError
    from icl_bench.records.read import load_record

    if model is not None and len(records) > 1:
        raise InputError(f"--model goes with one record, not with {len(records)}; verify them one by one")
    loaded = {path: load_record(path) for path in records}
    holding = [_record_holds(path, record, model, device) for path, record in loaded.items()]
    if len(holding) > 1:
        typer.echo(f"\n{sum(holding)} of {len(holding)} records hold")
    if not all(holding):
        raise typer.Exit(1)


def reproduce(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A row of the board.", show_default=False)],
    suite: SuiteName = "mini",
    device: Device = None,
) -> None:
    """Evaluate a row of the board again, every seed whose weights can be had. Exits with 1 where one differs.

    Weights of references come with icl-bench, or are in runs/ where `icl-bench sweep` trained them. Those of
    submissions are fetched from the Hub, at the recorded commit; their records are in a checkout alone.
    Numbers are compared as `icl-bench verify` does it.

    Example: icl-bench reproduce reference/gpt2 --suite mini
    """
    from icl_bench.errors import InputError
    from icl_bench.models.shipped import collection_of
    from icl_bench.records.reproduce import board_row
    from icl_bench.suites import load_suite

    frozen = load_suite(suite)
    rows = board_row(name, frozen)
    faults: dict[int, str] = {}
    differ = without_weights = 0
    for row in rows:
        typer.echo(f"{name} on {frozen.name}, seed {row.seed}\n")
        try:
            holds, left = _row_holds(row, device)
            differ += not holds
            without_weights += left
        except InputError as error:
            faults[row.seed] = str(error)
            typer.echo(f"not evaluated: {error}\n")
            if collection_of(name) is not None:
                _print_training(row, ())
    if len(faults) == len(rows):
        raise InputError(f"no weights available for {name}; {next(iter(faults.values()))}")
    seeds = f"{len(rows) - len(faults) - differ} of {len(rows)} seeds hold, {len(faults)} not evaluated"
    results = sum(len(row.record.tasks) for row in rows if row.seed not in faults)
    typer.echo(seeds + f"; of their {results} results {without_weights} not" * (without_weights > 0))
    if differ:
        raise typer.Exit(1)


def _record_holds(path: Path, record: "ResultRecord", model: str | None, device: str | None) -> bool:
    """Whether a record holds, which is printed."""
    from icl_bench.records.reproduce import model_of
    from icl_bench.records.reproduce import verify as verified

    name = model or model_of(record)
    verification = verified(record, name, device, str(path))
    typer.echo(f"{name} on {record.suite.name}, against {path}\n")
    _print(verification)
    return verification.holds


def _row_holds(row: "Row", device: str | None) -> tuple[bool, int]:
    """Whether a seed holds, which is printed, and how many of its results have no weights."""
    from icl_bench.errors import CheckError
    from icl_bench.records.reproduce import reproduce as reproduced

    try:
        verification = reproduced(row, device)
    except CheckError as error:
        typer.echo(f"does not hold: {error}\n")
        return False, 0
    _print(verification)
    typer.echo()
    return verification.holds, _print_training(row, verification.recorded.tasks)


def _print_training(row: "Row", evaluated: "Collection[str]") -> int:
    """How to train the weights of the tasks that were not evaluated, and how many these are."""
    from icl_bench.records.reproduce import trained_on, training_commands

    commands = training_commands(row, evaluated)
    if commands:
        typer.echo(
            "not evaluated: weights that are not kept; these make them, to the bit with the code and on the "
            f"platform that they were trained with ({trained_on(row, evaluated)})"
        )
        typer.echo("\n".join([*commands, ""]))
    return len(commands)


def _print(verification: "Verification") -> None:
    from icl_bench.display.text_table import text_table
    from icl_bench.records.agree import TOLERANCE

    typer.echo(text_table([_row(verification, agreement) for agreement in verification.tasks]))
    typer.echo()
    for agreement in verification.tasks:
        if not verification.task_holds(agreement):
            typer.echo(
                f"{agreement.task}: {agreement.where or 'all numbers agree, but something else does not'}"
            )
    if verification.elsewhere:
        typer.echo(f"recorded with {'; '.join(verification.elsewhere)}: compared within {TOLERANCE:g}")
    else:
        typer.echo("recorded with the same code, libraries, threads and processor: compared to the bit")
    typer.echo("the numbers hold" if verification.holds else "the numbers do not hold")


def _row(verification: "Verification", agreement: "Agreement") -> dict[str, Any]:
    from icl_bench.views.cells import format_estimate

    scores = {"recorded": agreement.recorded, "recomputed": agreement.reproduced}
    row = {"task": agreement.task}
    row |= {
        f"score, {key}": "-" if result is None else format_estimate(result.score)
        for key, result in scores.items()
    }
    row["largest difference"] = "none" if agreement.identical else f"{agreement.difference:.1e}"
    return row | {"": "holds" if verification.task_holds(agreement) else "does not hold"}
