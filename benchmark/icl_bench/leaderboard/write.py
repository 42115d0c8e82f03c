"""Writing the site into a folder, and finding out what it is made from."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.git import ask_git
from icl_bench.leaderboard.entries import local_entries, recorded_entries
from icl_bench.leaderboard.garbage import collection_paused, existing_objects_exempt
from icl_bench.leaderboard.given_address import check_address
from icl_bench.leaderboard.page import File
from icl_bench.leaderboard.pages import (
    boards,
    changelog,
    compare,
    conditioning,
    curves,
    data_files,
    files,
    findings,
    missing,
    models,
    permanent,
    published,
    share_images,
    tasks,
    texts,
)
from icl_bench.leaderboard.parallel import rendered
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.shown_suites import shown_suites
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.leaderboard.site_folder import site_folder
from icl_bench.progress import progress
from icl_bench.records.pooled import files_by_suite
from icl_bench.records.record_files import RESULTS, SUPERSEDED
from icl_bench.resources import data_folder
from icl_bench.specs.text import shown
from icl_bench.submissions.recorded import installed_submissions
from icl_bench.suites import load_suite

_DATA = ("submissions", "tasks")
_RECORDS = (f"submissions/**/{RESULTS}/*.json", f"submissions/reference/{SUPERSEDED}/*.json")


def gather_site(address: str | None, repository: str | None, records: Sequence[Path] = ()) -> Site:
    """Every suite, what is recorded on it, and one's own records, which are marked as local.

    The front page is that of the suite with most models. A suite of one's own that cannot be shown is left
    out (`Site.left_out`). InputError where one of the addresses is none that a page may link to, or where a
    record is of no suite here, or of one that is left out; further errors as `local_entries`.
    """
    if address is not None:
        check_address(address, "--address")
    if repository is not None:
        check_address(repository, "--repository", extended=True)
    shown_here = shown_suites()
    suites = shown_here.suites
    with collection_paused():
        submissions = installed_submissions()
        entries = {suite.name: recorded_entries(suite, submissions) for suite in suites}
    for name, own in files_by_suite(records).items():
        if name in shown_here.left_out:
            raise shown_here.left_out[name]
        entries[name] += local_entries(own, load_suite(name), entries[name])
    suites.sort(key=lambda suite: -len(entries[suite.name]))
    boards = [SuiteBoard(suite, entries[suite.name], place == 0) for place, suite in enumerate(suites)]
    address = address and address.rstrip("/") + "/"
    date = data_date()
    left_out = {name: str(fault) for name, fault in shown_here.left_out.items()}
    return Site(boards, date, address, repository, record_dates(date), left_out)


def data_date() -> str | None:
    """The day of the newest data: `SOURCE_DATE_EPOCH`, or the last commit that changed any; else None.

    InputError where that variable is set to what is no such time.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch:
        return _day(epoch)
    root = data_folder("tasks").parent
    if not (root / ".git").exists():
        return None
    return ask_git(root, "log", "-1", "--format=%cs", "--", *_DATA) or None


def record_dates(newest: str | None) -> dict[str, str]:
    """By the folder of each model in `submissions` the day of the last commit of its records, and by the file
    of each record, replaced ones included, the day of its first; none later than `newest`.

    Empty outside a git checkout.
    """
    root = data_folder("tasks").parent
    if newest is None or not (root / ".git").exists():
        return {}
    dates: dict[str, str] = {}
    day = newest
    log = ask_git(root, "log", "--format=>%cs", "--name-only", "--", *_RECORDS) or ""
    for line in filter(None, log.splitlines()):
        if line.startswith(">"):
            day = min(line[1:], newest)
            continue
        dates[line] = day  # an earlier one follows
        if f"/{RESULTS}/" in line:
            dates.setdefault(line.partition(f"/{RESULTS}/")[0], day)
    return dates


def _day(epoch: str) -> str:
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # no number, or a year that there is not
        raise InputError(
            f"SOURCE_DATE_EPOCH is {shown(epoch)}, which is not a time in seconds since 1970; "
            "give it in whole seconds, or unset it",
            code="no-time",
        ) from None


def site_files(site: Site) -> Iterator[File]:
    """Every file of the site."""
    renderer = Renderer(site)
    yield from renderer.assets()
    kinds = [boards, permanent, findings, conditioning, tasks, models, compare, published, texts]
    kinds += [changelog, missing]
    work = [*(page for kind in kinds for page in kind.pages(site)), *files.badges(site), *curves.files(site)]
    work += share_images.files(site)
    downloads = [each.later for each in files.data_files(site)]
    sizes = dict.fromkeys((download.path for download in downloads), 0)
    for file in rendered(renderer, work, downloads):
        if file.path in sizes:
            sizes[file.path] = len(file.content)
        yield file
    yield renderer.render(data_files.page(site, sizes))


def write_site(site: Site, folder: Path, quiet: bool = False) -> int:
    """Write every file of the site, all or none, and return how many; a site that is there is replaced.

    Raises as `site_folder`.
    """
    count, expected = 0, sum(3 * len(board.entries) + len(board.suite.tasks) for board in site.boards) + 1
    bar = progress("building the site", expected, quiet)
    with site_folder(folder) as part, existing_objects_exempt(), bar as advance:
        folders: set[Path] = set()
        for file in site_files(site):
            path = part / file.path
            if path.parent not in folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.add(path.parent)
            path.write_bytes(file.content)
            count += 1
            advance(min(count, expected), file.path)
    return count
