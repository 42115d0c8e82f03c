"""Text in a table is shown as it is: names of models and tasks may read as numbers."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.display.text_table import text_table


@pytest.mark.parametrize("name", ["1e5", "007", "0x10", "1_000", "inf", "1.50"])
def test_a_name_that_reads_as_a_number_stays(name):
    mapping = text_table([{"model": name, "loss": 0.25}, {"model": "gpt2", "loss": None}], floatfmt=".4g")
    listed = text_table([[name, 0.25]], ("model", "loss"))
    for table in (mapping, listed):
        assert table.splitlines()[2].split() == [name, "0.25"]


def test_numbers_are_aligned_and_formatted():
    lines = text_table([{"steps": 5, "loss": 1234.5678}, {"steps": 2000, "loss": None}], floatfmt=".2f")
    assert [line.split() for line in lines.splitlines()[2:]] == [["5", "1234.57"], ["2000"]]
    assert lines.splitlines()[2].startswith("      5")


def test_a_sweep_lists_a_model_under_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = "{schema: 1, name: '1e5', width: 8, positions: none, stem: [], final_norm: rmsnorm"
    module = "{norm: rmsnorm, module: {type: swiglu, hidden: 8}}"
    Path("spec.yaml").write_text(f"{head}, layers: [{{repeat: 1, sublayers: [{module}]}}]}}")
    arguments = ["sweep", "mini", "--spec", "spec.yaml", "--task", "linear_regression", "--list"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    assert "\n1e5 " in done.stdout


def test_no_other_module_makes_tables():
    package = Path(icl_bench.__file__).parent
    users = [path.name for path in package.rglob("*.py") if "tabulate import" in path.read_text()]
    assert users == ["text_table.py"]
