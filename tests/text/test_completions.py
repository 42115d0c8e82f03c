"""Asking a server of completions: what is asked again, what is refused in one line, and who sees the key."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from completions_server import SINGLE, CompletionsServer, Reply, TinyModel
from raising import raises

from icl_bench.errors import ServerError
from icl_bench.text.completions import CompletionsClient, Limits

TEXT = "Input: 0 1\nLabel: 1\n"
KEY = "sk-very-secret-7"
LIMITS = Limits(connect=5.0, answer=0.5, attempts=4)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("ICL_BENCH_API_KEY", raising=False)


@pytest.fixture
def server():
    with CompletionsServer(TinyModel(SINGLE)).running() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(server, pauses) -> CompletionsClient:
    return CompletionsClient(server.url, "tiny", LIMITS, pauses.append)


def test_one_request_asks_for_the_echo_of_a_text_and_one_token_more(server, client, pauses):
    """0 tokens are refused by some servers, and without end to llama.cpp's."""
    answer = json.loads(client.complete(TEXT))
    assert answer["choices"][0]["text"].startswith(TEXT)
    assert server.requests == [
        {
            "model": "tiny",
            "prompt": TEXT,
            "max_tokens": 1,
            "temperature": 0,
            "echo": True,
            "logprobs": 20,
        }
    ]
    assert pauses == []


def test_a_server_that_lists_fewer_alternatives_is_asked_for_fewer_from_then_on(server, client):
    server.most_alternatives = 5
    client.complete(TEXT)
    client.complete(TEXT)
    assert [request["logprobs"] for request in server.requests] == [20, 5, 5]
    assert client.alternatives == 5


def test_what_fails_for_a_while_is_asked_again_after_longer_pauses(server, client, pauses):
    server.faults = [Reply(500), Reply(503), Reply(200, b'{"choices": []}', sent=5)]
    assert json.loads(client.complete(TEXT))["choices"]
    assert len(server.requests) == 4
    for pause, middle in zip(pauses, (0.5, 1, 2), strict=True):
        assert 0.5 * middle <= pause <= 1.5 * middle


@pytest.mark.parametrize(("asked_for", "seconds"), [("3", 3), ("100000", 60), ("0", 0)])
def test_a_busy_server_says_how_long_to_wait_within_bounds(server, client, pauses, asked_for, seconds):
    server.faults = [Reply(429, headers={"Retry-After": asked_for})]
    client.complete(TEXT)
    assert pauses == [seconds]


def test_a_busy_server_may_name_a_date(server, client, pauses):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.faults = [Reply(429, headers={"Retry-After": later})]
    client.complete(TEXT)
    assert 25 < pauses[0] <= 30


@pytest.mark.parametrize("asked_for", ["soon", "Wed, 30 Nov 2026 05:00:00 -0000"])
def test_a_date_that_is_none_is_not_waited_for(server, client, pauses, asked_for):
    server.faults = [Reply(429, headers={"Retry-After": asked_for})]
    client.complete(TEXT)
    assert 0.25 <= pauses[0] <= 0.75


@pytest.mark.parametrize(
    ("reply", "code", "requests"),
    [
        (Reply(500), "server-failed", 4),
        (Reply(429), "server-busy", 4),
        (Reply(200, b"{}", sent=1), "answer-cut", 4),
        (Reply(hangs=True), "server-late", 2),
        (Reply(404, b'{"error": {"message": "The model `x` does not exist."}}'), "no-served-model", 1),
        (Reply(404, b'{"detail": "Not Found"}'), "no-completions", 1),
        (Reply(405, b""), "no-completions", 1),
        (Reply(401), "wrong-key", 1),
        (Reply(403, b"[" * 100_000), "wrong-key", 1),
        (Reply(413), "prompt-refused", 1),
        (Reply(400), "prompt-refused", 2),  # with fewer alternatives too
        (Reply(307, headers={"Location": "http://127.0.0.2:1/v1/completions"}), "server-redirects", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_goes_on_to_fail_is_one_line(server, client, reply, code, requests):
    server.faults = [reply] * 9
    with raises(ServerError, code, naming=server.url):
        client.complete(TEXT)
    assert len(server.requests) == requests


def test_what_the_server_says_is_quoted_shortly_and_escaped(server, client):
    said = json.dumps({"object": "error", "message": "\x1b[31m too long\n" * 99}).encode()
    server.faults = [Reply(400, said)] * 2
    with raises(ServerError, "prompt-refused", naming=r"\x1b[31m too long\n") as caught:
        client.complete(TEXT)
    assert len(str(caught.value)) < 500


def test_an_answer_without_end_is_not_read(server):
    client = CompletionsClient(server.url, "tiny", Limits(largest=1_000))
    server.faults = [Reply(200, b" " * 5_000)]
    with raises(ServerError, "answer-too-large", naming="1,000"):
        client.complete(TEXT)


def test_a_server_that_is_not_there_is_one_line(pauses):
    with CompletionsServer(TinyModel(SINGLE)).running() as server:
        url = server.url
    with raises(ServerError, "no-server", naming=url):
        CompletionsClient(url, "tiny", LIMITS, pauses.append).complete(TEXT)
    assert len(pauses) == 3


def test_the_key_is_sent_to_the_server_and_into_no_message(server, monkeypatch):
    monkeypatch.setenv("ICL_BENCH_API_KEY", KEY)
    server.key = KEY
    client = CompletionsClient(server.url, "tiny", LIMITS, lambda seconds: None)
    client.complete(TEXT)
    assert server.keys == [f"Bearer {KEY}"]
    said = json.dumps({"message": f"{KEY} may not do this"}).encode()
    for status in (400, 401, 500):
        server.faults = [Reply(status, said)] * 4
        with pytest.raises(ServerError) as caught:
            client.complete(TEXT)
        assert KEY not in str(caught.value)
        assert KEY not in repr(vars(caught.value))


def test_a_wrong_key_is_said_without_it(server, monkeypatch):
    monkeypatch.setenv("ICL_BENCH_API_KEY", "sk-another-key")
    server.key = KEY
    with raises(ServerError, "wrong-key", naming="ICL_BENCH_API_KEY") as caught:
        CompletionsClient(server.url, "tiny", LIMITS).complete(TEXT)
    assert "sk-another-key" not in str(caught.value)


def test_no_key_is_sent_where_there_is_none(server, client):
    client.complete(TEXT)
    assert server.keys == [None]


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_said_without_it(monkeypatch, key):
    monkeypatch.setenv("ICL_BENCH_API_KEY", key)
    with raises(ServerError, "unusable-key") as caught:
        CompletionsClient("http://localhost:1/v1", "tiny")
    assert key not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_key(server, monkeypatch):
    monkeypatch.setenv("ICL_BENCH_API_KEY", KEY)
    with CompletionsServer(TinyModel(SINGLE)).running() as other:
        server.faults = [Reply(307, headers={"Location": f"{other.url}/completions"})]
        with raises(ServerError, "server-redirects"):
            CompletionsClient(server.url, "tiny", LIMITS).complete(TEXT)
    assert other.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000/v1",
        "ftp://localhost/v1",
        "http://",
        "http:///v1",
        "http://localhost:port/v1",
        "http://localhost:99999/v1",
        "http://[::1/v1",
        "http://local host/v1",
        "http://localhost/v1\n",
        "http://localhost/v1?api-key=secret",
        "http://localhost/v1#part",
    ],
)
def test_what_is_no_address_is_refused(url):
    with raises(ServerError, "no-address", naming="http://localhost:8000/v1") as caught:
        CompletionsClient(url, "tiny")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://me:secret@localhost/v1", "http://me:sec/ret@localhost", "secret@host"]
)
def test_a_password_in_the_address_is_refused_and_not_shown(url):
    with raises(ServerError, "address-credentials", naming="ICL_BENCH_API_KEY") as caught:
        CompletionsClient(url, "tiny")
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "/", "/completions", "/completions/"])
def test_an_address_may_end_in_several_ways(server, ending):
    assert json.loads(CompletionsClient(server.url + ending, "tiny", LIMITS).complete(TEXT))["choices"]


def test_a_proxy_that_is_none_is_one_line_and_of_no_matter_on_this_machine(server, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "gopher://me:secret@127.0.0.1:1")
    with raises(ServerError, "unusable-proxy", naming="ALL_PROXY") as caught:
        CompletionsClient("http://models.example/v1", "tiny")
    assert "secret" not in str(caught.value)
    assert CompletionsClient(server.url, "tiny", LIMITS).complete(TEXT)
