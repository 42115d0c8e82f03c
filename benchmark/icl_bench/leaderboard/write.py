"""Writing the site into a folder, and finding out what it is made from."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.files import whole_folder
from icl_bench.leaderboard.entries import reference_entries
from icl_bench.leaderboard.site import Site, SuiteBoard, site_files
from icl_bench.progress import progress
from icl_bench.resources import data_folder
from icl_bench.suites import load_suite, suite_names

MARK = ".icl-bench-site"  # tells a folder that may be replaced from one that may not
_DATA = ("submissions", "tasks")


def gather_site(address: str, repository: str | None) -> Site:
    """Every suite and what is recorded on it. The front page is that of the suite with most models.

    InputError where the address is not that of a site.
    """
    if not address.startswith(("https://", "http://")):
        raise InputError(f"the address {address!r} is not one; give it as https://example.org/icl-bench/")
    suites = [load_suite(name) for name in suite_names()]
    entries = {suite.name: reference_entries(suite) for suite in suites}
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

    InputError where the folder holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise InputError(f"{folder} holds something that is not a site; name a new folder with --out")
    count, expected = 0, sum(3 * len(one.data.models) + len(one.suite.tasks) for one in site.boards) + 1
    with whole_folder(folder) as part, progress("building the site", expected, quiet) as advance:
        (part / MARK).touch()
        for file in site_files(site):
            path = part / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            count += 1
            advance(min(count, expected), file.path)
    return count
