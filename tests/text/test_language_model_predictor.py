"""One pass over a text against asking every prefix anew, and prompts beside others against prompts alone."""

from unittest.mock import Mock

import numpy as np
import pytest
import torch
from raising import raises
from text.asked_anew import asked_anew
from text.tiny_language_model import TOKENIZERS, save_language_model

from icl_bench.errors import CheckpointError
from icl_bench.suites.texts import prompt_text
from icl_bench.text.answers import Answers
from icl_bench.text.language_model import load_language_model
from icl_bench.text.model_files import model_folder
from icl_bench.text.predictor import LanguageModelPredictor

KINDS = [kind for kind in TOKENIZERS if kind not in ("no digits", "one digit alone")]


def prompts(count, points, seed=0):
    rng = np.random.default_rng(seed)
    xs = rng.choice(np.array([-1, 1], np.float32), (count, points, 5))
    return xs, rng.choice(np.array([-1, 1], np.float32), (count, points, 1))


def predictor_of(folder, kind, **sizes):
    saved = save_language_model(folder, kind, **sizes)
    return LanguageModelPredictor(load_language_model(model_folder("tiny", saved)))


@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_is_every_prefix_asked_anew(kind, tmp_path):
    predictor = predictor_of(tmp_path, kind)
    xs, ys = prompts(2, 6)
    answers = predictor.answer(xs, ys).log_probabilities
    for row in range(2):
        anew = asked_anew(predictor.language_model, xs[row], ys[row])
        np.testing.assert_allclose(answers[row], anew, atol=1e-4)
    assert np.abs(answers[:, :, 1] - answers[:, :, 0]).max() > 0.1  # the model does distinguish labels


@pytest.mark.parametrize("kind", ["several inputs in one", "two tokens"])
def test_answers_depend_neither_on_the_batch_nor_on_padding(kind, tmp_path):
    predictor = predictor_of(tmp_path, kind)
    xs, ys = prompts(5, 8)
    lengths = {
        len(predictor.language_model.encode([prompt_text(*prompt).text])[0])
        for prompt in zip(xs, ys, strict=True)
    }
    assert (len(lengths) > 1) == (kind == "several inputs in one")
    together = predictor.answer(xs, ys).log_probabilities
    for row in range(5):
        alone = predictor.answer(xs[row : row + 1], ys[row : row + 1]).log_probabilities[0]
        np.testing.assert_allclose(together[row], alone, atol=1e-4)


def test_a_prediction_reads_nothing_after_its_label(tmp_path):
    predictor = predictor_of(tmp_path, "two tokens")
    xs, ys = prompts(1, 8)
    changed_xs, changed_ys = xs.copy(), ys.copy()
    changed_xs[0, 5:], changed_ys[0, 4:] = -xs[0, 5:], -ys[0, 4:]
    before, after = predictor.predict(xs, ys), predictor.predict(changed_xs, changed_ys)
    np.testing.assert_allclose(before[0, :5], after[0, :5], atol=1e-5)
    assert np.abs(before[0, 5:] - after[0, 5:]).max() > 1e-3


def test_predictions_and_shares_are_of_the_two_probabilities():
    p = np.array([[[0.1, 0.3], [0.5, 0.5], [1e-30, 3e-30]]])
    answers = Answers(np.log(p))
    np.testing.assert_allclose(answers.predictions[:, :, 0], [[0.5, 0.0, 0.5]], atol=1e-6)
    np.testing.assert_allclose(answers.label_shares, [[0.4, 1.0, 4e-30]])


def test_shares_are_of_prompts_that_were_answered(tmp_path):
    predictor = predictor_of(tmp_path, "one token")
    xs, ys = prompts(3, 4)
    predictor.predict(xs, ys)
    shares = predictor.label_shares(xs[::-1], ys[::-1])
    np.testing.assert_allclose(shares[::-1], predictor.answer(xs, ys).label_shares, atol=1e-6)
    assert (shares > 0).all()
    assert (shares < 1).all()


def test_a_prompt_longer_than_the_context_is_refused(tmp_path):
    predictor = predictor_of(tmp_path, "two tokens", most_tokens=64)
    predictor.predict(*prompts(1, 2))
    with raises(CheckpointError, "context-too-short", naming="64"):
        predictor.predict(*prompts(1, 4))


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    predictor = predictor_of(tmp_path, "one token")
    module = predictor.language_model.module
    module.set_input_embeddings(torch.nn.Embedding(4, 32))
    with raises(CheckpointError, "tokenizer-of-another", naming=("tiny", "4")):
        predictor.predict(*prompts(1, 2))


def test_what_a_pass_raises_is_one_line(tmp_path):
    predictor = predictor_of(tmp_path, "one token")
    predictor.language_model.module.lm_head = torch.nn.Linear(7, 3)
    with raises(CheckpointError, "unloadable", naming="tiny"):
        predictor.predict(*prompts(1, 2))


@pytest.mark.parametrize("error", [MemoryError(), SystemError("error return without exception set")])
def test_a_model_that_does_not_fit_is_told_so(error, tmp_path, monkeypatch):
    predictor = predictor_of(tmp_path, "one token")
    monkeypatch.setattr(predictor.language_model.module, "forward", Mock(side_effect=error))
    with raises(CheckpointError, "out-of-memory", naming="tiny"):
        predictor.predict(*prompts(1, 2))
