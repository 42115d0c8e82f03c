"""A served model against the same model in memory, in every way in which servers write tokens."""

import itertools

import numpy as np
import pytest
from completions_server import DOUBLE, JOINED, MERGED, SINGLE, CompletionsServer, Reply, TinyModel
from raising import raises
from text.served import ServedLanguageModel, endpoint_predictor, prompts
from text.tiny_language_model import TOKENIZERS, save_language_model

from icl_bench.errors import ServerError
from icl_bench.suites.texts import prompt_text
from icl_bench.text.label_tokens import tokenize
from icl_bench.text.language_model import load_language_model
from icl_bench.text.model_files import model_folder
from icl_bench.text.predictor import LanguageModelPredictor

VOCABULARIES = {"single": SINGLE, "double": DOUBLE, "merged": MERGED, "joined": JOINED}
KINDS = [kind for kind in TOKENIZERS if kind not in ("no digits", "one digit alone")]


def in_bytes(token: str) -> str:
    """Digits and newlines as some servers write tokens that are bytes."""
    return f"<0x{ord(token):02X}>" if token in ("0", "1", "\n") else token


WRITTEN = {
    "as they stand": str,
    "with a mark": lambda token: token.replace(" ", "▁"),
    "with byte marks": lambda token: token.replace(" ", "Ġ").replace("\n", "Ċ"),
    "in bytes": in_bytes,
    "without spaces": lambda token: token.lstrip(" "),
    "without white space": str.strip,
}


def in_memory(model: TinyModel, xs, ys) -> np.ndarray:
    """log p(0) and log p(1) at every label of a prompt, by the rule of models that are in memory."""
    prompt = tokenize(model.encode, prompt_text(xs, ys))
    rows = model.log_probabilities(prompt.tokens)
    answers = []
    for label in prompt.labels:
        shared = sum(rows[i - 1, prompt.tokens[i]] for i in range(label.start, label.place))
        answers.append([shared + rows[label.place - 1, token] for token in label.candidates])
    return np.array(answers)


@pytest.fixture
def serve(request):
    """Start a server of a model that runs until the test ends."""

    def start(model) -> CompletionsServer:
        running = CompletionsServer(model).running()
        server = running.__enter__()
        request.addfinalizer(lambda: running.__exit__(None, None, None))
        return server

    return start


@pytest.mark.parametrize("kind", KINDS)
def test_a_served_model_answers_as_in_memory(serve, kind, tmp_path):
    saved = save_language_model(tmp_path / "model", kind)
    local = LanguageModelPredictor(load_language_model(model_folder("tiny", saved)))
    server = serve(ServedLanguageModel(local.language_model, saved))
    server.most_alternatives = 300
    predictor = endpoint_predictor(server, tmp_path)
    predictor._client.alternatives = 300  # all, so that no label is bounded
    xs, ys = prompts(2, 5)
    expected = local.answer(xs, ys)
    np.testing.assert_allclose(
        predictor.answer(xs, ys).log_probabilities, expected.log_probabilities, atol=1e-4
    )
    np.testing.assert_allclose(predictor.predict(xs, ys), local.predict(xs, ys), atol=1e-4)
    np.testing.assert_allclose(predictor.label_shares(xs, ys), expected.label_shares, atol=1e-4)


# written without white space, tokens do not say whether a newline or space is in them
LOST = {("merged", "without white space"), ("joined", "without white space")}
WAYS = [pair for pair in itertools.product(VOCABULARIES, WRITTEN) if pair not in LOST]


@pytest.mark.parametrize(("vocabulary", "written"), WAYS)
def test_tokens_may_be_written_in_several_ways(serve, vocabulary, written, tmp_path):
    model = TinyModel(VOCABULARIES[vocabulary])
    server = serve(model)
    server.written, server.start = WRITTEN[written], "<s>"
    xs, ys = prompts(2, 5)
    answers = endpoint_predictor(server, tmp_path).answer(xs, ys).log_probabilities
    np.testing.assert_allclose(answers, [in_memory(model, *each) for each in zip(xs, ys, strict=True)])


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_log_probabilities_beside_the_token_before_are_put_right(serve, vocabulary, tmp_path):
    """As llama.cpp's Python server writes them of models without a start token."""
    model = TinyModel(VOCABULARIES[vocabulary])
    server = serve(model)
    server.early = True
    xs, ys = prompts(4, 5)
    answers = endpoint_predictor(server, tmp_path).answer(xs, ys).log_probabilities
    expected = np.array([in_memory(model, *each) for each in zip(xs, ys, strict=True)])
    recognised = np.abs(answers - expected).max(axis=(1, 2)) < 1e-6
    assert recognised.any()
    assert recognised[int(recognised.argmax()) :].all()  # once seen, it holds of the server


def sharp_model(server_alternatives: int) -> TinyModel:
    """More tokens than a server lists."""
    others = [f"word{number}" for number in range(4 * server_alternatives)]
    return TinyModel([*SINGLE, *others], sharpness=3.0)


@pytest.mark.parametrize("listed", [None, 4])
def test_a_label_that_is_not_listed_has_the_probability_of_the_last_that_is(serve, listed, tmp_path):
    model = sharp_model(5)
    server = serve(model)
    server.most_alternatives, server.listed_alternatives = 5, listed
    xs, ys = prompts(20, 5)
    answers = endpoint_predictor(server, tmp_path).answer(xs, ys).log_probabilities
    exact, bounded = [], []
    for row, label in ((row, label) for row in range(20) for label in range(5)):
        text = prompt_text(xs[row], ys[row])
        prompt = tokenize(model.encode, text)
        place = prompt.labels[label]
        behind = model.log_probabilities(prompt.tokens[: place.place])[-1]
        least = np.sort(behind)[-(listed or 5)]
        np.testing.assert_allclose(
            answers[row, label], np.maximum(behind[list(place.candidates)], least), rtol=1e-12
        )
        exact += [each for each in place.candidates if behind[each] >= least]
        bounded += [each for each in place.candidates if behind[each] < least]
    assert exact
    assert bounded


def test_no_answer_depends_on_its_own_target(serve, tmp_path):
    """Of the label that a text holds a server always lists the probability, of the other one not."""
    server = serve(sharp_model(20))
    xs, ys = prompts(4, 5)
    predictor = endpoint_predictor(server, tmp_path)
    before = predictor.answer(xs, ys).log_probabilities
    for label in range(5):
        changed = ys.copy()
        changed[:, label:] *= -1
        after = predictor.answer(xs, changed).log_probabilities
        np.testing.assert_array_equal(before[:, : label + 1], after[:, : label + 1])


def test_prompts_that_were_answered_are_not_asked_again(serve, tmp_path):
    server = serve(TinyModel(SINGLE))
    xs, ys = prompts(5, 4)
    whole = endpoint_predictor(server, tmp_path / "whole").predict(xs, ys)
    server.requests.clear()
    predictor = endpoint_predictor(server, tmp_path)
    predictor.predict(xs[:3], ys[:3])
    server.faults = [Reply(500)] * 2
    with raises(ServerError, "server-failed"):
        predictor.predict(xs, ys)
    assert len(server.requests) == 3 + 2
    resumed = endpoint_predictor(server, tmp_path)
    np.testing.assert_array_equal(resumed.predict(xs, ys), whole)
    assert [request["prompt"] for request in server.requests[5:]] == [
        prompt_text(xs[row], ys[row]).text for row in (3, 4)
    ]
    resumed.label_shares(xs, ys)
    assert len(server.requests) == 7


def test_half_a_line_is_dropped_and_the_next_answer_is_not_glued_to_it(serve, tmp_path):
    server, file = serve(TinyModel(SINGLE)), tmp_path / "answers.jsonl"
    xs, ys = prompts(4, 4)
    whole = endpoint_predictor(server, tmp_path).predict(xs, ys)
    lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    file.write_bytes(b"".join([*lines[:2], lines[2][:40]]))
    server.requests.clear()
    np.testing.assert_array_equal(endpoint_predictor(server, tmp_path).predict(xs, ys), whole)
    assert len(server.requests) == 2
    assert sorted(file.read_bytes().splitlines(keepends=True)) == sorted(lines)


@pytest.mark.parametrize(
    "line",
    [b"{}", b"[]", b"\xff", b'{"text": "x", "log_probabilities": [[NaN, 0.0]]}', b'{"text": 1}'],
)
def test_a_line_that_holds_no_answer_is_left_out(serve, tmp_path, line):
    (tmp_path / "answers.jsonl").write_bytes(line + b"\n")
    predictor = endpoint_predictor(serve(TinyModel(SINGLE)), tmp_path)
    assert predictor._kept.resumed == 0
    predictor.predict(*prompts(1, 4))


def completion(**changes) -> Reply:
    """An answer in which something is not as it should be."""
    listed = {
        "tokens": ["Input", ":", " 0"],
        "token_logprobs": [None, -1.0, -1.0],
        "top_logprobs": [None, {":": -1.0, "x": -2.0}, {" 0": -1.0, " 1": -2.0}],
    }
    choice = {"text": "other", "logprobs": listed | changes}
    return Reply(200, repr({"choices": [choice]}).replace("None", "null").replace("'", '"').encode())


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b'{"choices": [{"text": "Inp'), "no-completion"),
        (Reply(200, b"<html>Sign in</html>"), "no-completion"),
        (Reply(200, b"[" * 100_000), "no-completion"),
        (Reply(200, b'{"choices": []}'), "no-completion"),
        (Reply(200, b'{"choices": [{"message": {"content": "1"}}]}'), "no-completion"),
        (Reply(200, b'{"choices": [{"text": "1", "logprobs": null}]}'), "no-log-probabilities"),
        (Reply(200, b'{"choices": [{"text": "1", "logprobs": {"content": []}}]}'), "no-log-probabilities"),
        (completion(tokens=[]), "no-log-probabilities"),
        (completion(top_logprobs=None), "no-log-probabilities"),
        (completion(token_logprobs=[None]), "no-completion"),
        (completion(), "no-echo"),
    ],
)
def test_an_answer_that_cannot_be_read_is_one_line(serve, tmp_path, reply, code):
    server = serve(TinyModel(SINGLE))
    server.faults = [reply]
    with raises(ServerError, code, naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))
    assert not (tmp_path / "answers.jsonl").exists()


def test_a_server_that_ignores_the_echo_is_one_line(serve, tmp_path):
    server = serve(TinyModel(SINGLE))
    server.echoes = False
    with raises(ServerError, "no-echo", naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))


def test_a_server_without_log_probabilities_is_one_line(serve, tmp_path):
    server = serve(TinyModel(SINGLE))
    server.lists = False
    with raises(ServerError, "no-log-probabilities", naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))


@pytest.mark.parametrize("written", [str.upper, lambda token: f"token_id:{len(token)}"])
def test_tokens_that_do_not_make_up_the_text_are_one_line(serve, tmp_path, written):
    server = serve(TinyModel(DOUBLE))
    server.written = written
    with raises(ServerError, "other-tokens", naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))


def test_fewer_than_two_alternatives_do_not_tell_labels_apart(serve, tmp_path):
    server = serve(TinyModel(SINGLE, sharpness=0.0))
    server.listed_alternatives = 1
    server.written = str
    server.model.log_probabilities = lambda tokens: np.zeros((len(tokens), len(SINGLE)))
    server.completion = only_own(server.completion)
    with raises(ServerError, "no-alternatives", naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))


def only_own(complete):
    """Answers that list each token alone."""

    def completion(request):
        answer = complete(request)
        listed = answer["choices"][0]["logprobs"]
        listed["top_logprobs"] = [
            None if own is None else {token: own}
            for token, own in zip(listed["tokens"], listed["token_logprobs"], strict=True)
        ]
        return answer

    return completion


def test_numbers_that_are_no_logarithms_are_one_line(serve, tmp_path):
    server = serve(TinyModel(SINGLE))
    server.model.log_probabilities = lambda tokens: np.full((len(tokens), len(SINGLE)), 0.5)
    with raises(ServerError, "no-logarithms", naming=server.url):
        endpoint_predictor(server, tmp_path).predict(*prompts(1, 2))
