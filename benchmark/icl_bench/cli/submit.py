"""`icl-bench submit`: the one file of a pull request, from a model on the Hub."""

from pathlib import Path
from typing import Annotated, Any

import typer

from icl_bench.cli.options import SuiteName, records


def _text(help: str, metavar: str = "TEXT", default: str | bool = False) -> Any:
    return typer.Option(metavar=metavar, help=help, show_default=default)


Models = Annotated[
    list[str],
    typer.Argument(
        metavar="USER/MODEL", help="On the Hub; user/model@revision once a seed.", show_default=False
    ),
]
Licence = Annotated[
    str | None, _text("Of the weights, as apache-2.0 (SPDX).", default="that of the model's card")
]
Division = Annotated[
    str | None,
    _text("closed: by the suite's recipe, three seeds, at most its size.", "closed|open", default="open"),
]
Records = Annotated[
    list[Path] | None, records("Record that evaluate wrote of a revision, in place of evaluating it")
]
Revision = Annotated[
    str | None, typer.Option(help="Commit, branch or tag; as user/model@revision.", show_default="main")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder submissions of a checkout.")]
Supersede = Annotated[
    str | None, _text("Why recorded results are to be replaced by these; they are kept apart.", "REASON")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Change a submission.yaml that says something else.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the pull request by gh, in place of printing how.")]


def submit(
    models: Models,
    licence: Licence = None,
    author: Annotated[list[str] | None, _text("One author; may be given again.")] = None,
    training_data: Annotated[str | None, _text("What it was trained on, in a paragraph.")] = None,
    description: Annotated[str | None, _text("What it is, in a paragraph.")] = None,
    paper: Annotated[str | None, _text("Where it is described.", "https://...")] = None,
    code: Annotated[str | None, _text("Its code.", "https://...")] = None,
    website: Annotated[str | None, _text("More of it.", "https://...")] = None,
    division: Division = None,
    confirmed_by: Annotated[
        str | None, _text("Where the model's authors say that the entry is theirs.", "https://...")
    ] = None,
    record: Records = None,
    revision: Revision = None,
    suite: SuiteName = "mini",
    out: Out = Path("submissions"),
    supersede: Supersede = None,
    replace: Replace = False,
    open_it: Open = False,
) -> None:
    """Write the file that a pull request adds to put a model on the board.

    The model is evaluated here first, so that what is submitted works; its scores on the board are computed
    anew after the merge. Every revision that is named is a run of another seed. Results on other suites that
    the file lists stay, and so do its other facts that no option changes. A pretrained language model is
    submitted on a suite that is asked in text.

    Example: icl-bench submit user/model --author Ana --licence mit --training-data "Prompts of mini-v1."
    Example: icl-bench submit user/model --suite text-boolean --author Ana --training-data "Public text."
    """
    from icl_bench.submissions.pull_request import as_lines
    from icl_bench.submissions.submit import submit as submit_model

    facts = {"licence": licence, "training_data": training_data, "description": description}
    links = {"paper": paper, "code": code, "website": website}
    result = submit_model(
        models,
        **facts,
        **links,
        division=division,
        confirmed_by=confirmed_by,
        authors=author,
        records=record or (),
        revision=revision,
        suite=suite,
        out=out,
        supersede=supersede,
        replace=replace,
        open_pull_request=open_it,
        report=typer.echo,
        progress=True,
    )
    if not open_it:
        where = result.checkout or "a clone of the repository, once the file is there too"
        typer.echo(f"\nnext, in {where}:\n{as_lines(result.commands)}")
