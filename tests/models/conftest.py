"""A Hub of its own for every test that asks for one."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import huggingface_hub
import pytest
from hub_server import HubServer
from huggingface_hub import constants


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Iterator[HubServer]:
    """A running Hub that the real client talks to, with an empty cache and short timeouts.

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
            "HF_HUB_ETAG_TIMEOUT": 1,
            "HF_HUB_DOWNLOAD_TIMEOUT": 1,
        }
        for name, value in settings.items():
            monkeypatch.setattr(constants, name, value)
        without_waits = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
        monkeypatch.setattr("huggingface_hub.file_download.time", without_waits)  # between its attempts
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setenv("NO_PROXY", "*")
        huggingface_hub.close_session()
        yield server
        huggingface_hub.close_session()
