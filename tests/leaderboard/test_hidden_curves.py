"""Which curves of a task page are hidden is kept in its address, whatever their names hold."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from fabricated import SUITE
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.slow

TASK = f"{SUITE}/tasks/linear_regression.html"
COMMA = "gpt2, wide"


def hidden(page: Page) -> list[str]:
    """What the address hides."""
    return parse_qs(urlsplit(page.url).query).get("hide", [])


def choice(page: Page, name: str, figure: int = 0) -> Locator:
    return page.locator("fieldset.choose").nth(figure).get_by_label(name, exact=True)


def opened(page: Page, address: str) -> None:
    """The page with a model whose name holds a comma."""

    def renamed(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-name="gpt2"', f'data-name="{COMMA}"'))

    page.route("**/*.html*", renamed)
    page.goto(address)


def test_a_name_with_a_comma_is_hidden_after_a_reload_and_no_other(page):
    opened(page, TASK)
    choice(page, COMMA).uncheck()
    choice(page, "llama").uncheck()
    assert hidden(page) == [COMMA, "llama"]
    page.reload()
    for name in (COMMA, "llama"):
        expect(choice(page, name)).not_to_be_checked()
    assert page.locator("fieldset.choose input:not(:checked)").count() == 2
    choice(page, COMMA).check()
    assert hidden(page) == ["llama"]


def test_an_address_that_joins_names_by_commas_is_still_read(page):
    opened(page, f"{TASK}?hide={quote('llama,mamba,nothing')}")
    for name in ("llama", "mamba"):
        expect(choice(page, name)).not_to_be_checked()
    assert page.locator("fieldset.choose input:not(:checked)").count() == 2
    choice(page, "llama").check()
    assert hidden(page) == ["mamba"]


def test_what_is_hidden_in_one_chart_stays_so_when_another_changes(page):
    opened(page, TASK)
    choice(page, "llama").uncheck()
    page.locator("fieldset.choose").nth(1).get_by_label("knn").uncheck()
    assert hidden(page)[0] == "llama"
    assert len(hidden(page)) == 2
    page.reload()
    expect(choice(page, "llama")).not_to_be_checked()
    expect(page.locator("fieldset.choose").nth(1).get_by_label("knn")).not_to_be_checked()
