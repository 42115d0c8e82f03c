"""A language model evaluated whole, by the command and from Python, on a suite that is asked in text."""

import json
import shutil

import numpy as np
import pytest
from text.tiny_language_model import save_language_model
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.entries.open import kind_of
from icl_bench.errors import ResultWarning
from icl_bench.specs.result import parse_record, without_timings
from icl_bench.suites import load_suite

LIMIT = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_language_model(tmp_path_factory.mktemp("speaks"), "two tokens")


@pytest.fixture(scope="module")
def record(folder):
    return evaluate(folder)


def evaluate(folder):
    with pytest.warns(ResultWarning, match="does not answer the question"):
        return icl_bench.evaluate(str(folder), suite="text-boolean", tasks="majority", limit=LIMIT)


def test_the_record_says_which_model_it_is_of(record, folder):
    result = record.tasks["majority"]
    assert (record.model.kind, record.model.id) == ("language_model", str(folder))
    assert result.checkpoint is None
    assert result.language_model.architecture == "llama"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(result.language_model.files)
    assert result.checks == ["finiteness", "determinism", "causality", "independence"]


def test_the_share_of_the_labels_is_recorded_and_a_small_one_marked(record):
    result = record.tasks["majority"]
    assert len(result.label_shares) == result.points
    assert result.label_share == pytest.approx(np.mean(result.label_shares))
    assert record.to_frame()["label_share"].tolist() == [result.label_share]
    assert not result.answers  # a random model spreads its probability


def test_a_record_is_the_same_when_it_is_read_or_repeated(record, folder):
    assert parse_record(record.to_json(), "it") == record
    assert without_timings(evaluate(folder)) == without_timings(record)


def test_the_command_prints_a_table_and_a_warning(folder, tmp_path):
    file = tmp_path / "record.json"
    options = ["--suite", "text-boolean", "--task", "majority", "--limit", str(LIMIT), "--output", str(file)]
    outcome = CliRunner().invoke(app, ["evaluate", str(folder), *options])
    assert outcome.exit_code == 0, outcome.output
    assert "the labels hold" in outcome.output
    assert "does not answer the question" in outcome.output
    assert "label_shares" in json.loads(file.read_text())["tasks"]["majority"]


def test_a_suite_of_numbers_and_a_revision_are_refused_in_one_line(folder):
    for options in (["--suite", "mini"], ["--suite", "text-boolean", "--revision", "main"]):
        outcome = CliRunner().invoke(app, ["evaluate", str(folder), *options])
        assert outcome.exit_code == 2
        assert len(outcome.stderr.strip().splitlines()) == 1


def test_which_names_are_of_language_models(folder, tmp_path):
    suite = load_suite("text-boolean")
    assert kind_of(str(folder), suite).type == "language_model"
    assert kind_of("model.gguf", suite).type == "language_model"
    assert kind_of("text/smollm2-135m-instruct-q4", suite).type == "text"
    other = shutil.copytree(folder, tmp_path / "other", ignore=shutil.ignore_patterns("tokenizer*"))
    assert kind_of(str(other), suite).type == "folder"
