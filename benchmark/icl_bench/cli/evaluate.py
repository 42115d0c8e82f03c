"""`icl-bench evaluate`: a model on a suite's frozen prompts, as a table and a result record."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.cluster import ClusterChoice
from icl_bench.cli.cluster_options import (
    CellsPerJob,
    Engine,
    Gpus,
    Memory,
    On,
    Partition,
    PrintScript,
    Sbatch,
    ShardOption,
    Status,
    Time,
)
from icl_bench.cli.options import Device, Endpoint, Loops, Models, Revision, SuiteName, Tasks
from icl_bench.cli.outcome import print_doubts, quick_look, refuse_lost, unicode_terminal, where_kept

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord
    from icl_bench.suites import Suite


Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File of the record, replaced where it differs; of several seeds, a folder.",
        show_default="results/MODEL-SUITE[-TASKS].json",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="A quick look at the first N prompts: no board's number; no record without --output.",
        show_default="all prompts",
    ),
]
RecordAsJson = Annotated[
    bool, typer.Option("--json", help="Print the record in place of the table; of several seeds, a list.")
]


def evaluate(
    models: Models,
    suite: SuiteName = "mini",
    task: Tasks = None,
    revision: Revision = None,
    device: Device = None,
    loops: Loops = None,
    endpoint: Endpoint = None,
    output: Output = None,
    limit: Limit = None,
    as_json: RecordAsJson = False,
    on: On = Engine.local,
    cells_per_job: CellsPerJob = 1,
    time: Time = "1:00:00",
    memory: Memory = "4G",
    gpus: Gpus = 0,
    partition: Partition = None,
    sbatch: Sbatch = None,
    print_script: PrintScript = False,
    status: Status = False,
    shard: ShardOption = None,
) -> None:
    """Score a model on frozen prompts against baselines, with 95% intervals.

    Prints a table and writes the result record. A folder that holds seed-0, seed-1, … is scored seed by seed:
    a record each, and one table of their means, as boards have them. Where no --output is given nothing is
    replaced: a record of the same model is united with the one that is there, another goes beside it. A model
    that breaks a rule of the benchmark (a prediction that reads its own target, NaN, answers that differ
    between two calls) is refused with exit code 1. Where it is better than an exact predictor by more than
    sampling explains, a line marked ⚠ says so. What a server of --endpoint has answered is kept until the
    record is written: the same command goes on where it was interrupted.

    Example: icl-bench evaluate reference/llama --suite mini --task linear_regression
    Example: icl-bench evaluate runs/mini-v1/my-model
    Example: icl-bench evaluate runs/mini-v1/my-looped-model/seed-0 --loops 24
    Example: icl-bench evaluate user/language-model --suite text-boolean
    Example: icl-bench evaluate my-model --endpoint http://localhost:8000/v1 --suite text-boolean
    Example: icl-bench evaluate runs/mini-v1/* --output results --on slurm
    """
    cluster = ClusterChoice(on, cells_per_job, time, memory, gpus, partition, sbatch, print_script, shard)
    cluster.check()
    if len(models) > 1 or on is not Engine.local or status or shard is not None:
        from icl_bench.cli.evaluate_many import evaluate_many

        whole = {"--revision": revision, "--endpoint": endpoint, "--limit": limit, "--json": as_json or None}
        evaluate_many(models, suite, task, loops, device, output, whole, cluster, status)
        return
    evaluate_one(models[0], suite, task, revision, device, loops, endpoint, output, limit, as_json)


def evaluate_one(
    model: str,
    suite: str,
    task: list[str] | None = None,
    revision: str | None = None,
    device: str | None = None,
    loops: int | None = None,
    endpoint: str | None = None,
    output: Path | None = None,
    limit: int | None = None,
    as_json: bool = False,
) -> None:
    """Score one model here, or each seed of it: print a table and write the record."""
    from icl_bench.cli.evaluate_seeds import evaluate_seeds
    from icl_bench.entries.endpoint import open_endpoint
    from icl_bench.entries.open import open_source
    from icl_bench.evaluation.run import evaluate_source
    from icl_bench.evaluation.seeds import holds_seeds
    from icl_bench.files import check_ending, check_file_place
    from icl_bench.records.file_name import default_file_name
    from icl_bench.records.record_files import RESULTS
    from icl_bench.specs.loops import with_loops
    from icl_bench.suites import chosen_tasks, load_suite

    frozen = load_suite(suite)
    tasks = chosen_tasks(frozen, task)
    served = None if endpoint is None else open_endpoint(model, endpoint, frozen, revision, device, loops)
    model = model if served else with_loops(model, loops)
    if served is None and holds_seeds(model, frozen):
        evaluate_seeds(model, frozen, tasks, revision, device, output, limit, as_json)
        return
    path = output
    if output is None and limit is None:
        path = Path(RESULTS) / default_file_name(model, frozen, tasks, revision, device)
    if path is not None:
        check_ending(path, [".json"], "a record")
        check_file_place(path)
    source = served or open_source(model, frozen, revision, device, tasks)
    if served is not None and served.resumed:
        typer.echo(served.resumed, err=True)
    record = evaluate_source(source, frozen, tasks, progress=True, limit=limit)
    _keep_and_print(record, frozen, path, output is not None, as_json)
    if served is not None:
        served.forget()


def _keep_and_print(
    record: "ResultRecord", suite: "Suite", path: Path | None, named: bool, as_json: bool
) -> None:
    """Write a record where it belongs, print it, then say where it is; `named`: the path is the user's."""
    from icl_bench.evaluation.doubts import doubts
    from icl_bench.records.keep import keep_at, keep_beside
    from icl_bench.specs.record_json import in_ascii

    kept = None if path is None else (keep_at if named else keep_beside)(record, path)
    if as_json:
        typer.echo(in_ascii(record.to_json()), nl=False)
    else:
        _print_table(record, suite)
    print_doubts(doubts(record, suite))
    if kept is not None and kept.fault is None:
        typer.echo(f"{'' if as_json else chr(10)}{where_kept(kept)}", err=as_json)
    refuse_lost([kept])


def _print_table(record: "ResultRecord", suite: "Suite") -> None:
    from icl_bench.display.table import as_table
    from icl_bench.display.text_table import in_window
    from icl_bench.frozen.ideal import ideal_note

    prompts = max(task.prompts for task in record.tasks.values())
    typer.echo(f"{record.model.id} on {record.suite.name}, {prompts:,} prompts a task\n")
    typer.echo(as_table(record, bars=unicode_terminal()))
    if ideal := ideal_note(suite, record.tasks):
        typer.echo(in_window(f"\n{ideal}"))
    if note := quick_look(prompts, suite):
        typer.echo(f"\n{note}")
