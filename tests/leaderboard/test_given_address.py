"""Addresses that users give end up in links, commands and feeds: only plain ones are taken."""

import pytest
from raising import raises

from icl_bench.errors import InputError
from icl_bench.leaderboard.given_address import check_address
from icl_bench.leaderboard.write import gather_site


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org",
        "HTTP://Example.org:8080/icl-bench/",
        "https://example.org./~ana/a_b/%C3%A9/",
        "https://xn--bcher-kva.example/",
        "http://127.0.0.1:8000/",
        "http://[::1]:8000/",
    ],
)
def test_addresses_that_a_browser_opens_are_taken(text):
    check_address(text, "--address")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "address-scheme"),
        ("example.org/board", "address-scheme"),
        ("ftp://example.org", "address-scheme"),
        ("javascript:alert(1)", "address-scheme"),
        ("javascript://example.org/%0aalert(1)", "address-scheme"),
        ("data:text/html,x", "address-scheme"),
        (" https://example.org", "address-scheme"),
        ("https:example.org", "address-scheme"),
        ("https://", "address-host"),
        ("https:///board", "address-host"),
        ("https://?a", "address-host"),
        ("https://:80/", "address-host"),
        ("https://-/", "address-host"),
        ("https://a..b/", "address-host"),
        ("https://ana@example.org/", "address-user"),
        ("https://ana:secret@example.org/", "address-user"),
        ("https://@example.org/", "address-user"),
        ("https://example.org:port/", "address-syntax"),
        ("https://example.org:70000/", "address-syntax"),
        ("https://[::1/", "address-syntax"),
        ('https://example.org/"onclick=', "address-character"),
        ("https://example.org/'", "address-character"),
        ("https://example.org/`id`", "address-character"),
        ("https://example.org/<b>", "address-character"),
        ("https://example.org/a b", "address-character"),
        ("https://example.org/a\n", "address-character"),
        ("https://example.org/\x1b[2J", "address-character"),
        ("https://example.org/a\\b", "address-character"),
        ("https://example.org/(a)", "address-character"),
        ("https://exämple.org/", "address-character"),
        ("https://example.org/?board", "address-query"),
        ("https://example.org/#board", "address-query"),
    ],
)
def test_everything_else_is_refused_in_one_line(text, code):
    with raises(InputError, code, naming=("--address ", "https://example.org/icl-bench")) as caught:
        check_address(text, "--address")
    assert str(caught.value).isprintable()


def test_sources_may_be_shown_by_a_query():
    check_address("https://example.org/gitweb?p=icl-bench.git", "--repository", extended=True)


@pytest.mark.parametrize("address", [{"address": "ftp://example.org"}, {"repository": "javascript:alert(1)"}])
def test_no_site_is_made_for_an_address_that_is_none(address):
    option = f"--{next(iter(address))}"
    with raises(InputError, "address-scheme", naming=option):
        gather_site(**{"address": "https://example.org", "repository": None} | address)
