"""A board of many models pages itself, and its first page stays light."""

import fabricated
import pytest
from leaderboard.site_reading import read_page

from icl_bench.leaderboard.pages import boards
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.write import gather_site

pytestmark = pytest.mark.slow

MODELS, LIGHT = 1_000, 500_000


@pytest.fixture(scope="module")
def pages():
    """The pages of the board, by path."""
    with fabricated.recorded(fabricated.many_entries(MODELS)):
        site = gather_site(fabricated.ADDRESS, None)
        renderer = Renderer(site)
        rendered = [renderer.render(page) for page in boards.pages(site)]
    return {
        file.path: file.content
        for file in rendered
        if not file.path.startswith(
            ("paper", "mini-shifts", "mini-conditioning", "mini-boolean", "text-boolean")
        )
        and "/score" not in file.path
    }


def test_the_front_page_stays_light(pages):
    assert {path: len(content) for path, content in pages.items() if len(content) > LIGHT} == {}


def test_every_model_is_on_one_page_in_the_order_of_the_mean(pages):
    read = [read_page(content.decode(), path) for path, content in pages.items()]
    assert len(read) > 1
    names, means = [], []
    for page in read:
        rows = [row for row in page.all("tr") if row.get("class", "").startswith("model")]
        names += [row[1].get("data-v") for row in rows]
        means += [float(row[2].get("data-v")) for row in rows]
        assert len(rows) <= boards.ROWS
        (pager,) = [element for element in page.all("nav") if element.get("class") == "numbers"]
        assert [page.target(link.get("href"))[0] for link in pager.iter("a")] == list(pages)
    assert len(names) == len(set(names)) == MODELS
    assert means == sorted(means, reverse=True)
