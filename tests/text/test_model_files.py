"""What is refused before, or while, a language model is loaded: one line each."""

import json
import shutil

import pytest
from raising import raises
from text.tiny_language_model import save_language_model

from icl_bench.errors import CheckpointError, InputError
from icl_bench.text import config, memory
from icl_bench.text.language_model import load_language_model
from icl_bench.text.model_files import gguf_file, model_folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_language_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def load(folder):
    return load_language_model(model_folder("tiny", folder))


def test_a_folder_is_loaded_and_its_files_hashed(folder):
    (folder / "notes.md").write_text("not read")
    files = model_folder("tiny", folder)
    assert "model.safetensors" in files.hashes
    assert "notes.md" not in files.hashes
    language_model = load_language_model(files)
    assert language_model.parameters == files.parameters()
    assert language_model.architecture == "llama"
    assert str(language_model.module.dtype) == "torch.float32"


def test_without_a_tokenizer(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with raises(CheckpointError, "no-tokenizer"):
        load(folder)


def test_without_a_config_or_with_one_that_is_no_mapping(folder):
    (folder / "config.json").write_text("[]")
    with raises(CheckpointError, "unreadable-config", naming="config.json"):
        load(folder)
    (folder / "config.json").unlink()
    with raises(CheckpointError, "no-config"):
        load(folder)


def test_pickled_weights_alone(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with raises(CheckpointError, "no-weights", naming="pytorch_model.bin"):
        load(folder)


def test_code_of_its_own_is_never_run(folder):
    values = json.loads((folder / "config.json").read_text())
    values |= {"model_type": "own", "auto_map": {"AutoModelForCausalLM": "own.Own", "AutoConfig": "own.C"}}
    (folder / "config.json").write_text(json.dumps(values))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    with raises(CheckpointError, "remote-code"):
        load(folder)
    assert not (folder / "ran").exists()


def test_code_beside_a_known_architecture_is_not_run_either(folder):
    values = json.loads((folder / "config.json").read_text())
    values["auto_map"] = {"AutoModelForCausalLM": "own.Own", "AutoConfig": "own.C"}
    (folder / "config.json").write_text(json.dumps(values))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    assert load(folder).architecture == "llama"
    assert not (folder / "ran").exists()


def test_an_architecture_that_continues_no_text(folder):
    values = json.loads((folder / "config.json").read_text()) | {"model_type": "vit"}
    (folder / "config.json").write_text(json.dumps(values))
    with raises(CheckpointError, "no-language-model", naming="vit"):
        load(folder)


def test_too_large_is_said_before_weights_are_read(folder, monkeypatch):
    monkeypatch.setattr(memory, "_free_memory", lambda: 1_000.0)
    with raises(CheckpointError, "out-of-memory"):
        load(folder)


def test_weights_cut_short(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with raises(CheckpointError, "unloadable", naming="tiny"):
        load(folder)


def test_what_is_not_installed_is_named(folder, monkeypatch):
    monkeypatch.setattr(config.importlib.util, "find_spec", lambda name: None)
    with raises(InputError, "not-installed", naming="icl-bench[text]"):
        load(folder)


def test_a_gguf_file_that_is_none_or_cut_short(tmp_path):
    other, cut = tmp_path / "other.gguf", tmp_path / "cut.gguf"
    other.write_bytes(b"no such file")
    cut.write_bytes(b"GGUF\x03\x00\x00\x00\x10")
    with raises(CheckpointError, "no-gguf"):
        gguf_file("other.gguf", other)
    with raises(CheckpointError, "damaged-weights", naming="cut.gguf"):
        gguf_file("cut.gguf", cut).parameters()
    with raises(InputError, "no-file"):
        gguf_file("absent.gguf", tmp_path / "absent.gguf")
