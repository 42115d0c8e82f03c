"""`icl-bench models card` and `icl-bench models push`: a checkpoint with its card, for the Hub."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.options import records

if TYPE_CHECKING:
    from icl_bench.model_card.facts import CardFacts

OURS = "library_name: icl-bench"  # is in every card that was made here

Records = Annotated[
    list[Path] | None,
    records("Result record of these weights on some tasks", "those shipped with a reference"),
]
Suite = Annotated[
    str | None, typer.Option(help="mini or paper.", show_default="that of the record or checkpoint")
]
Licence = Annotated[
    str | None,
    typer.Option(
        "--licence", "--license", help="Of the weights, as apache-2.0 (SPDX).", show_default="not stated"
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="ORG/NAME@COMMIT",
        help="The suite's prompts on the Hub, as `tasks publish` prints it: where the Hub lists the scores.",
        show_default=False,
    ),
]
Source = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the results can be looked up.", show_default=False),
]


def card(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Hub user/model[@revision], a folder or reference/NAME.", show_default=False
        ),
    ],
    record: Records = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The card.", show_default="README.md, in the folder if MODEL is one"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="What the card calls the model, as user/model.", show_default="MODEL, or its last part"
        ),
    ] = None,
    suite: Suite = None,
    licence: Licence = None,
    dataset: Dataset = None,
    source: Source = None,
) -> None:
    """Write a model card, with scores as `model-index`.

    With --dataset the Hub's `.eval_results` are written beside it, which name that dataset. A record must
    be of exactly these weights. A README.md that was not made here is never replaced.

    Example: icl-bench models card runs/mini-v1/gpt2/seed-0 --record results/gpt2.json --name user/gpt2
    """
    from icl_bench.files import user_path, write_text
    from icl_bench.model_card.card import CARD_FILE, card_files

    folder = user_path(model)
    path = out or (folder / CARD_FILE if os.path.isdir(folder) else Path(CARD_FILE))
    _check_ours(path)
    files = card_files(_facts(model, record, suite, name, licence, dataset, source))
    for file, text in files.items():
        place = path if file == CARD_FILE else path.parent / file
        write_text(place, text)
        typer.echo(f"wrote {place}")


def push(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of checkpoints.", show_default=False)
    ],
    repo: Annotated[
        str, typer.Argument(metavar="USER/MODEL", help="Its name on the Hub.", show_default=False)
    ],
    private: Annotated[
        bool | None, typer.Option("--private", help="Make a new repository private.", show_default=False)
    ] = None,
    with_card: Annotated[
        bool, typer.Option("--card/--no-card", help="With FOLDER's README.md, or a card made now.")
    ] = True,
    record: Records = None,
    suite: Suite = None,
    licence: Licence = None,
    dataset: Dataset = None,
    source: Source = None,
) -> None:
    """Push a folder of checkpoints to the Hub, with its card, in one commit.

    Only config.json, model.safetensors and the card's files are sent. Log in by `hf auth login` first.

    Example: icl-bench models push runs/mini-v1/gpt2/seed-0 user/gpt2 --record results/gpt2.json
    """
    from icl_bench.errors import InputError
    from icl_bench.model_card.card import CARD_FILE, card_files
    from icl_bench.models.push import push as push_folder

    files: dict[str, str] | None = {}
    if with_card and (folder / CARD_FILE).exists():
        if record or suite or licence or dataset or source:
            raise InputError(
                f"{folder} has a {CARD_FILE}, which is pushed as it is; leave out --record, --suite, "
                "--licence, --dataset and --source, or rewrite it with `icl-bench models card`"
            )
        files = None
    elif with_card:
        files = card_files(_facts(str(folder), record, suite, repo, licence, dataset, source))
    typer.echo(push_folder(folder, repo, private, card=files))
    typer.echo(f"score it with: icl-bench evaluate {repo}")


def _facts(
    model: str,
    records: list[Path] | None,
    suite: str | None,
    name: str | None,
    licence: str | None,
    dataset: str | None,
    source: str | None,
) -> "CardFacts":
    from icl_bench.errors import UnknownNameError
    from icl_bench.model_card.facts import gather
    from icl_bench.specs.licences import LICENCES

    if licence is not None and licence.lower() not in LICENCES:
        raise UnknownNameError("licence", licence, LICENCES)
    return gather(model, records or [], suite, name, licence and licence.lower(), dataset, source)


def _check_ours(path: Path) -> None:
    """StorageError where a file that is not a card of icl-bench would be replaced."""
    from icl_bench.errors import StorageError
    from icl_bench.files import check_file_place

    check_file_place(path)
    if path.is_file() and OURS not in path.read_text(encoding="utf-8", errors="replace"):
        raise StorageError(f"{path} exists and is not a card of icl-bench; name another place with --out")
