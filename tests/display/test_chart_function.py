"""`icl_bench.chart`: records in memory and files, by names that stay apart."""

from pathlib import Path

import pytest
from fabricated_record import record
from raising import raises

import icl_bench
from icl_bench.errors import InputError

TASK = "mini/linear_regression"


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "csv"])
def test_a_picture_of_each_form(tmp_path: Path, ending: str) -> None:
    made, out = record("someone/model", 0.2), tmp_path / f"chart.{ending}"
    names = icl_bench.chart(TASK, out, made, baselines="zero")
    assert names == ["zero", "someone/model"]
    assert out.stat().st_size > 100


def test_records_and_files_of_one_model_are_one_curve(tmp_path: Path) -> None:
    made = [record("someone/model", 0.2, seed=seed) for seed in (0, 1)]
    made[1].save(tmp_path / "1.json")
    records = [made[0], tmp_path / "1.json", record("other/model", 0.1)]
    names = icl_bench.chart(TASK, tmp_path / "chart.csv", records, baselines=["zero"])
    assert names == ["zero", "someone/model", "other/model"]
    named = made[0].model_copy(update={"model": made[0].model.model_copy(update={"id": "zero"})})
    names = icl_bench.chart(TASK, tmp_path / "chart.csv", [named], baselines=["zero"])
    assert names == ["zero", "zero (local)"]
    with raises(InputError, "same-run", naming=tmp_path / "1.json"):
        icl_bench.chart(TASK, tmp_path / "chart.csv", [made[1], tmp_path / "1.json"])


def test_a_record_without_the_task_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    made = record("someone/model", 0.2, lacks={"linear_regression": "not trained on it"})
    with raises(InputError, "no-result-on-task", naming=("someone/model", "mini-v1/linear_regression")):
        icl_bench.chart(TASK, tmp_path / "chart.svg", made)
    with raises(InputError, "file-ending", naming=("chart.gif", ".svg, .png, .pdf, .csv")):
        icl_bench.chart(TASK, tmp_path / "chart.gif", made)
    assert list(tmp_path.iterdir()) == []
