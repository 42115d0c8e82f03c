"""The picture that a link to a model is shown with elsewhere, which has to have an address of its own."""

from collections.abc import Iterator
from functools import partial

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import ModelData
from icl_bench.leaderboard.page import LaterFile
from icl_bench.leaderboard.site import Site, SuiteBoard


def files(site: Site) -> Iterator[LaterFile]:
    """One a model and suite; none where the site has no address."""
    if site.address is None:
        return
    for board in site.boards:
        for model in board.data.models:
            yield LaterFile(path(board, model.name), partial(_drawn, board, model))


def path(board: SuiteBoard, name: str) -> str:
    """Where the picture of a model is."""
    return f"images/{board.suite.name}/{board.slugs[name]}.png"


def _drawn(board: SuiteBoard, model: ModelData) -> bytes:
    from icl_bench.leaderboard.pictures.share import draw_share  # imports Pillow, for sites with an address

    return draw_share(model.name, *texts(board, model))


def texts(board: SuiteBoard, model: ModelData) -> tuple[str, str, str, str]:
    """What it says below the name: the suite, the mean gain, what that is, and the place."""
    suite = board.suite.name
    if model.mean is None or model.graded is None:
        known = f"{len(model.tasks)} of {len(board.data.tasks)}"
        return suite, known, "tasks have a result", ""
    tasks = "graded tasks" if board.board.learned_tasks else "tasks"
    return suite, formats.score(model.graded.value), f"mean gain over {tasks}", model.placed
