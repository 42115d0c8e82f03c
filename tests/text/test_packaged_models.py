"""Language models whose weights a package carries: found where it is installed, held against their hash."""

import hashlib
import importlib.util

import numpy as np
import pytest
from raising import raises

from icl_bench.entries import text
from icl_bench.entries.open import open_source
from icl_bench.entries.text import TextKind, packaged_model, packaged_models
from icl_bench.errors import CheckpointError, InputError, UnknownNameError
from icl_bench.records.store import board_records
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.suites import load_prompts, load_suite

NAME = "text/small"
WEIGHTS = b"GGUF and no more"
VALUES = {
    "schema": 1,
    "model": "Someone/Small",
    "package": "small-words==1.0",
    "module": "small_words",
    "file": "small.gguf",
    "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    "licence": "apache-2.0",
    "description": "Small.",
}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with weights that is never imported, and the file that names it; the weights' path."""
    module = tmp_path / "site" / "small_words"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("raise AssertionError('it is imported')")
    (module / "small.gguf").write_bytes(WEIGHTS)
    folder = tmp_path / "submissions" / NAME
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(dump_plain(VALUES))
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(text, "data_folder", lambda name: tmp_path / name)
    return module / "small.gguf"


def test_it_is_found_where_it_is_installed_and_never_imported(installed):
    assert packaged_models() == [NAME]
    assert packaged_model(NAME).find() == installed
    source = open_source(NAME, load_suite("text-boolean"))
    assert source.identity.model_dump() == {"kind": "text", "id": NAME, "revision": None}
    assert TextKind().known(load_suite("text-boolean")) == [NAME]
    assert TextKind().known(load_suite("mini")) == []


def test_other_weights_than_were_scored_are_refused(installed):
    installed.write_bytes(WEIGHTS + b"!")
    with raises(CheckpointError, "other-file", naming="small-words==1.0"):
        open_source(NAME, load_suite("text-boolean"))


def test_a_package_that_is_not_installed_is_named(installed):
    installed.unlink()
    with raises(InputError, "not-installed", naming="pip install --no-deps small-words==1.0"):
        open_source(NAME, load_suite("text-boolean"))


def test_options_and_names_that_are_none_are_refused(installed):
    suite = load_suite("text-boolean")
    with raises(UnknownNameError, naming=NAME):
        open_source("text/smal", suite)
    with raises(InputError, "no-revision"):
        open_source(NAME, suite, revision="main")
    with raises(InputError, "asked-in-numbers"):
        open_source(NAME, load_suite("mini"))


@pytest.mark.slow
@pytest.mark.parametrize("name", packaged_models())
def test_a_recorded_model_answers_as_recorded(name):
    """A few prompts of the real one, where its package is installed."""
    packaged, suite = packaged_model(name), load_suite("text-boolean")
    if importlib.util.find_spec(packaged.module) is None:
        pytest.skip(f"{packaged.package} is not installed")
    (record,) = board_records(name, suite).values()
    prompts = load_prompts(suite, "conjunction").part(slice(2))
    predictor = open_source(name, suite).task_predictor(suite.task("conjunction")).predictor
    errors = np.square(predictor.predict(prompts.xs, prompts.ys).astype(np.float64) - prompts.ys)
    recorded = record.tasks["conjunction"].prompt_errors[:2]
    np.testing.assert_allclose(errors.sum(axis=(1, 2)), recorded, rtol=1e-3)
