"""What tests of served models share: prompts, a language model as a server has it, and a small suite."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from transformers import PreTrainedTokenizerFast

from icl_bench.suites import Suite, load_suite
from icl_bench.suites.lock import lock_suite
from icl_bench.text.completions import CompletionsClient, Limits
from icl_bench.text.endpoint_predictor import EndpointPredictor
from icl_bench.text.kept_answers import KeptAnswers

PROMPTS = 40
LIMITS = Limits(connect=5.0, answer=5.0, attempts=2, first_pause=0.01)


def prompts(count, points, seed=0):
    """Random inputs and labels, (count, points, 3) and (count, points, 1)."""
    rng = np.random.default_rng(seed)
    xs = rng.choice(np.array([-1, 1], np.float32), (count, points, 3))
    return xs, rng.choice(np.array([-1, 1], np.float32), (count, points, 1))


def endpoint_predictor(server, folder: Path, model: str = "tiny") -> EndpointPredictor:
    """The predictor of a server, with answers kept in a folder."""
    return EndpointPredictor(
        CompletionsClient(server.url, model, LIMITS), KeptAnswers(folder / "answers.jsonl")
    )


class ServedLanguageModel:
    """A language model of `transformers` as the tests' server asks it."""

    def __init__(self, language_model, folder: Path) -> None:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.vocabulary = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self.encode, self._module = language_model.encode, language_model.module

    def log_probabilities(self, tokens):
        """Of every token behind each of `tokens`: (tokens, vocabulary)."""
        with torch.inference_mode():
            logits = self._module(torch.tensor([tokens])).logits[0]
        return torch.log_softmax(logits.double(), dim=-1).numpy()


@pytest.fixture(scope="session")
def spoken_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the suite spoken-v1 in it, asked in text, locked."""
    folder = tmp_path_factory.mktemp("suites")
    (folder / "spoken-v1").mkdir()
    suite = {"schema": 1, "name": "spoken-v1", "summary": "small", "prompts": PROMPTS, "resamples": 2000}
    suite |= {"asked_in": "text", "tasks": ["conjunction", "majority"], "notes": "for tests"}
    (folder / "spoken-v1" / "suite.yaml").write_text(yaml.safe_dump(suite))
    for name in suite["tasks"]:
        task = {"schema": 1, "name": name, "summary": "small", "points": 6, "scored": "all"}
        task |= {"function_class": {"type": name, "dims": 3}, "baseline": "averaging"}
        task |= {"exact": "knn", "exact_note": "Best known of these."}
        (folder / "spoken-v1" / f"{name}.yaml").write_text(yaml.safe_dump(task))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ICL_BENCH_SUITES", str(folder))
        lock_suite(load_suite("spoken"))
    return folder


@pytest.fixture
def spoken(spoken_folder, monkeypatch, tmp_path) -> Suite:
    """The suite, under its own cache, known to `load_suite` while the test runs; no key is set."""
    monkeypatch.setenv("ICL_BENCH_SUITES", str(spoken_folder))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ICL_BENCH_API_KEY", raising=False)
    return load_suite("spoken")
