"""What several verbs are tried on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_suite import tasks_folder, tiny  # noqa: F401


def write_spec(path: Path) -> Path:
    """The file of a spec so small that a step takes milliseconds."""
    attention = "{type: attention, heads: 1, positions: rope, bias: false}"
    layers = f"[{{repeat: 1, sublayers: [{{norm: rmsnorm, module: {attention}}}]}}]"
    head = "schema: 1, name: tiny, width: 16, positions: none, stem: [], final_norm: rmsnorm"
    path.write_text(f"{{{head}, layers: {layers}}}")
    return path


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The same in the test's folder."""
    return write_spec(tmp_path / "tiny.yaml")


@pytest.fixture(scope="session")
def kept_machine_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kernels that are compiled and kept before runs are compared to the bit.

    A process that compiles a kernel itself rounds otherwise than one that reads it from where it is kept: the
    first run of all is not the same to the bit as a later one.
    """
    folder = tmp_path_factory.mktemp("kernels")
    path = write_spec(folder / "tiny.yaml")
    command = [
        sys.executable,
        "-m",
        "icl_bench",
        "train",
        str(path),
        "mini/linear_regression",
        "--steps",
        "2",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([*command, "--out", "run"], cwd=folder, env=environment, capture_output=True, check=True)
