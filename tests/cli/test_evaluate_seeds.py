"""`evaluate` of a folder of seeds, and where records go when their place is taken or full."""

import errno
import json
import os
from pathlib import Path

import pytest
from models.small import small_model
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.cli.evaluate_seeds import evaluate_seeds
from icl_bench.display.table import score_bar
from icl_bench.errors import InputError
from icl_bench.evaluation.seeds import open_seeds
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.ranking.board import Board
from icl_bench.ranking.contenders import contender
from icl_bench.records import keep
from icl_bench.records.read import load_record
from icl_bench.specs.run_names import model_of_folder, seed_folders
from icl_bench.views.cells import format_estimate

pytestmark = pytest.mark.slow

MODEL = "runs/tiny-v1/my-model"
SIZES = {"linear_regression": (3, 1), "vector_mqar": (2, 2)}  # d and k in tiny-v1


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def checkpoint(folder: str, task: str = "linear_regression", seed: int = 0, **changes) -> None:
    d, k = SIZES[task]
    model = small_model(f"tiny-v1/{task}", d, k, seed=seed, name="my-model", **changes)
    save_checkpoint(model, Path(folder) / task)


@pytest.fixture
def trained(tiny) -> str:
    """A folder of three seeds: the second lacks a task, the third is not trained yet."""
    for seed in (0, 1):
        checkpoint(f"{MODEL}/seed-{seed}", seed=seed)
    checkpoint(f"{MODEL}/seed-0", "vector_mqar")
    Path(MODEL, "seed-2").mkdir()
    return MODEL


def run(*arguments: str):
    return CliRunner().invoke(app, ["evaluate", *arguments, "--suite", "tiny"])


def evaluated_into(model: str, output: str) -> None:
    suite = icl_bench.load_suite("tiny")
    evaluate_seeds(model, suite, list(suite.tasks), None, None, Path(output), None, False)


def test_every_seed_is_evaluated_and_the_table_is_that_of_a_board(trained, tiny):
    done = run(f"{trained}/")
    assert done.exit_code == 0, done.stderr
    paths = [Path(f"results/my-model-tiny-v1-seed-{seed}.json") for seed in (0, 1)]
    assert sorted(Path("results").iterdir()) == paths
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"record of seed {seed}: {path}" for seed, path in enumerate(paths)]
    assert "my-model on tiny-v1, 2 seeds, 96 prompts a task" in lines
    records = [load_record(path) for path in paths]
    assert records[1].model.id == f"{trained}/seed-1"
    (standing,) = Board(tiny, [contender("my-model", records)]).models
    (row,) = [line for line in lines if line.startswith("linear_regression ")]
    error = sum(record.tasks["linear_regression"].mean_error.value for record in records) / 2
    score = standing.scores["linear_regression"]
    assert row.split()[:3] == ["linear_regression", "2", f"{error:.4g}"]
    assert format_estimate(score) in row
    assert score_bar(score.value) in row
    (row,) = [line for line in lines if line.startswith("vector_mqar ")]
    assert row.split()[1] == "1"
    assert "seed 1: not evaluated: vector_mqar (has no checkpoint for it)" in lines
    assert "seeds 0, 1: not evaluated: sparse_parity, decision_tree (has no checkpoint for it)" in lines
    assert f"seed 2 is left out: {trained}/seed-2 holds no checkpoint" in lines


def test_json_is_a_list_of_the_records_and_the_output_a_folder(trained):
    done = run(trained, "--json", "--output", "out", "--task", "linear_regression")
    assert done.exit_code == 0, done.stderr
    names = [f"my-model-tiny-v1-linear_regression-seed-{seed}.json" for seed in (0, 1)]
    assert sorted(os.listdir("out")) == names
    assert json.loads(done.stdout) == [json.loads(Path("out", name).read_text()) for name in names]
    assert [f"record of seed {seed}: out/{name}" in done.stderr for seed, name in enumerate(names)] == [
        True
    ] * 2


def test_a_file_for_several_records_is_refused_before_the_work(trained):
    Path("taken").touch()
    for output in ("out.json", "taken"):
        done = run(trained, "--output", output)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"--output {output} is a file" in done.stderr
        with raises(InputError, "output-of-seeds", naming=output):
            evaluated_into(trained, output)


def test_a_quick_look_writes_nothing_and_says_that_it_is_one(trained):
    done = run(trained, "--limit", "32")
    assert done.exit_code == 0, done.stderr
    assert "a quick look at 32 of 96 prompts: not a board's number" in done.stdout
    assert not Path("results").exists()


def test_seeds_with_nothing_to_evaluate_are_one_line(trained, tiny):
    with raises(InputError, "no-seed", naming=trained):
        open_seeds(trained, tiny, ["sparse_parity"])
    checkpoint(f"{trained}/seed-1", "vector_mqar", width=16)
    Path(trained, "seed-1/vector_mqar/model.safetensors").unlink()
    assert run(trained).exit_code == 2
    assert not Path("results").exists()


def test_one_run_in_two_folders_is_noticed(trained):
    checkpoint(f"{trained}/seed-1", seed=0)
    done = run(trained, "--task", "linear_regression")
    assert done.exit_code == 2
    assert "one training run; give it once" in done.stderr


def test_folders_of_seeds(tmp_path):
    for name in ("seed-0", "seed-10", "seed-2", "seed-01", "seed-x"):
        (tmp_path / "m" / name).mkdir(parents=True)
    (tmp_path / "m/seed-7").touch()
    assert list(seed_folders(tmp_path / "m")) == [0, 2, 10]
    (tmp_path / "m/linear_regression").mkdir()
    (tmp_path / "m/linear_regression/config.json").touch()
    assert seed_folders(tmp_path / "m") == {}
    assert seed_folders(tmp_path / "nothing") == {}
    names = ["runs/mini-v1/gru/seed-3", "runs/mini-v1/gru/", "gru"]
    assert [model_of_folder(name) for name in names] == ["gru"] * 3


def test_a_task_that_is_trained_later_joins_the_record(trained):
    folder, path = f"{trained}/seed-1", "results/runs__tiny-v1__my-model__seed-1-tiny-v1.json"
    assert run(folder).stdout.endswith(f"\nrecord: {path}\n")
    checkpoint(folder, "vector_mqar", seed=1)
    assert run(folder).stdout.endswith(f"\nrecord: {path}\n")
    assert list(load_record(path).tasks) == ["linear_regression", "vector_mqar"]
    checkpoint(folder, seed=5)
    again = run(folder)
    assert again.exit_code == 0
    beside = path.replace(".json", "-2.json")
    assert again.stdout.endswith(f"\nrecord: {beside} (beside {path}, another result)\n")
    assert list(load_record(path).tasks) == ["linear_regression", "vector_mqar"]
    assert load_record(path) != load_record(beside)


def test_a_full_disk_costs_no_evaluation(trained, tmp_path, monkeypatch):
    spare, replace = tmp_path / "spare", os.replace
    spare.mkdir()

    def full(source, target):
        if Path(target).parent.name == "results":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(keep.tempfile, "gettempdir", lambda: str(spare))
    done = run("baseline/ridge", "--task", "linear_regression")
    assert done.exit_code == 2
    assert "baseline/ridge on tiny-v1, 96 prompts a task" in done.stdout
    assert "record: " not in done.stdout
    kept = spare / "baseline__ridge-tiny-v1-linear_regression.json"
    score = load_record(kept).tasks["linear_regression"].score
    assert format_estimate(score) in done.stdout
    error = done.stderr.splitlines()[-1]
    assert all(text in error for text in ("cannot write results/", "No space left on device", f"in {kept}"))

    seeds = run(trained, "--task", "linear_regression")
    assert (seeds.exit_code, "my-model on tiny-v1, 2 seeds" in seeds.stdout) == (2, True)
    assert len(list(spare.glob("my-model-*-seed-?.json"))) == 2
