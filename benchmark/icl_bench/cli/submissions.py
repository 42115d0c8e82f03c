"""`icl-bench submissions`: from a pull request to recorded results, one step a verb."""

from pathlib import Path
from typing import Annotated

import typer

from icl_bench.cli.errors import VerbGroup
from icl_bench.interruptions import let_signals_interrupt

submissions = typer.Typer(
    cls=VerbGroup, help="Check, fetch, evaluate and record submitted models: data alone, nothing is executed."
)

SubmissionPath = Annotated[
    Path, typer.Argument(metavar="PATH", help="A submission's folder or its file.", show_default=False)
]
Commit = Annotated[
    str | None,
    typer.Option(
        metavar="SHA",
        help="Commit that fresh prompts are drawn from, 40 digits: see merge-commit.",
        show_default="no fresh prompts",
    ),
]
_GIB = 2**30


@submissions.command("validate")
def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folders or files of submissions.", show_default=False),
    ],
) -> None:
    """List every fault of submissions, each with its line and what to do. Exits with 1 where there is one.

    Looks at the schema, the folder, the sizes that the spec leads to, and what is recorded. Needs no network.

    Example: icl-bench submissions validate submissions/user__model
    """
    from icl_bench.submissions.validate import validate as validated

    by_path = {path: validated(path) for path in paths}
    for path, faults in by_path.items():
        for fault in faults:
            typer.echo(str(fault))
        if not faults:
            typer.echo(f"{path}: valid")
    _exit_with(sum(map(len, by_path.values())))


@submissions.command("diff")
def diff(
    base: Annotated[
        str,
        typer.Argument(metavar="BASE", help="Branch or commit that the changes go into.", show_default=False),
    ],
    repository: Annotated[Path, typer.Option(help="Folder of the checkout.")] = Path(),
) -> None:
    """Check that a pull request changes one submission.yaml and nothing else. Exits with 1 where it does not.

    Compares HEAD with the commit where it left BASE. Links, executable files and removals are refused.

    Example: icl-bench submissions diff origin/main
    """
    from icl_bench.submissions.diff import changed_paths, diff_faults

    changes = changed_paths(base, repository)
    faults = diff_faults(changes)
    for fault in faults:
        typer.echo(fault)
    _exit_with(len(faults))
    (change,) = changes
    message = "is added, alone" if change.status == "A" else "is changed, alone; ask who submitted it"
    typer.echo(f"{change.path}: {message}")


@submissions.command("merge-commit")
def merge_commit(path: SubmissionPath) -> None:
    """Print the commit that a submission's fresh prompts are drawn from: the merge that added its weights.

    Of HEAD and its first parents it is the first whose submission.yaml names all of the weights.

    Example: icl-bench submissions merge-commit submissions/user__model
    """
    from icl_bench.submissions.merge_commit import merge_commit as of_weights
    from icl_bench.submissions.validate import checked_submission

    typer.echo(of_weights(checked_submission(path)))


@submissions.command("fetch")
def fetch(
    path: SubmissionPath,
    into: Annotated[Path, typer.Option(help="Folder for the files.", show_default=False)],
) -> None:
    """Fetch the files that a submission lists, without credentials, and check them.

    Sizes and hashes are asked for before anything is fetched. The one step that uses a network.

    Example: icl-bench submissions fetch submissions/user__model --into fetched
    """
    from icl_bench.submissions.fetch import fetch_submission
    from icl_bench.submissions.validate import checked_submission

    for folder in fetch_submission(checked_submission(path), into):
        typer.echo(str(folder))


@submissions.command("evaluate")
def evaluate(
    path: SubmissionPath,
    fetched: Annotated[Path, typer.Option(help="Folder of the fetched files.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the records.", show_default=False)],
    commit: Commit = None,
    memory: Annotated[float, typer.Option(help="GiB that a run may take.", min=0.01, max=4_096)] = 5,
    hours: Annotated[float, typer.Option(help="On the clock, for a run.", min=0.0005, max=1_000)] = 3,
    cpu_hours: Annotated[float, typer.Option(help="Of all cores together.", min=0.0005, max=9_999)] = 6,
) -> None:
    """Evaluate fetched files, each run in a process with limits, and write its record. Uses no network.

    Exits with 1, and writes nothing, where a model breaks a rule of the benchmark or takes more than it may.

    Example: icl-bench submissions evaluate submissions/user__model --fetched fetched --out records
    """
    from icl_bench.submissions.evaluate import evaluate_submission
    from icl_bench.submissions.limits import Limits
    from icl_bench.submissions.record import check_commit
    from icl_bench.submissions.validate import checked_submission

    let_signals_interrupt()
    check_commit(commit)
    limits = Limits(
        memory=int(memory * _GIB),
        seconds=max(1, int(hours * 3_600)),
        cpu_seconds=max(1, int(cpu_hours * 3_600)),
    )
    for file in evaluate_submission(checked_submission(path), fetched, out, commit, limits):
        typer.echo(str(file))


@submissions.command("record")
def record(
    path: SubmissionPath,
    results: Annotated[Path, typer.Option(help="Folder of the records.", show_default=False)],
    commit: Annotated[
        str | None,
        typer.Option(
            metavar="SHA",
            help="Commit that records on fresh prompts have to be of, 40 digits: see merge-commit.",
            show_default="that of the fresh records there",
        ),
    ] = None,
) -> None:
    """Check records again, from the per-prompt errors up, and add them to the submission's results.

    Records on fresh prompts that lie beside them are added too; with --commit each run has to have one. A
    recorded score changes only where the submission supersedes it; then the old record is kept apart. All is
    written or nothing.

    Example: icl-bench submissions record submissions/user__model --results records
    """
    from icl_bench.submissions.record import record_submission
    from icl_bench.submissions.validate import checked_submission

    for line in record_submission(checked_submission(path), results, commit):
        typer.echo(line)


def _exit_with(faults: int) -> None:
    if faults:
        typer.echo(f"error: {faults} fault{'s' if faults > 1 else ''}", err=True)
        raise typer.Exit(1)
