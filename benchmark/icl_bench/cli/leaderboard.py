"""`icl-bench leaderboard`: what the recorded results come to, on the terminal and as a site."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.errors import VerbGroup
from icl_bench.cli.options import AsJson, Form, SuiteName, records
from icl_bench.cli.outcome import print_doubts
from icl_bench.cli.pages import ADDRESS_VARIABLE
from icl_bench.errors import UnknownNameError
from icl_bench.interruptions import let_signals_interrupt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icl_bench.leaderboard.data import BoardData
    from icl_bench.leaderboard.entries import Entry
    from icl_bench.ranking.board import Board, Standing

leaderboard = typer.Typer(cls=VerbGroup, help="Show what is recorded, on the terminal and as a site.")


SITE = Path("_site")
Records = Annotated[list[Path] | None, records("Also this record of your own, marked as local")]


@leaderboard.command("show")
def show(
    suite: SuiteName = "mini",
    record: Records = None,
    metric: Annotated[
        str,
        typer.Option(
            help="Of the tasks and of the means: gain, optimality or score; accuracy or log_loss of labels."
        ),
    ] = "gain",
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Baselines below the models.")
    ] = True,
    wide: Annotated[bool, typer.Option("--wide", help="Intervals, components, whole names.")] = False,
    form: Annotated[
        Form, typer.Option("--format", help="Of the table; markdown is wide.", show_default=True)
    ] = Form.text,
    as_json: AsJson = False,
) -> None:
    """Show the board of a suite: places, means, how many runs learned, and the gain on every task.

    A gain is optimality measured from the prior mean: 0 is the best answer without the context, 1 the exact
    predictor. A place is 1 and the number of models that are significantly better; models with fewer than
    three training runs of a task have none, baselines neither. --wide adds 95% intervals, which count what
    differs between prompts and between training runs, and what models are made of. Records of your own stand
    among what is recorded, the seeds of one model pooled.

    Example: icl-bench leaderboard show --suite mini --wide
    Example: icl-bench leaderboard show --record results/mine-0.json --record results/mine-1.json
    """
    from icl_bench.leaderboard.board_data import board_data
    from icl_bench.leaderboard.entries import board_of, entries_of
    from icl_bench.scoring.metric import metrics
    from icl_bench.suites import load_suite

    frozen = load_suite(suite)
    known = metrics(frozen.tasks.values(), on_board=True)
    if metric not in known:
        raise UnknownNameError("metric", metric, known)
    entries = entries_of(frozen, record or ())
    board = board_of(frozen, entries)
    data = board_data(board, entries)
    if as_json:
        typer.echo(json.dumps(data.model_dump(by_alias=True), indent=1))
        return
    standings = [*board.models, *board.baselines] if baselines else board.models
    markdown = form == Form.markdown
    _print_board(board, standings, entries, data, metric, wide or markdown, markdown)


def _print_board(
    board: "Board",
    standings: "Sequence[Standing]",
    entries: "Sequence[Entry]",
    data: "BoardData",
    metric: str,
    wide: bool,
    markdown: bool,
) -> None:
    """The table of these standings, and what its marks mean."""
    from icl_bench.leaderboard import terminal

    doubted = {model.name for model in data.models if model.doubted}
    local = {model.name for model in data.models if model.local}
    on_fresh = {model.name for model in data.models if model.ranked_on_fresh}
    marks = {name: f" {terminal.LOCAL}" for name in local}
    marks |= {name: marks.get(name, "") + f" {terminal.DOUBTED}" for name in doubted}
    if wide:
        made_of = {entry.name: entry.made_of for entry in entries if entry.made_of}
        typer.echo(terminal.wide_table(board, standings, metric, marks, made_of, markdown))
    else:
        typer.echo(terminal.narrow_table(board, standings, metric, marks))
    if not entries:
        typer.echo(
            f"\nno model is recorded on {data.suite} yet, baselines alone; score one with:\n"
            f"icl-bench evaluate MODEL --suite {data.suite}"
        )
    otherwise = {entry.name: entry.made_of for entry in entries if entry.named_otherwise}
    for note in terminal.notes(board, standings, doubted, local, on_fresh, otherwise, wide):
        typer.echo(f"\n{note}")


@leaderboard.command("build")
def build(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder of the site; a site that is there is replaced, other files stay."
        ),
    ] = SITE,
    address: Annotated[
        str | None,
        typer.Option(
            help="Where the site will stand, for feed, badges and citations.",
            envvar=ADDRESS_VARIABLE,
            show_default="no feed",
        ),
    ] = None,
    repository: Annotated[
        str | None, typer.Option(help="Address of the sources, to link to.", show_default="no link")
    ] = None,
    record: Records = None,
) -> None:
    """Build the static site from recorded results. The same records give the same bytes.

    A suite of your own that is not locked or has no frozen baselines is left out; a line says so.

    Example: icl-bench leaderboard build --out _site --address https://example.org/icl-bench/
    """
    from icl_bench.leaderboard.site_folder import check_site_place
    from icl_bench.leaderboard.write import gather_site, write_site

    let_signals_interrupt()
    check_site_place(out)
    site = gather_site(address, repository, record or ())
    print_doubts([f"{suite} is left out: {fault}" for suite, fault in site.left_out.items()])
    count = write_site(site, out)
    see = "icl-bench leaderboard serve" + ("" if out == SITE else f" --folder {shlex.quote(str(out))}")
    typer.echo(f"wrote {count} files; open {out / 'index.html'}, or see it with: {see}")


@leaderboard.command("serve")
def serve(
    folder: Annotated[Path, typer.Option("--folder", help="Folder of a site that was built.")] = SITE,
    port: Annotated[
        int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65_535)
    ] = 8000,
) -> None:
    """Show a site that was built, on this machine alone, until interrupted.

    Example: icl-bench leaderboard serve --port 8080
    """
    from icl_bench.leaderboard.serve import address_of, server

    with server(folder, port) as running:
        typer.echo(f"serving {folder} at {address_of(running)}, Ctrl-C ends it")
        running.serve_forever()
