"""`icl-bench submit`: the one file of a pull request, from a model on the Hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from icl_bench.specs.result import ResultRecord
    from icl_bench.specs.submission import Submission
    from icl_bench.submissions.submit import Place
    from icl_bench.suites import Suite

SUBMISSIONS = Path("submissions")


def _text(help: str, metavar: str = "TEXT", default: str | bool = False) -> Any:
    return typer.Option(metavar=metavar, help=help, show_default=default)


def submit(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="USER/MODEL", help="On the Hub; user/model@revision once a seed.", show_default=False
        ),
    ],
    licence: Annotated[
        str | None, _text("Of the weights, as apache-2.0 (SPDX).", default="that of the model's card")
    ] = None,
    author: Annotated[list[str] | None, _text("One author; may be given again.")] = None,
    training_data: Annotated[str | None, _text("What it was trained on, in a paragraph.")] = None,
    description: Annotated[str | None, _text("What it is, in a paragraph.")] = None,
    paper: Annotated[str | None, _text("Where it is described.", "https://...")] = None,
    code: Annotated[str | None, _text("Its code.", "https://...")] = None,
    website: Annotated[str | None, _text("More of it.", "https://...")] = None,
    record: Annotated[
        list[Path] | None,
        typer.Option(
            help="Record that evaluate wrote of a revision, in place of evaluating it; may be given again."
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag; as user/model@revision.", show_default="main")
    ] = None,
    suite: Annotated[str, typer.Option(help="mini or paper, or a version of them.")] = "mini",
    out: Annotated[Path, typer.Option(help="The folder submissions of a checkout.")] = SUBMISSIONS,
    supersede: Annotated[
        str | None, _text("Why recorded results are to be replaced by these; they are kept apart.", "REASON")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Change a submission.yaml that says something else.")
    ] = False,
    open_it: Annotated[
        bool, typer.Option("--open", help="Open the pull request by gh, in place of printing how.")
    ] = False,
) -> None:
    """Write the file that a pull request adds to put a model on the board.

    The model is evaluated here first, so that what is submitted works; its scores on the board are computed
    anew after the merge. Every revision that is named is a run of another seed. Results on other suites that
    the file lists stay, and so does what it says and is not given anew.

    Example: icl-bench submit user/model --author Ana --licence mit --training-data "Prompts of mini-v1."
    """
    from icl_bench.files import check_file_place
    from icl_bench.submissions import pull_request, submit
    from icl_bench.suites import load_suite

    of = load_suite(suite)
    model, revisions = submit.split_names(models)
    revisions = _revisions(model, revisions, revision, record or [], of)
    checkout = pull_request.check_ready(out) if open_it else pull_request.checkout_around(out)
    place = submit.look_at(out, model)
    check_file_place(place.file)
    links = {key: link for key, link in (("paper", paper), ("code", code), ("website", website)) if link}
    given = {
        "licence": licence,
        "authors": author,
        "training_data": training_data,
        "description": description,
    }
    facts = submit.gather_facts(model, revisions[0], given | {"links": links}, place)
    runs, specs = submit.fetch_runs(model, revisions, of)
    made = submit.compose(model, of.name, runs, specs, facts, place, supersede)
    text = submit.as_yaml(made)
    _check_change(place, text, replace or supersede is not None)
    submit.check_in_place(text, place)
    submit.check_public(made, runs)
    _evaluate(made, of, record or [])
    _write(place, text)
    commands = pull_request.steps(made)
    if open_it and checkout is not None:
        pull_request.open_pull_request(commands, checkout)
        return
    where = f"in {checkout}" if checkout else "in a clone of the repository, once the file is there too"
    typer.echo(f"\nnext, {where}:\n{pull_request.as_lines(commands)}")


def _revisions(
    model: str, revisions: list[str | None], revision: str | None, records: list[Path], suite: "Suite"
) -> list[str | None]:
    """The revisions to submit: those that are named, else those of the records, else main."""
    from icl_bench.errors import InputError
    from icl_bench.records.audit import check_of_suite
    from icl_bench.records.read import load_record

    if revision is not None:
        if revisions != [None]:
            raise InputError(f"--revision {revision} and {model}@... name revisions twice; keep one of them")
        revisions = [revision]
    found: list[str | None] = []
    for path in records:
        loaded = load_record(path)
        check_of_suite(loaded, suite, str(path))
        if loaded.model.id != model or loaded.model.revision is None:
            raise InputError(
                f"{path} is of {loaded.model.id}, not of {model} on the Hub; evaluate that by `icl-bench "
                f"evaluate {model}`"
            )
        found.append(loaded.model.revision)
    return list(dict.fromkeys(found)) if records and revisions == [None] else revisions


def _check_change(place: "Place", text: str, wanted: bool) -> None:
    from icl_bench.errors import InputError

    if place.text is not None and place.text != text and not wanted:
        raise InputError(
            f"{place.file} is there and says something else; give --replace to change it, or --supersede "
            "REASON to replace results that are recorded too"
        )


def _evaluate(submission: "Submission", suite: "Suite", records: list[Path]) -> None:
    """Show the scores of every run on the suite: of a record where one is given, else evaluated now."""
    from icl_bench.errors import InputError
    from icl_bench.evaluation.run import evaluate_source
    from icl_bench.evaluation.sources import open_source
    from icl_bench.records.read import load_record
    from icl_bench.records.record_files import RESULTS, record_file
    from icl_bench.specs.submission import folder_name
    from icl_bench.submissions.incoming import read_record

    runs = {run.revision: run for run in submission.runs_of(suite.name)}
    given = {load_record(path).model.revision: path for path in records}
    for stray in given.keys() - runs.keys():
        raise InputError(
            f"{given[stray]} is of revision {stray}, which is not submitted; name it, or leave it out"
        )
    checked = {found: read_record(path, submission, runs[str(found)]) for found, path in given.items()}
    for revision, run in runs.items():
        name = f"{submission.model}, seed {run.seed}"
        if revision in checked:
            _show(name, checked[revision], given[revision])
            continue
        source = open_source(f"{submission.model}@{revision}", suite)
        record = evaluate_source(source, suite, list(suite.tasks), progress=True)
        path = Path(RESULTS) / f"{folder_name(submission.model)}-{record_file(submission.run_name(run))}"
        record.save(path)
        _show(name, record, path)


def _show(name: str, record: "ResultRecord", path: Path) -> None:
    from icl_bench.display.table import as_table

    typer.echo(f"{name} on {record.suite.name}\n\n{as_table(record, bars=False)}\n\nrecord: {path}\n")


def _write(place: "Place", text: str) -> None:
    from icl_bench.files import write_text

    if place.text == text:
        typer.echo(f"{place.file} says this already")
        return
    write_text(place.file, text)
    typer.echo(f"wrote {place.file}")
