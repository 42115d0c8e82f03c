"""A Slurm for the tests of jobs, and a model that trains in no time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_cluster import SlurmCluster, Verb, missing_programs, slurm_cluster

from icl_bench.cli import app


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """A cluster of one node; skipped where Slurm is not installed."""
    if missing := missing_programs():
        pytest.skip(f"no {', '.join(missing)} here: apt-get install slurm-wlm munge")
    with slurm_cluster() as cluster:
        yield cluster


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The file of a spec so small that a step takes milliseconds."""
    path = tmp_path / "tiny.yaml"
    attention = "{type: attention, heads: 1, positions: rope, bias: false}"
    layers = f"[{{repeat: 1, sublayers: [{{norm: rmsnorm, module: {attention}}}]}}]"
    head = "schema: 1, name: tiny, width: 16, positions: none, stem: [], final_norm: rmsnorm"
    path.write_text(f"{{{head}, layers: {layers}}}")
    return path


@pytest.fixture
def verb(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Runs verbs in an empty folder, as a user of the cluster."""
    monkeypatch.chdir(tmp_path)
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app(list(arguments))
        printed = capsys.readouterr()
        assert ended.value.code == code, printed.err
        return printed.out if code == 0 else printed.err

    return run
