"""What several verbs are tried on."""

from pathlib import Path

import pytest
from small_suite import tasks_folder, tiny  # noqa: F401


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The file of a spec so small that a step takes milliseconds."""
    path = tmp_path / "tiny.yaml"
    attention = "{type: attention, heads: 1, positions: rope, bias: false}"
    layers = f"[{{repeat: 1, sublayers: [{{norm: rmsnorm, module: {attention}}}]}}]"
    head = "schema: 1, name: tiny, width: 16, positions: none, stem: [], final_norm: rmsnorm"
    path.write_text(f"{{{head}, layers: {layers}}}")
    return path
