"""Writing the site into a folder, and finding out what it is made from."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from icl_bench.leaderboard.entries import recorded_entries
from icl_bench.leaderboard.garbage import collection_paused, existing_objects_exempt
from icl_bench.leaderboard.site import Site, SuiteBoard, site_files
from icl_bench.leaderboard.site_address import check_address
from icl_bench.leaderboard.site_folder import site_folder
from icl_bench.progress import progress
from icl_bench.resources import data_folder
from icl_bench.submissions.recorded import installed_submissions
from icl_bench.suites import load_suite, suite_names

_DATA = ("submissions", "tasks")


def gather_site(address: str, repository: str | None) -> Site:
    """Every suite and what is recorded on it. The front page is that of the suite with most models.

    InputError where one of the addresses is none that a page may link to.
    """
    check_address(address, "--address")
    if repository is not None:
        check_address(repository, "--repository", extended=True)
    suites = [load_suite(name) for name in suite_names()]
    with collection_paused():
        submissions = installed_submissions()
        entries = {suite.name: recorded_entries(suite, submissions) for suite in suites}
    suites.sort(key=lambda suite: -len(entries[suite.name]))
    boards = [SuiteBoard(suite, entries[suite.name], place == 0) for place, suite in enumerate(suites)]
    return Site(boards, data_date(), address.rstrip("/") + "/", repository)


def data_date() -> str | None:
    """The day of the newest data: `SOURCE_DATE_EPOCH`, or the last commit that changed any; else None."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdecimal():
        return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()
    root = data_folder("tasks").parent
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "log", "-1", "--format=%cs", "--", *_DATA]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def write_site(site: Site, folder: Path, quiet: bool = False) -> int:
    """Write every file of the site, all or none, and return how many; a site that is there is replaced.

    Raises as `site_folder`.
    """
    count, expected = 0, sum(3 * len(one.entries) + len(one.suite.tasks) for one in site.boards) + 1
    bar = progress("building the site", expected, quiet)
    with site_folder(folder) as part, existing_objects_exempt(), bar as advance:
        for file in site_files(site):
            path = part / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            count += 1
            advance(min(count, expected), file.path)
    return count
