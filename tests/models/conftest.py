"""A checkpoint and a Hub of its own for every test that asks for one."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from hub_server import HubServer
from huggingface_hub import constants, file_download
from models.small import files_of, saved, small_model


@pytest.fixture
def folder(tmp_path) -> Path:
    """A whole checkpoint, alone in a folder of its own."""
    saved(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Iterator[HubServer]:
    """A running Hub that the real client talks to, with an empty cache.

    The client reads its environment once, when it is imported; what it read then is replaced here.
    """
    with HubServer().running() as server:
        settings = {
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": server.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(tmp_path / "hub"),
            "HF_TOKEN_PATH": str(tmp_path / "token"),
            "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
        }
        for name, value in settings.items():
            monkeypatch.setattr(constants, name, value)
        without_waits = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
        monkeypatch.setattr(file_download, "time", without_waits)  # between its attempts
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setenv("NO_PROXY", "*")
        huggingface_hub.close_session()
        yield server
        huggingface_hub.close_session()


@pytest.fixture
def root(tmp_path) -> dict[str, bytes]:
    """The files of a repository with one checkpoint at its root, and things nobody asked for."""
    others = {"README.md": b"# model", "pytorch_model.bin": b"\x80\x04.", "run.py": b"import os"}
    return saved(tmp_path / "root") | others


@pytest.fixture
def by_task(tmp_path) -> dict[str, bytes]:
    """The files of a repository with one folder a task, two of them."""
    saved(tmp_path / "by_task/linear_regression")
    saved(tmp_path / "by_task/decision_tree", small_model("mini-v1/decision_tree", d=6))
    return files_of(tmp_path / "by_task") | {"decision_tree/training.csv": b"", "other/config.json": b"{}"}
