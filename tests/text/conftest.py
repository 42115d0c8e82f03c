"""A language model's files, and a Hub to fetch them from."""

import pytest
from models.conftest import hub as hub
from text.tiny_language_model import save_language_model


@pytest.fixture(scope="session")
def language_model_files(tmp_path_factory) -> dict[str, bytes]:
    """A repository of the Hub with a language model, and things that nobody asks for."""
    folder = save_language_model(tmp_path_factory.mktemp("language_model"), "two tokens")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    others = {"README.md": b"# model", "run.py": b"import os", "pytorch_model.bin": b"\x80\x04."}
    return files | others | {"onnx/model.onnx": b"graph"}
