"""Where tokenizers of different kinds put the labels, and what the labels share."""

import numpy as np
import pytest
from raising import raises
from text.tiny_language_model import TOKENIZERS

from icl_bench.errors import CheckpointError, InputError
from icl_bench.suites.texts import prompt_text, texts_hash
from icl_bench.text.label_tokens import tokenize

XS = np.array([[1, -1], [-1, -1], [1, 1]], np.float32)
YS = np.array([[1], [-1], [1]], np.float32)
TEXT = "Input: 1 0\nLabel: 1\nInput: 0 0\nLabel: 0\nInput: 1 1\nLabel: 1\n"

# kind: the tokens between `Label:` and where the labels part, and what stands there for 0 and for 1
EXPECTED = {
    "one token": ([], "Ġ0", "Ġ1"),
    "two tokens": (["Ġ"], "0", "1"),
    "one and two tokens": ([], "Ġ0", "Ġ"),
    "with the newline": (["Ġ"], "0Ċ", "1Ċ"),
    "several inputs in one": ([], "Ġ", "Ġ1"),
    "no space": ([], "0", "1"),
    "a start token": ([], "Ġ0", "Ġ1"),
}


def encoder(kind):
    tokenizer = TOKENIZERS[kind]()
    return tokenizer, lambda texts: [tokenizer.encode(text).ids for text in texts]


@pytest.mark.parametrize("kind", EXPECTED)
def test_labels_are_told_apart_after_what_they_share(kind):
    tokenizer, encode = encoder(kind)
    shared, *candidates = EXPECTED[kind]
    prompt = tokenize(encode, prompt_text(XS, YS))
    assert prompt.tokens == tokenizer.encode(TEXT).ids
    assert (tokenizer.id_to_token(prompt.tokens[0]) == "<s>") == (kind == "a start token")
    for label, y in zip(prompt.labels, YS[:, 0], strict=True):
        words = [tokenizer.id_to_token(token) for token in prompt.tokens]
        assert words[label.start - 1] == ":"
        assert words[label.start : label.place] == shared
        assert [tokenizer.id_to_token(token) for token in label.candidates] == candidates
        assert prompt.tokens[label.place] == label.candidates[int(y > 0)]


def test_a_tokenizer_without_digits_is_refused():
    with raises(CheckpointError, "labels-alike", naming="tiny"):
        tokenize(encoder("no digits")[1], prompt_text(XS, YS), model="tiny")


def test_a_label_that_is_unknown_to_the_tokenizer_is_none():
    tokenizer, encode = encoder("one digit alone")
    with raises(CheckpointError, "labels-alike"):
        tokenize(encode, prompt_text(XS, YS), unknown=tokenizer.token_to_id("[UNK]"))


def test_a_text_is_of_signs_and_one_target():
    assert prompt_text(XS, YS).text == TEXT
    assert prompt_text(3 * XS, -3 * YS).text == prompt_text(XS, -YS).text
    with raises(InputError, "no-text"):
        prompt_text(0 * XS, YS)
    assert prompt_text(XS, 0 * YS).text == prompt_text(XS, -np.ones_like(YS)).text
    with raises(InputError, "no-text"):
        prompt_text(XS, np.tile(YS, 2))


def test_the_hash_of_texts_changes_with_any_character():
    xs, ys = np.stack([XS, -XS]), np.stack([YS, YS])
    changed = ys.copy()
    changed[1, 2] = -changed[1, 2]
    assert texts_hash(xs, ys) != texts_hash(xs, changed)
    assert texts_hash(xs, ys) != texts_hash(xs[::-1], ys[::-1])
