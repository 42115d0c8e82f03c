"""The Hub as a process of its own sees it: the environment it reads, the progress it shows."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hub_server import HubServer
from models.repositories import NAME

pytestmark = pytest.mark.slow


def fetch_elsewhere(hub: HubServer, home: Path, stderr: int, offline: str = "0") -> str:
    """The folder that another process fetches to."""
    code = f"from icl_bench.models.hub import fetch; print(fetch({NAME!r}, ['linear_regression']).folder)"
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": offline, "NO_PROXY": "*"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment | {"HF_HUB_DISABLE_XET": "1"},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
    ).stdout


def test_the_environment_is_honoured(hub: HubServer, root, tmp_path):
    """HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE, as a user sets them; nothing is drawn but on a terminal."""
    hub.repo(NAME, root)
    for offline in ("0", "1"):
        with (tmp_path / "stderr").open("w+") as stderr:
            folder = fetch_elsewhere(hub, tmp_path / "home", stderr.fileno(), offline)
        assert folder.startswith(str(tmp_path / "home/hub/models--someone--model/snapshots"))
        assert (tmp_path / "stderr").read_text() == ""


def test_progress_is_shown_on_a_terminal(hub: HubServer, root, tmp_path):
    hub.repo(NAME, root)
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    try:
        fetch_elsewhere(hub, tmp_path / "home", terminal)
        assert b"model.safetensors: 100%" in os.read(reader, 100_000)
    finally:
        os.close(terminal)
        os.close(reader)
