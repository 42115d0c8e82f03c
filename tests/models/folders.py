"""Spoiling a checkpoint folder, and the one line that it is then refused with."""

import json
from pathlib import Path

from raising import raises

from icl_bench.errors import CheckpointError
from icl_bench.models.model import load_checkpoint

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1234\n"


def refused(folder: Path, code: str | None, *naming: object) -> str:
    """The one line that the folder is refused with; it holds all of `naming`."""
    with raises(CheckpointError, code, naming=naming) as caught:
        load_checkpoint(folder)
    message = str(caught.value)
    assert len(message) < 1_000
    return message


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
