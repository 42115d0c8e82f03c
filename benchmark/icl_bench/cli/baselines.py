"""`icl-bench baselines`: the predictors that need no training."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.cluster import ClusterChoice, print_statuses, refuse_at_once
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
from icl_bench.cli.errors import VerbGroup
from icl_bench.cli.frozen import frozen_means
from icl_bench.cli.options import AsJson, Tasks

if TYPE_CHECKING:
    from icl_bench.frozen.baseline_job import ComputeBaseline
    from icl_bench.frozen.compute import BaselineOnTask
    from icl_bench.suites import Suite

SuiteName = Annotated[str, typer.Argument(metavar="SUITE", help="As mini or paper-v1.", show_default=False)]
OnlyBaseline = Annotated[
    list[str] | None, typer.Option(help="Only this baseline; may be given again.", show_default="all")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that compute.", show_default="one a core")
]

baselines = typer.Typer(cls=VerbGroup, help="The predictors that need no training.")


@baselines.command("list")
def list_baselines(
    as_json: AsJson = False,
) -> None:
    """Name every baseline, what it predicts and which tasks it answers.

    Example: icl-bench baselines list
    """
    from icl_bench.baselines.base import BASELINES
    from icl_bench.display.text_table import text_table
    from icl_bench.suites import load_suite, suite_names

    rows = [
        {"name": f"baseline/{name}", "predicts": entry.summary, "answers": entry.serves}
        for name, entry in BASELINES.entries().items()
    ]
    suites = [load_suite(name) for name in suite_names()]
    if as_json:
        means = {
            f"{suite.name}/{task}": frozen_means(suite, task) for suite in suites for task in suite.tasks
        }
        errors = {
            row["name"]: {
                task: {key: mean[key] for key in ("mean_error", "prompts")}
                for task, by_baseline in means.items()
                for mean in by_baseline
                if row["name"] == f"baseline/{mean['baseline']}"
            }
            for row in rows
        }
        typer.echo(json.dumps([row | {"errors": errors[row["name"]]} for row in rows], indent=1))
        return
    typer.echo(text_table(rows, droppable=["answers"], wrapped="predicts"))
    for suite in suites:
        typer.echo(_means_table(suite))


@baselines.command("compute")
def compute(
    suite: SuiteName,
    task: Tasks = None,
    baseline: OnlyBaseline = None,
    prompts: Annotated[
        int | None, typer.Option(help="Only the first so many prompts.", show_default="all")
    ] = None,
    needed: Annotated[
        bool,
        typer.Option(
            "--needed", help="Only what scores need: zero, prior_mean, and each task's baseline and exact."
        ),
    ] = False,
    workers: Workers = None,
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
    """Freeze the errors of baselines with a suite, where they are not yet frozen.

    Writes baselines/TASK/BASELINE.npz in the suite's folder and their hashes into its lock. A run that was
    interrupted resumes where it stopped. What is frozen is never changed. With --on slurm or --shard nothing
    is frozen: errors go into the cache folder (HF_HOME), on a disk that all of them share, and the same
    command without these options then freezes them.

    Example: icl-bench baselines compute mini --needed
    Example: icl-bench baselines compute mini --on slurm --time 4:00:00
    """
    from icl_bench.errors import InputError
    from icl_bench.frozen.freeze import freeze, missing_baselines, needed_baselines
    from icl_bench.suites import chosen_tasks, load_suite

    if needed and baseline:
        raise InputError("--needed and --baseline name different sets; give either")
    frozen = load_suite(suite)
    tasks = chosen_tasks(frozen, task)
    if needed:
        entries = needed_baselines(frozen, tasks, prompts)
    else:
        entries = missing_baselines(frozen, tasks, baseline or (), prompts)
    cluster = ClusterChoice(
        on, cells_per_job, time, memory, gpus, partition, sbatch, print_script, shard, workers or 1
    )
    cluster.check()
    if on is not Engine.local or status or shard is not None:
        _compute_in_parts(frozen, entries, cluster, status)
        return
    freeze(frozen, entries, workers, quiet=False)
    names = ", ".join(entry.name for entry in entries) or "nothing was missing"
    typer.echo(f"{frozen.name}: {names}\nlock {frozen.lock_hash}")


@baselines.command("verify")
def verify(
    suite: SuiteName,
    task: Tasks = None,
    baseline: OnlyBaseline = None,
    prompts: Annotated[int, typer.Option(min=1, help="Compare the first so many prompts.")] = 64,
    workers: Workers = None,
) -> None:
    """Recompute frozen errors on the first prompts, and compare.

    The machine that froze them finds the same bits. On another one, two_layer_nn and xgboost may differ in
    single prompts, and their means hold. Exits with 1 where a mean differs by more than a thousandth of the
    error of answering 0.

    Example: icl-bench baselines verify mini --baseline lasso
    """
    from icl_bench.display.text_table import text_table
    from icl_bench.frozen.verify import recompute
    from icl_bench.suites import chosen_tasks, load_suite

    frozen = load_suite(suite)
    recomputed = list(
        recompute(frozen, chosen_tasks(frozen, task), baseline or (), prompts, workers, quiet=False)
    )
    rows = [
        {
            "task": errors.pair.task,
            "baseline": errors.pair.baseline.type,
            "prompts": errors.pair.prompts,
            "bits": "same" if errors.same else "differ",
            "largest": errors.largest,
            "mean": errors.mean,
            "": "holds" if errors.holds else "DIFFERS",
        }
        for errors in recomputed
    ]
    typer.echo(text_table(rows, floatfmt=".1e"))
    typer.echo("largest, mean: of a prompt's error and of the mean error, over that of answering 0")
    raise typer.Exit(0 if all(errors.holds for errors in recomputed) else 1)


@baselines.command("choose")
def choose_options(
    suite: SuiteName,
    prompts: Annotated[int, typer.Option(min=1, help="Development prompts a task.")] = 2_048,
) -> None:
    """Try the numbers that some baselines choose for each task, on its development stream.

    Prints the mean error of every candidate, and exits with 1 where a task's baseline_options do not hold
    the best.

    Example: icl-bench baselines choose mini
    """
    from icl_bench.display.text_table import text_table
    from icl_bench.frozen.choose import choose
    from icl_bench.progress import progress
    from icl_bench.suites import load_suite

    frozen = load_suite(suite)
    chosen = {}
    with progress(f"baselines of {frozen.name}", len(frozen.tasks)) as advance:
        for done, task in enumerate(frozen.tasks.values(), start=1):
            chosen[task.name] = choose(task, frozen.name, prompts)
            advance(done, task.name)
    rows = [
        {"task": task, "baseline": choice.baseline, "option": f"{choice.field} {value:g}", "error": error}
        | {"best": "best" * (value == choice.best), "recorded": "recorded" * (value == choice.recorded)}
        for task, choices in chosen.items()
        for choice in choices
        for value, error in choice.errors.items()
    ]
    typer.echo(text_table(rows, floatfmt=".6g"))
    holds = all(choice.best == choice.recorded for choices in chosen.values() for choice in choices)
    raise typer.Exit(0 if holds else 1)


def _compute_in_parts(
    suite: "Suite", entries: "list[BaselineOnTask]", cluster: ClusterChoice, status: bool
) -> None:
    """Compute what is to be frozen, by jobs or a part of it here, or say how far that is."""
    from icl_bench.cluster.submitted import JOBS
    from icl_bench.frozen.baseline_job import ComputeBaseline
    from icl_bench.resources import cache_folder

    works = [ComputeBaseline(suite.name, entry) for entry in entries]
    jobs_folder = cache_folder() / JOBS
    if status:
        _print_status(suite, {work.key: work for work in works}, jobs_folder)
    elif cluster.print_script:
        cluster.print_for_sbatch(len(works))
    elif cluster.on is not Engine.local:
        refuse_at_once(workers=cluster.workers)
        cluster.submit(works, jobs_folder)
    else:
        _compute_here(cluster.part().select(works), cluster.workers)


def _print_status(suite: "Suite", left: "dict[str, ComputeBaseline]", jobs_folder: Path) -> None:
    """Of what was submitted of a suite and is asked for, or is frozen."""
    from icl_bench.cluster.status import work_statuses
    from icl_bench.frozen.baseline_job import is_frozen

    def frozen(key: str) -> bool:
        name, task, baseline = key.split("/")
        return name == suite.name and is_frozen(suite, task, baseline)

    statuses = work_statuses(jobs_folder, lambda key: frozen(key) or (key in left and left[key].is_done()))
    chosen = [each for each in statuses if each.key in left or frozen(each.key)]
    print_statuses(chosen, lambda key: {"errors": key})


def _compute_here(works: "Sequence[ComputeBaseline]", workers: int | None) -> None:
    """Compute one baseline after the other; exits with 1 where one cannot be."""
    from icl_bench.errors import ICLBenchError
    from icl_bench.workers import worker_pool

    failed = 0
    with worker_pool(workers) as pool:
        for work in works:
            try:
                work.run_on(pool)
                typer.echo(f"{work.key}: computed")
            except ICLBenchError as error:
                failed += 1
                typer.echo(f"{work.key}: error: {error}", err=True)
    raise typer.Exit(1 if failed else 0)


def _means_table(suite: "Suite") -> str:
    """Baselines down, tasks across: the frozen mean errors of a suite."""
    from icl_bench.display.initials import legend, short_names
    from icl_bench.display.text_table import in_window, text_table, window

    means = {task: {mean["baseline"]: mean for mean in frozen_means(suite, task)} for task in suite.tasks}
    names = sorted({name for by_baseline in means.values() for name in by_baseline})
    if not names:
        return f"\n{suite.name}: no errors are frozen yet; `icl-bench baselines compute {suite.name}`"
    rows = []
    for name in names:
        known = {task: by_baseline[name] for task, by_baseline in means.items() if name in by_baseline}
        cells = {task: f"{known[task]['mean_error']:.4g}" if task in known else "" for task in means}
        rows.append({suite.name: name} | cells)
    fewer = [
        f"{task}: {name} on the first {mean['prompts']:,} of {mean['of']:,} prompts"
        for task, by_baseline in means.items()
        for name, mean in by_baseline.items()
        if mean["prompts"] != mean["of"]
    ]
    table, width = text_table(rows), window()
    if width is not None and max(map(len, table.splitlines())) > width:
        names_by_task = short_names(list(means))
        rows = [{names_by_task.get(key, key): cell for key, cell in row.items()} for row in rows]
        table = "\n\n".join(_in_parts(rows, suite.name, width))
        fewer = [in_window(legend(list(means))), *map(in_window, fewer)]
    return "\n".join([f"\nmean squared error on {suite.name}", table, *fewer])


def _in_parts(rows: list[dict[str, str]], head: str, width: int) -> Iterator[str]:
    """A wide table as several, each of as many columns beside the first as fit; rows that are empty in a part
    are left out of it."""
    from icl_bench.display.text_table import text_table

    columns = [key for key in rows[0] if key != head]
    while columns:
        for count in range(len(columns), 0, -1):
            part = [
                {key: row[key] for key in (head, *columns[:count])}
                for row in rows
                if any(row[key] for key in columns[:count])
            ]
            table = text_table(part)
            if max(map(len, table.splitlines())) <= width:
                break
        yield table
        columns = columns[count:]
