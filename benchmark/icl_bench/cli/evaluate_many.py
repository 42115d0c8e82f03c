"""`icl-bench evaluate` of several models: a record each, here or by jobs of a cluster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from icl_bench.cli.cluster import ClusterChoice, print_statuses

if TYPE_CHECKING:
    from icl_bench.records.model_job import EvaluateModel


def evaluate_many(
    models: Sequence[str],
    suite: str,
    task: Sequence[str] | None,
    loops: int | None,
    device: str | None,
    output: Path | None,
    of_one_model: Mapping[str, object],
    cluster: ClusterChoice,
    status: bool,
) -> None:
    """Evaluate models whose record is not there, or say how far that is; `of_one_model` are options that
    several models cannot have."""
    from icl_bench.cli.cluster_options import Engine
    from icl_bench.cluster.submitted import JOBS
    from icl_bench.records.model_job import evaluations
    from icl_bench.records.record_files import RESULTS
    from icl_bench.specs.loops import with_loops
    from icl_bench.suites import chosen_tasks, load_suite

    folder = _folder(output or Path(RESULTS), of_one_model)
    frozen = load_suite(suite)
    named = [with_loops(model, loops) for model in models]
    works = evaluations(named, frozen, chosen_tasks(frozen, task), device, folder)
    if status:
        _print_status(works, folder / JOBS)
    elif cluster.print_script:
        cluster.print_for_sbatch(len(works))
    elif cluster.on is not Engine.local:
        cluster.submit(works, folder / JOBS)
    else:
        _evaluate_here(cluster.part().select(works))


def _folder(output: Path, of_one_model: Mapping[str, object]) -> Path:
    """Where the records go. InputError where that is a file, or where an option is for one model."""
    from icl_bench.errors import InputError

    for option, value in of_one_model.items():
        if value is not None:
            raise InputError(
                f"{option} is for one model that is evaluated here; leave it out, or evaluate one at a time",
                code="one-model",
            )
    if output.is_file() or output.suffix.lower() == ".json":
        raise InputError(
            f"--output {output} is a file, and each model has a record; name a folder",
            code="output-of-models",
        )
    return output


def _evaluate_here(works: "Sequence[EvaluateModel]") -> None:
    """Evaluate one model after the other; exits with 1 where one cannot be."""
    from icl_bench.errors import ICLBenchError

    failed = 0
    for number, work in enumerate(works, start=1):
        try:
            done = work.is_done()
            if not done:
                work.run()
            typer.echo(f"{number} of {len(works)}: {work.model}: {work.record}{' was there' * done}")
        except ICLBenchError as error:
            failed += 1
            typer.echo(f"{number} of {len(works)}: {work.model}: error: {error}", err=True)
    raise typer.Exit(1 if failed else 0)


def _print_status(works: "Sequence[EvaluateModel]", jobs_folder: Path) -> None:
    from icl_bench.cluster.status import work_statuses

    by_key = {work.key: work for work in works}
    statuses = work_statuses(jobs_folder, lambda key: key in by_key and by_key[key].is_done())
    print_statuses(
        [each for each in statuses if each.key in by_key], lambda key: {"model": by_key[key].model}
    )
