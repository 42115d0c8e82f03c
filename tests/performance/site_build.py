"""The whole site of many results: from records to files, and the size of its front page."""

import tempfile
import time
from pathlib import Path

import fabricated

MODELS, DISTINCT = 1_000, 24


def cells() -> tuple[float, float, int]:
    """Seconds that a site of MODELS records takes, kilobytes of its front page, and how many files it has."""
    entries = fabricated.many_entries(MODELS, DISTINCT)
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        start = time.perf_counter()
        count = fabricated.build(site, entries)
        return time.perf_counter() - start, (site / "index.html").stat().st_size / 1e3, count
