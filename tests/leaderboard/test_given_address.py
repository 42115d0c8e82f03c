"""Addresses that users give end up in links, commands and feeds: only plain ones are taken."""

import pytest

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
    ("text", "message"),
    [
        ("", "does not begin with"),
        ("example.org/board", "does not begin with"),
        ("ftp://example.org", "does not begin with"),
        ("javascript:alert(1)", "does not begin with"),
        ("javascript://example.org/%0aalert(1)", "does not begin with"),
        ("data:text/html,x", "does not begin with"),
        (" https://example.org", "does not begin with"),
        ("https:example.org", "does not begin with"),
        ("https://", "no host"),
        ("https:///board", "no host"),
        ("https://?a", "no host"),
        ("https://:80/", "no host"),
        ("https://-/", "no host"),
        ("https://a..b/", "no host"),
        ("https://ana@example.org/", "user name"),
        ("https://ana:secret@example.org/", "user name"),
        ("https://@example.org/", "user name"),
        ("https://example.org:port/", "[Pp]ort"),
        ("https://example.org:70000/", "[Pp]ort"),
        ("https://[::1/", "Invalid IPv6"),
        ('https://example.org/"onclick=', "must be written as %"),
        ("https://example.org/'", "must be written as %"),
        ("https://example.org/`id`", "must be written as %"),
        ("https://example.org/<b>", "must be written as %"),
        ("https://example.org/a b", "must be written as %"),
        ("https://example.org/a\n", "must be written as %"),
        ("https://example.org/\x1b[2J", "must be written as %"),
        ("https://example.org/a\\b", "must be written as %"),
        ("https://example.org/(a)", "must be written as %"),
        ("https://exämple.org/", "must be written as %"),
        ("https://example.org/?board", "query or a #"),
        ("https://example.org/#board", "query or a #"),
    ],
)
def test_everything_else_is_refused_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        check_address(text, "--address")
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith("--address ")
    assert str(caught.value).endswith("; give an address as https://example.org/icl-bench")


def test_sources_may_be_shown_by_a_query():
    check_address("https://example.org/gitweb?p=icl-bench.git", "--repository", extended=True)


@pytest.mark.parametrize("address", [{"address": "ftp://example.org"}, {"repository": "javascript:alert(1)"}])
def test_no_site_is_made_for_an_address_that_is_none(address):
    option = f"--{next(iter(address))}"
    with pytest.raises(InputError, match=option):
        gather_site(**{"address": "https://example.org", "repository": None} | address)
