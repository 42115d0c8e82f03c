"""Records of one's own stand on a board among the references, marked as local, seeds pooled."""

import json
from pathlib import Path

import fabricated
import pytest
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import InputError, SpecError
from icl_bench.leaderboard.entries import local_entries
from icl_bench.leaderboard.write import gather_site, site_files
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["leaderboard", *arguments])
    return result.exit_code, result.stdout, result.stderr


def save(path, name: str, error: float, seed: int) -> str:
    record = fabricated.record(name, error, seed=seed)
    folder = record.model.model_copy(update={"kind": "folder", "id": f"runs/{name}/seed-{seed}"})
    record.model_copy(update={"model": folder}).save(path)
    return str(path)


@pytest.fixture
def files(tmp_path) -> list[str]:
    return [save(tmp_path / f"{seed}.json", "user/mine", 0.1 + 0.02 * seed, seed) for seed in range(2)]


def test_the_seeds_of_a_model_are_one_row_by_the_name_of_its_spec(files):
    options = [word for file in files for word in ("--record", file)]
    board = json.loads(invoke("show", "--json", *options)[1])
    (mine,) = [model for model in board["models"] if model["local"]]
    assert mine["name"] == f"{spec_name(files[0])} (local)"  # for reference/llama is shown as llama
    assert {scores["runs"] for scores in mine["tasks"].values()} == {2}
    assert (mine["state"], mine["division"]) == ("self-reported", "open")
    assert mine["mean"] is not None
    assert mine["unplaced"] == "a task has fewer than 3 training runs"
    (row,) = [line for line in invoke("show", *options)[1].splitlines() if " + " in line]
    assert mine["name"] in row


def spec_name(file: str) -> str:
    record = json.loads(Path(file).read_text())
    return next(task["checkpoint"]["spec"]["name"] for task in record["tasks"].values())


def test_a_name_that_is_taken_is_told_apart(tmp_path):
    suite = load_suite("mini")
    path = tmp_path / "record.json"
    record = fabricated.record("reference/gpt2", 0.2)
    record.save(path)
    from icl_bench.leaderboard.entries import recorded_entries

    (entry,) = local_entries([path], suite, recorded_entries(suite, []))
    assert (entry.name, entry.local) == ("reference/gpt2 (local)", True)


def test_one_run_twice_is_refused(files):
    code, _, message = invoke("show", "--record", files[0], "--record", files[0])
    assert code == 2
    assert "one training run" in message


def test_the_record_of_a_baseline_and_of_another_suite_are_refused(tmp_path):
    import icl_bench

    path = tmp_path / "ridge.json"
    icl_bench.evaluate("baseline/zero", "mini", "linear_regression").save(path)
    assert invoke("show", "--record", str(path))[0] == 2
    assert invoke("show", "--suite", "paper", "--record", str(path))[0] == 2


def test_the_site_has_a_page_of_it_that_says_it_is_local(files, monkeypatch):
    fabricated.show_only(monkeypatch, [])
    pages = {
        file.path: file.content
        for file in site_files(gather_site("https://x.example/", None, [Path(file) for file in files]))
    }
    name = spec_name(files[0])
    (page,) = [path for path in pages if f"models/{name}" in path and path.endswith(".html")]
    assert b"A local record" in pages[page]
    assert b'<span class="chip kind">local</span>' in pages["index.html"]


def test_models_of_one_name_that_are_made_otherwise_are_two_rows(tmp_path):
    paths = [tmp_path / f"{seed}.json" for seed in range(2)]
    for seed, path in enumerate(paths):
        save(path, "user/mine", 0.1 + 0.02 * seed, seed)
    other = json.loads(paths[1].read_text())
    for task in other["tasks"].values():
        task["checkpoint"]["training"]["recipe"] = {"steps": 7}
    paths[1].write_text(json.dumps(other))
    suite = load_suite("mini")
    assert [entry.name for entry in local_entries(paths, suite, [])] == ["llama", "llama (2)"]


def test_the_record_of_other_prompts_of_the_same_suite_name_is_refused(tmp_path):
    path = tmp_path / "record.json"
    fabricated.record("user/mine", 0.2).save(path)
    value = json.loads(path.read_text())
    value["suite"]["hash"] = "0" * 64
    path.write_text(json.dumps(value))
    with raises(InputError, "other-prompts", naming="mini-v1"):
        local_entries([path], load_suite("mini"), [])


def test_a_device_is_no_record():
    with raises(SpecError, "no-regular-file", naming="/dev/zero"):
        local_entries([Path("/dev/zero")], load_suite("mini"), [])
