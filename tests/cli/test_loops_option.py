"""`--loops` of the verbs that open a model, on a folder whose layers are looped."""

import json
from pathlib import Path

import numpy as np
import pytest
from models.small import saved, small_model, small_spec
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.records.read import load_record

pytestmark = pytest.mark.slow

TASK = ["--suite", "tiny", "--task", "linear_regression"]
RECORD = "results/runs__mine-loops=8-tiny-v1-linear_regression.json"


@pytest.fixture(autouse=True)
def _a_looped_folder(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers = [{"sublayers": small_spec()["layers"][0]["sublayers"], "loop": 3, "inject": True}]
    model = small_model("tiny-v1/linear_regression", 3, 1, layers=layers)
    saved(Path("runs/mine/linear_regression"), model)
    saved(Path("runs/seeds/seed-0/linear_regression"), model)


def run(*arguments: str, exit_code: int = 0):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == exit_code, done.output
    return done


def test_a_table_and_a_record_of_so_many_loops():
    done = run("evaluate", "runs/mine", "--loops", "8", *TASK)
    assert done.stdout.startswith("runs/mine:loops=8 on tiny-v1, 96 prompts a task\n")
    assert f"record: {RECORD}" in done.stdout
    record = load_record(Path(RECORD))
    assert record.tasks["linear_regression"].checkpoint.spec["layers"][0]["loop"] == 8
    run("verify", RECORD)
    run("evaluate", "runs/mine:loops=8", *TASK)
    assert [str(path) for path in Path("results").iterdir()] == [RECORD]


def test_json():
    documents = {
        loops: json.loads(run("evaluate", "runs/mine", *loops, *TASK, "--json", "-o", "r.json").stdout)
        for loops in ((), ("--loops", "3"), ("--loops", "8"))
    }
    ids = [document["model"]["id"] for document in documents.values()]
    assert ids == ["runs/mine", "runs/mine:loops=3", "runs/mine:loops=8"]
    own, same, more = (document["tasks"]["linear_regression"] for document in documents.values())
    assert own["prompt_errors"] == same["prompt_errors"] != more["prompt_errors"]
    for key in ("sha256", "parameters", "training"):
        assert own["checkpoint"][key] == more["checkpoint"][key]


def test_a_folder_of_seeds():
    done = run("evaluate", "runs/seeds", "--loops", "8", *TASK)
    assert "small:loops=8 on tiny-v1, 1 seed" in done.stdout
    assert Path("results/seeds-loops=8-tiny-v1-linear_regression-seed-0.json").is_file()


@pytest.mark.parametrize("loops", ["0", "-3", "10000"])
def test_a_number_that_no_model_can_have(loops):
    done = run("evaluate", "runs/mine", "--loops", loops, *TASK, exit_code=2)
    (line,) = done.stderr.strip().splitlines()
    assert loops in line
    assert "256" in line
    assert not Path("results").exists()


def test_predictions_and_probes_of_so_many_loops():
    for loops in ((), ("--loops", "8")):
        run("predict", "runs/mine", "tiny/linear_regression", f"{len(loops)}.npz", *loops)
    own, more = (np.load(f"{count}.npz")["predictions"] for count in (0, 2))
    assert not np.allclose(own, more)
    options = ["--probe", "gd_similarity", "--loops", "2", "--json"]
    record = json.loads(run("probe", "runs/mine", *TASK, *options).stdout)
    assert record["model"]["id"] == "runs/mine:loops=2"
    assert record["findings"]["gd_similarity"]["linear_regression"]["x"] == [1.0, 2.0]


def test_what_so_many_loops_cost():
    own, more = (
        json.loads(run("models", "show", name, "--suite", "tiny", "--json").stdout)["tasks"][
            "linear_regression"
        ]
        for name in ("runs/mine", "runs/mine:loops=6")
    )
    assert own["parameters"] == more["parameters"]
    assert more["state_per_token"] == 2 * own["state_per_token"]
    assert own["flops"] < more["flops"] < 2 * own["flops"]
