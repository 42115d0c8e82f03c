"""`icl-bench leaderboard`: what the recorded results come to, on the terminal and as a site."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icl_bench.cli.errors import VerbGroup
from icl_bench.interruptions import let_signals_interrupt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icl_bench.ranking.board import Board, Standing

leaderboard = typer.Typer(cls=VerbGroup, help="Rank what is recorded, on the terminal and as a site.")

SITE = Path("_site")
ONE_RUN = "§"  # beside rank and group, as on the site
DOUBTED = "⚠"  # beside a name, as on the site
ADDRESS = "https://icl-bench.example/"
SuiteName = Annotated[str, typer.Option(help="mini or paper, or a version of them.")]


@leaderboard.command("show")
def show(
    suite: SuiteName = "mini",
    optimality: Annotated[
        bool, typer.Option("--optimality", help="Tasks against the exact predictors in place of baselines.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Baselines below the models.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")] = False,
) -> None:
    """Show the board of a suite: ranks, mean scores and a score a task, with 95% intervals.

    Models of one group are statistically indistinguishable from its leader. Intervals count what differs
    between prompts and, where a model has several runs of a task, between runs; § marks ranks and groups that
    rest on one run of a task.
    Models that lack a task are not ranked, baselines neither.

    Example: icl-bench leaderboard show --suite mini
    """
    from icl_bench.leaderboard.data import board_data
    from icl_bench.leaderboard.entries import board_of, recorded_entries
    from icl_bench.submissions.recorded import installed_submissions
    from icl_bench.suites import load_suite

    of = load_suite(suite)
    entries = recorded_entries(of, installed_submissions())
    board = board_of(of, entries)
    data = board_data(board, entries)
    if as_json:
        typer.echo(json.dumps(data.model_dump(by_alias=True), indent=1))
        return
    doubted = {one.name for one in data.models if one.doubted}
    shown = [*board.models, *board.baselines] if baselines else board.models
    typer.echo(_table(board, shown, optimality, doubted))
    if not entries:
        typer.echo(
            f"\nno model is recorded on {of.name} yet, baselines alone; score one with: "
            f"icl-bench evaluate MODEL --suite {of.name}"
        )
    if board.resolvable is not None:
        typer.echo(
            f"\nneighbours in rank are distinguished when their means differ by about {board.resolvable:.3f}"
        )
    if any(one.one_run and one.rank is not None for one in board.models):
        typer.echo(
            f"{ONE_RUN}: a task with one training run; rank and group know nothing there of other seeds"
        )
    if doubted:
        typer.echo(f"{DOUBTED}: better than an exact predictor can be, or worse on fresh prompts")
    if any(runs > 1 for one in board.models for runs in one.runs.values()):
        typer.echo("‡: the mean of two or more runs")


@leaderboard.command("build")
def build(
    out: Annotated[
        Path, typer.Option(help="Folder of the site; a site that is there is replaced, other files stay.")
    ] = SITE,
    address: Annotated[
        str,
        typer.Option(
            help="Where the site will stand, for feed, badges and citations.", envvar="ICL_BENCH_ADDRESS"
        ),
    ] = ADDRESS,
    repository: Annotated[
        str | None, typer.Option(help="Address of the sources, to link to.", show_default="no link")
    ] = None,
) -> None:
    """Build the static site from recorded results. The same records give the same bytes.

    Example: icl-bench leaderboard build --out _site --address https://example.org/icl-bench/
    """
    from icl_bench.leaderboard.site_folder import check_site_place
    from icl_bench.leaderboard.write import gather_site, write_site

    let_signals_interrupt()
    check_site_place(out)
    count = write_site(gather_site(address, repository), out)
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


def _table(board: "Board", shown: "Sequence[Standing]", optimality: bool, doubted: set[str]) -> str:
    from icl_bench.display.text_table import text_table

    rows = [_row(board, one, optimality, one.name in doubted) for one in shown]
    return text_table(rows, tablefmt="github")


def _row(board: "Board", one: "Standing", optimality: bool, doubted: bool) -> dict[str, Any]:
    from icl_bench.display.table import format_estimate

    cells = one.optimalities if optimality else one.scores
    rank, group = "-", "-"
    if one.rank is not None:
        mark = f" {ONE_RUN}" * one.one_run
        rank = f"{one.rank.place} [{one.rank.low}, {one.rank.high}]{mark}"
        group = f"{one.rank.group}{mark}"
    row = {"rank": rank, "group": group, "model": one.name + f" {DOUBTED}" * doubted}
    row["mean score"] = "-" if one.mean is None else format_estimate(one.mean)
    for task in board.suite.tasks:
        row[task] = format_estimate(cells[task]) + "‡" * (one.runs[task] > 1) if task in cells else "-"
    return row
