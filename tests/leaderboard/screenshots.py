"""Pictures of the main pages for README, of what is recorded in the repository: `make screenshots`.

Each is taken in light and in dark, as wide as a laptop's window.
"""

import tempfile
from io import BytesIO
from pathlib import Path

from browsing import launched, seeing, serving
from PIL import Image
from playwright.sync_api import Page

from icl_bench.leaderboard.formats import heading
from icl_bench.leaderboard.write import gather_site, write_site

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "screenshots"
ADDRESS = "https://icl-bench.example/"
TASK = "decision_tree"
WIDTH = 1280
COLOURS = 256


def shoot(page: Page, scheme: str) -> None:
    """The board, a task of it, its first model, and what separates that one from the others."""
    page.goto("index.html")
    save(page, f"leaderboard-{scheme}", 940)
    page.locator("table.ranks thead a").filter(has_text=heading(TASK)).click()
    save(page, f"task-{scheme}", 1320)
    page.go_back()
    page.locator("table.ranks tr.model th a").first.click()
    save(page, f"model-{scheme}", 1180)
    page.get_by_role("link", name="Compare it with others").click()
    save(page, f"compare-{scheme}", 800)


def save(page: Page, name: str, height: int) -> None:
    """The page from its top, once all of it is there, in few colours: a repository keeps every version."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.wait_for_load_state("networkidle")
    taken = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    """Builds the site, and takes the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        write_site(gather_site(ADDRESS, None), site)
        with serving(site) as address, launched() as browser:
            for scheme in ("light", "dark"):
                with seeing(browser, address, color_scheme=scheme) as page:
                    shoot(page, scheme)
    print(f"wrote {len(list(FOLDER.glob('*.png')))} pictures to {FOLDER}")


if __name__ == "__main__":
    main()
