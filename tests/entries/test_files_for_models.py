"""A file in the place of a model is answered with what to do, and is never run."""

from pathlib import Path

import pytest
from raising import raises

import icl_bench
from icl_bench.errors import InputError


def test_python_is_not_run(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with raises(InputError, "python-file", naming=("model.py", "icl_bench.evaluate(f, name=...)")):
        icl_bench.evaluate(path, tasks="linear_regression")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("record.json", "--record"), ("spec.yaml", "icl-bench train"), ("model.safetensors", "folder")],
)
def test_other_files_say_what_they_are_for(tmp_path: Path, name: str, remedy: str):
    (tmp_path / name).write_text("")
    with raises(InputError, "file-for-model", naming=(name, remedy)):
        icl_bench.evaluate(tmp_path / name, tasks="linear_regression")
