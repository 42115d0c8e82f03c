"""Each chart can be had as a file: its numbers as CSV, its picture as SVG and PNG."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fabricated import SUITE
from leaderboard.site_reading import SVG, having, text
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

TASK = f"{SUITE}/tasks/linear_regression.html"
PAIR = "compare.html?m=reference__mamba&m=reference__llama"


def saved(page, row, kind: str) -> tuple[str, bytes]:
    """The name and content of a chart's file."""
    with page.expect_download() as downloading:
        row.get_by_role("button", name=f"{kind} of").click()
    return downloading.value.suggested_filename, Path(downloading.value.path()).read_bytes()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("index.html", "score-against-parameters"),
        (TASK, "linear-regression-on-mini-v1-excess-risk"),
        (PAIR, "excess-risk-on-linear-regression-by-context-length-of-mamba-llama"),
        (f"{SUITE}/models/reference__llama.html", "linear-regression"),
    ],
)
def test_a_chart_is_saved_as_a_picture_that_needs_no_stylesheet(page, path, name):
    page.goto(path)
    row = page.locator("[data-save]").first
    expect(row.get_by_role("button", name="PNG of")).to_be_visible()
    file, svg = saved(page, row, "SVG")
    assert file.startswith(name)
    assert file.endswith(".svg")
    root = ElementTree.fromstring(svg)
    assert root[0].tag == f"{SVG}rect"  # the ground
    assert root[0].get("fill") == "rgb(255, 255, 255)"
    texts = list(root.iter(f"{SVG}text"))
    assert texts
    assert all("fill: rgb(" in each.get("style") for each in texts)
    file, png = saved(page, row, "PNG")
    assert file.endswith(".png")
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert (width, height) == (2 * int(float(root.get("width"))), 2 * int(float(root.get("height"))))
    assert len(png) > 5_000  # not a blank


def test_the_numbers_of_a_chart_are_saved_as_its_table_says(page):
    page.goto(TASK)
    row = page.locator("figure[data-highlight] [data-save]").first
    file, content = saved(page, row, "CSV")
    head, *rows = csv.reader(content.decode().splitlines())
    assert file == "linear-regression-on-mini-v1-excess-risk.csv"
    assert {"llama", "mamba"} <= set(head)
    assert [cells[0] for cells in rows] == [str(length) for length in range(11)]
    shown = page.locator("figure[data-highlight] + details td").first.text_content()
    assert float(rows[0][1]) == float(shown.replace("−", "-"))


def test_each_chart_leads_to_a_file_of_its_numbers_without_scripts(documents):
    """Pictures of architectures and prompts, and legends, hold no numbers."""
    seen = set()
    for path, document in documents.items():
        for row in having(document.root, "save"):
            (link,) = list(row.iter("a"))
            target, _ = document.target(link.get("href"))
            assert target.startswith("data/"), path
            seen.add(target.rpartition("/")[2])
        if "/tasks/" in path:
            charts = [
                figure
                for figure in document.all("figure")
                if having(figure, "wide") or having(figure, "narrow")
            ]
            assert all(len(having(figure, "save")) == 1 for figure in charts), path
    kinds = {"curves.csv", "runs.csv", "learning.csv", "costs.csv"}
    assert {f"{SUITE}-{kind}" for kind in kinds} <= seen
    assert "Save as CSV" in text(documents[f"{SUITE}/models/reference__llama.html"].root)
