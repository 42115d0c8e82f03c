"""Whom a model is compared with on its page."""

import pytest
from fabricated import SUITE, entries, many_entries
from leaderboard.site_pages import pages, small_site
from leaderboard.site_reading import text

from icl_bench.leaderboard.pages import compare

pytestmark = pytest.mark.slow

NOTHING = "Nothing that it is compared with has a task in common with it."


def compared(shown) -> dict[str, list[str]]:
    """By model in the order of rank, those in the table of its page."""
    site = small_site(shown)
    board, rendered = site.boards[0], pages(site, compare)
    names = {}
    for model in board.data.models:
        table = next(rendered[board.page("compare", model.name)].iter("table"))
        names[model.name] = [row[0].get("data-v") for row in table.iter("tr") if row[0].get("data-v")]
    return names


def choices() -> set[str]:
    """What can be chosen to be compared on mini-v1."""
    form = next(pages(small_site(), compare)["compare.html"].iter("form"))
    return {text(element).partition(" (")[0].strip() for element in form.iter("option")}


@pytest.fixture
def crowded(monkeypatch):
    """A board of more than two models is one of many."""
    monkeypatch.setattr(compare, "ALL", 2)
    monkeypatch.setattr(compare, "NEIGHBOURS", 1)


def test_on_a_small_board_it_is_everything():
    names = compared(entries())
    models = list(names)
    for model, others in names.items():
        assert others[: len(models) - 1] == [name for name in models if name != model]
        assert all(name.startswith("baseline/") for name in others[len(models) - 1 :])
        assert "baseline/ridge" in others
    assert choices() > {*models, "baseline/ridge"}


@pytest.mark.usefixtures("crowded")
def test_among_many_it_is_neighbours_in_rank_and_references():
    names = compared(entries())
    models = list(names)
    references = {model for model in models if model.startswith("reference/")}
    for place, model in enumerate(models):
        near = set(models[max(0, place - 1) : place + 2])
        assert set(names[model]) == (near | references) - {model}
        assert len(names[model]) == len(set(names[model]))
    assert choices() == set(models)


def captions(shown) -> set[bool]:
    """Whether the tables say that they leave some out."""
    rendered = pages(small_site(shown), compare)
    tables = [
        next(document.iter("caption"))
        for path, document in rendered.items()
        if path.startswith(f"{SUITE}/compare/")
    ]
    return {"the 1 models on either side" in text(caption) for caption in tables}


def test_a_table_says_that_it_leaves_some_out(monkeypatch):
    assert captions(entries()) == {False}
    monkeypatch.setattr(compare, "NEIGHBOURS", 1)
    monkeypatch.setattr(compare, "ALL", 2)
    assert captions(entries()) == {True}


@pytest.mark.usefixtures("crowded")
def test_a_page_without_anything_to_compare_with_says_so(monkeypatch):
    monkeypatch.setattr(compare, "NEIGHBOURS", 0)
    rendered = pages(small_site(many_entries(3)), compare)
    texts = [text(document) for path, document in rendered.items() if path.startswith(f"{SUITE}/compare/")]
    assert [NOTHING in page_text for page_text in texts] == [True] * 3
