"""The rows of a board are reproduced from the weights that are found, and the others are named."""

from pathlib import Path

import pytest
from models.conftest import hub  # noqa: F401
from raising import raises
from submissions.submitted import tiny_files
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.records import reproduce as reproduce_module
from icl_bench.records import store
from icl_bench.records.reproduce import board_row, reproduce
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import folder_name

MODEL = "someone/model"
TASK = "linear_regression"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def board(tiny, tmp_path, monkeypatch) -> Path:
    """The folder of what is recorded, and a working directory beside it."""
    monkeypatch.setattr(store, "data_folder", lambda name: tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "submissions"


def recorded(board: Path, record: ResultRecord, seed: int) -> None:
    record.save(board / folder_name(MODEL) / "results" / f"tiny-v1-seed-{seed}.json")


def test_a_submission_is_reproduced_from_the_hub_at_the_recorded_commit(board, tiny, hub, tmp_path):  # noqa: F811
    repo = hub.repo(MODEL, tiny_files(tmp_path / "first"))
    record = icl_bench.evaluate(MODEL, "tiny")
    recorded(board, record, 0)
    repo.commit(tiny_files(tmp_path / "second", seed=1))
    assert record.model.revision != repo.refs["main"]
    code, output, _ = run("reproduce", MODEL, "--suite", "tiny")
    assert (code, "1 of 1 seeds hold, 0 not evaluated" in output) == (0, True)
    forged = record.model.model_copy(update={"revision": repo.refs["main"]})
    recorded(board, record.model_copy(update={"model": forged}), 0)
    code, output, _ = run("reproduce", MODEL, "--suite", "tiny")
    assert (code, "does not hold: the record of seed 0: tasks." in output) == (1, True)


def test_seeds_without_weights_are_reported_and_the_others_reproduced(board, tiny, hub, tmp_path):  # noqa: F811
    repo = hub.repo(MODEL, tiny_files(tmp_path / "first"))
    record = icl_bench.evaluate(MODEL, "tiny")
    gone = record.model.model_copy(update={"revision": "e5" * 20})
    recorded(board, record, 0)
    recorded(board, record.model_copy(update={"model": gone}), 1)
    code, output, _ = run("reproduce", MODEL, "--suite", "tiny")
    assert code == 0
    assert f"not evaluated: {hub.url}/{MODEL} has no revision" in output
    assert "1 of 2 seeds hold, 1 not evaluated" in output
    repo.private = True
    (board / folder_name(MODEL) / "results" / "tiny-v1-seed-0.json").unlink()
    code, _, error = run("reproduce", MODEL, "--suite", "tiny")
    assert code == 2
    assert f"no weights available for {MODEL}; there is no model {hub.url}/{MODEL}" in error


def test_a_reference_is_reproduced_from_its_runs_where_they_are(board, tiny, tmp_path):
    runs = tmp_path / "runs/tiny-v1/tiny/seed-3"
    tiny_files(runs, seed=3)
    record = icl_bench.evaluate(str(runs), "tiny")
    path = tmp_path / "submissions/reference/tiny/results/tiny-v1-seed-3.json"
    record.save(path)
    (row,) = board_row("reference/tiny", tiny)
    assert (row.seed, row.models) == (3, ["runs/tiny-v1/tiny/seed-3", "reference/tiny"])
    assert reproduce(row).holds


def test_a_seed_of_which_some_weights_are_kept_is_reproduced_in_part(board, tiny, tmp_path):
    runs = tmp_path / "runs/tiny-v1/tiny/seed-3"
    tiny_files(runs, seed=3)
    record = icl_bench.evaluate(str(runs), "tiny")
    record.save(tmp_path / "submissions/reference/tiny/results/tiny-v1-seed-3.json")
    first, *gone = record.tasks
    for task in gone:
        (runs / task / "model.safetensors").unlink()
    code, output, _ = run("reproduce", "reference/tiny", "--suite", "tiny")
    assert code == 0
    results = f"; of their {len(record.tasks)} results {len(gone)} not"
    assert output.rstrip().endswith(f"1 of 1 seeds hold, 0 not evaluated{results}")
    assert gone
    for task in gone:
        digest = record.tasks[task].checkpoint.sha256
        assert f"OMP_NUM_THREADS=1 icl-bench train reference/tiny tiny-v1/{task} --seed 3 --half" in output
        assert digest in output
    assert record.tasks[first].checkpoint.sha256 not in output


def test_a_seed_of_which_no_weights_are_kept_is_told_how_to_train_them(board, tiny, tmp_path):
    folder = tmp_path / "elsewhere"
    tiny_files(folder, seed=3)
    record = icl_bench.evaluate(str(folder), "tiny")
    record.save(tmp_path / "submissions/reference/tiny/results/tiny-v1-seed-3.json")
    code, output, _ = run("reproduce", "reference/tiny", "--suite", "tiny")
    assert code == 2
    for task, result in record.tasks.items():
        assert f"icl-bench train reference/tiny tiny-v1/{task} --seed 3 --half" in output
        assert result.checkpoint.sha256 in output


def test_what_a_gpu_trained_is_trained_on_one_again(board, tiny, tmp_path):
    runs = tmp_path / "runs/tiny-v1/tiny/seed-3"
    tiny_files(runs, seed=3)
    record = icl_bench.evaluate(str(runs), "tiny")
    gone = list(record.tasks)[1]
    (runs / gone / "model.safetensors").unlink()
    checkpoint = record.tasks[gone].checkpoint
    for device, words in (("cpu", "--half  #"), ("cuda", "--half --device cuda  #")):
        platform = {"device": device, "processor": f"a {device}", "torch": "2.1"}
        code = {"version": "9.9", "commit": "c0ffee"}
        training = (checkpoint.training or {}) | {"environment": platform, "code": code}
        changed = checkpoint.model_copy(update={"training": training})
        result = record.tasks[gone].model_copy(update={"checkpoint": changed})
        tasks = record.tasks | {gone: result}
        recorded_of_device = record.model_copy(update={"tasks": tasks})
        recorded_of_device.save(tmp_path / "submissions/reference/tiny/results/tiny-v1-seed-3.json")
        output = run("reproduce", "reference/tiny", "--suite", "tiny")[1]
        assert words in output
        assert f"(a {device}, torch 2.1, icl-bench 9.9 (c0ffee))\n" in output


def test_a_name_without_a_row_is_reported(board, tiny, monkeypatch):
    for name in ("someone/else", "x", "../../etc"):
        with raises(
            InputError, "nothing-recorded", naming=(name, "`icl-bench leaderboard show --suite tiny-v1`")
        ):
            board_row(name, tiny)
    monkeypatch.setattr(reproduce_module, "in_a_checkout", lambda: False)
    with raises(InputError, "not-a-checkout", naming=MODEL):
        board_row(MODEL, tiny)
    with raises(InputError, "no-weights", naming="`icl-bench baselines verify tiny-v1`"):
        board_row("baseline/ridge", tiny)
