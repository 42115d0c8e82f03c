"""Several seeds a side are pooled as on a board, and sides of one name are told apart by what differs."""

import json
from pathlib import Path

import fabricated
import numpy as np
import pytest
from models.small import small_model
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.cli.compare import _notes
from icl_bench.errors import InputError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.ranking.board import Board
from icl_bench.ranking.contenders import contender, distinct_names
from icl_bench.ranking.differences import GRADED, MEAN
from icl_bench.ranking.resampled import Contender
from icl_bench.specs.result import ResultRecord
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow


def of_folder(folder: str, share: float, seed: int = 0) -> ResultRecord:
    """A record of a folder with checkpoints of the spec `llama`."""
    record = fabricated.record(folder, share, seed=seed)
    return record.model_copy(
        update={"model": record.model.model_copy(update={"kind": "folder", "id": folder, "revision": None})}
    )


@pytest.fixture
def seeds(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{seed}.json" for seed in (0, 1, 2)]
    for seed, path in enumerate(paths):
        of_folder(f"runs/llama/seed-{seed}", 0.2 + 0.05 * seed, seed).save(path)
    return paths


def compared(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["compare", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_seeds_of_one_side_are_pooled_as_on_a_board(seeds):
    records = [icl_bench.load_record(path) for path in seeds]
    code, document, _ = compared(",".join(map(str, seeds)), "baseline/ridge", "--json")
    assert code == 0
    comparison = json.loads(document)
    assert (comparison["a"], comparison["runs"]) == ("llama", {"A": 3, "B": 1})
    assert comparison["trained_once"] == []
    (standing,) = Board(load_suite("mini"), [contender("llama", records)]).models
    *tasks, graded, mean = comparison["differences"]
    assert {row["task"]: row["gain_a"] for row in tasks} == pytest.approx(
        {task: estimate.value for task, estimate in standing.estimates["gain"].items()}
    )
    assert (graded["task"], mean["task"]) == (GRADED, MEAN)
    assert graded["gain_a"] == pytest.approx(standing.graded.value)
    assert mean["gain_a"] == pytest.approx(standing.mean.value)
    from_python = icl_bench.compare([records[0], *seeds[1:]], "baseline/ridge")
    assert from_python.to_dict() == comparison
    alone = icl_bench.compare(records[0], "baseline/ridge")
    assert alone.a == "llama"
    assert "A is the mean of 3 training runs" in compared(",".join(map(str, seeds)), "baseline/ridge")[1]


def test_a_side_says_how_many_runs_its_tasks_have_at_least(seeds):
    *whole, last = (icl_bench.load_record(path) for path in seeds)
    part = last.model_copy(update={"tasks": dict(list(last.tasks.items())[1:])})
    comparison = icl_bench.compare([*whole, part], "baseline/ridge")
    assert (comparison.fewest_runs["A"], comparison.runs["A"]) == (2, 3)
    assert "A is the mean of 2 to 3 training runs" in list(_notes(comparison))


def test_sides_of_one_model_are_called_by_their_seeds(seeds):
    assert compared(str(seeds[0]), str(seeds[1]))[1].startswith("A = llama (seed 0), B = llama (seed 1), on ")
    comparison = icl_bench.compare(seeds[0], seeds[1:])
    assert (comparison.a, comparison.b) == ("llama (seed 0)", "llama (seeds 1, 2)")


@pytest.mark.parametrize(
    ("sources", "marks"),
    [
        (["runs/adam/llama/seed-0", "runs/muon/llama/seed-0"], ["adam", "muon"]),
        (["results/one.json", "results/two.json"], ["one", "two"]),
        (["runs/llama", "runs/llama/seed-0"], ["runs/llama", "runs/llama/seed-0"]),
        (["a/b/c/x", "a/d/e/x"], ["b/c", "d/e"]),
    ],
)
def test_models_of_one_name_and_seed_are_called_by_what_differs_in_their_paths(sources, marks):
    models = [Contender("llama", {"t": {0: np.ones(2)}})] * 2
    assert distinct_names(models, sources) == [f"llama ({mark})" for mark in marks]
    assert distinct_names(models, ["same", "same"]) == ["llama", "llama"]


def test_what_cannot_be_pooled_is_one_line(seeds, tmp_path):
    fabricated.record("user/other", 0.3).save(tmp_path / "other.json")
    for side, code, naming in [
        ([seeds[0], tmp_path / "other.json"], "several-models", ("llama", "user/other")),
        ([seeds[0], seeds[0]], "same-run", seeds[0]),
        ([seeds[0], "reference/gpt2"], "no-record", "reference/gpt2"),
        ([], "no-record", ()),
    ]:
        with raises(InputError, code, naming=naming):
            icl_bench.compare(side, "baseline/ridge")


def test_tasks_that_one_side_lacks_are_named(seeds, tmp_path):
    lacks = {"sparse_parity": "no checkpoint", "vector_mqar": "no checkpoint"}
    fabricated.record("user/other", 0.3, lacks=lacks).save(tmp_path / "other.json")
    printed = compared(str(seeds[0]), str(tmp_path / "other.json"))[1]
    assert "B has no result on sparse_parity, vector_mqar: left out" in printed
    assert "A has no result" not in printed
    comparison = icl_bench.compare(seeds[0], tmp_path / "other.json")
    assert comparison.lacking == {"A": [], "B": list(lacks)}
    assert [row.task for row in comparison.differences][-1] == GRADED  # both have every graded task
    assert len(comparison.differences) == 5
    printed = compared(*[str(tmp_path / "other.json")] * 2, "--task", "linear_regression,vector_mqar")[1]
    assert "A and B have no result on vector_mqar: left out" in printed


def test_a_python_object_is_not_said_to_be_trained(seeds, tmp_path):
    record = icl_bench.evaluate(lambda xs, ys: 0 * ys, tasks="linear_regression", name="nothing")
    record.save(tmp_path / "nothing.json")
    printed = compared(str(tmp_path / "nothing.json"), "baseline/ridge", "--task", "linear_regression")[1]
    assert "one training run" not in printed
    assert "A is a Python object: if it was trained," in printed
    comparison = icl_bench.compare(record, seeds[0], tasks="linear_regression")
    assert (comparison.trained_once, comparison.perhaps_trained_once) == (["B"], ["A"])


def test_a_folder_of_seeds_is_evaluated_and_pooled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):
        save_checkpoint(small_model(d=5, seed=seed), tmp_path / f"runs/small/seed-{seed}/linear_regression")
    records = [icl_bench.evaluate(f"runs/small/seed-{k}", tasks="linear_regression") for k in (0, 1)]
    of_folders, of_records = (
        icl_bench.compare(side, "baseline/ridge", tasks="linear_regression")
        for side in ("runs/small", records)
    )
    assert of_folders == of_records
    assert (of_folders.a, of_folders.runs["A"]) == ("small", 2)
    comparison = icl_bench.compare("runs/small/seed-0", "runs/small/seed-1/", tasks="linear_regression")
    assert (comparison.a, comparison.b) == ("small (seed 0)", "small (seed 1)")
    with raises(InputError, "several-seeds", naming=("seed-0, seed-1", "runs/small/seed-0")):
        icl_bench.evaluate("runs/small")
