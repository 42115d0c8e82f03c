"""Training gives the same bits whether a process compiles the kernels, loads them, or cannot keep them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TRAIN = "from icl_bench.cli import app; app()"
NO_PLACE = f"import icl_bench.compiled as c; c._OptionalCache.__init__ = lambda *_: open(''); {TRAIN}"
# of widths that do not fill a vector, where products are summed in branches of their own
MODULES = (
    "{type: attention, heads: 1, positions: rope, bias: false}",
    "{type: swiglu, hidden: 24}",
    "{type: mamba, expand: 2, state: 4, conv: 2}",
)


def train(code: str, out: str, cwd: Path) -> bytes:
    """The weights of a few steps by a process whose kernels are kept in cwd's folder `kernels`."""
    arguments = ["train", "spec.yaml", "mini/linear_regression", "--steps", "5", "--quiet", "--out", out]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(cwd / "kernels")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (cwd / out / "model.safetensors").read_bytes()


def kept(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("kernels/**/*.nbc")}


def test_a_process_that_compiles_rounds_as_those_that_load(tmp_path: Path) -> None:
    head = "schema: 1, name: tiny, width: 24, positions: none, stem: [], final_norm: rmsnorm"
    sublayers = ", ".join(f"{{norm: rmsnorm, module: {module}}}" for module in MODULES)
    (tmp_path / "spec.yaml").write_text(f"{{{head}, layers: [{{repeat: 1, sublayers: [{sublayers}]}}]}}")
    unkept = train(NO_PLACE, "unkept", tmp_path)
    assert not kept(tmp_path)
    compiled = train(TRAIN, "compiled", tmp_path)
    files = kept(tmp_path)
    assert files
    loaded = train(TRAIN, "loaded", tmp_path)
    assert kept(tmp_path) == files
    assert compiled == loaded
    assert unkept == loaded
