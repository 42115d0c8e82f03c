"""`icl-bench probe`: measurements of a model that are not its score."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.options import Device, Loops, Model, SuiteName, Tasks

if TYPE_CHECKING:
    from icl_bench.specs.probe_record import ProbeRecord


def probe(
    model: Model,
    probe_names: Annotated[
        list[str] | None,
        typer.Option("--probe", help="Only this probe; may be given again.", show_default="all"),
    ] = None,
    suite: SuiteName = "mini",
    task: Tasks = None,
    device: Device = None,
    loops: Loops = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File of the record.", show_default="none is written"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record in place of the table.")] = False,
) -> None:
    """Measure probes of a model on frozen prompts, with 95% intervals.

    nearest_algorithm says which predictor a model answers like; implied_weights, which linear function it
    applies; order, how much the order of examples changes its answers; sample_efficiency, how many examples
    it needs. depth_readout and gd_similarity look inside a network. A record beside a model's recorded
    results, as SUITE-seed-N.probes.json, is shown on its page.

    Example: icl-bench probe reference/llama --task linear_regression
    Example: icl-bench probe reference/gpt2 --probe nearest_algorithm --suite mini-shifts --json
    """
    from icl_bench.files import check_ending, check_file_place
    from icl_bench.probes.run import probe as measure
    from icl_bench.specs.loops import with_loops

    if output is not None:
        check_ending(output, [".json"], "a record")
        check_file_place(output)
    record = measure(with_loops(model, loops), suite, task, probe_names, progress=True, device=device)
    if output is not None:
        record.save(output)
    typer.echo(record.to_json() if as_json else _table(record), nl=not as_json)


def _table(record: "ProbeRecord") -> str:
    from icl_bench.display.text_table import text_table
    from icl_bench.probes.base import probes
    from icl_bench.views.cells import format_estimate

    rows = [
        [
            probe.heading,
            task,
            format_estimate(finding.estimate),
            finding.label or finding.estimate.reason or "",
        ]
        for name, probe in probes().items()
        for task, finding in record.findings.get(name, {}).items()
    ]
    table = text_table(rows, ("probe", "task", "value", "note"), wrapped="note", tablefmt="simple")
    return f"{record.model.id} on {record.suite.name}\n\n{table}"
