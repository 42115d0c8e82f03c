"""A submission that declares the closed division is held to it at every step, and is open where it is not."""

import json
import shutil
from pathlib import Path

import pytest
from fabricated_record import trained
from hub_server import HubServer
from raising import raises
from submissions.submitted import (
    COMMIT,
    MODEL,
    SUITE,
    Submitted,
    edit,
    faults,
    line_of,
    not_recorded,
    run_entry,
    submission_value,
    tiny_files,
    write,
)
from submissions.submitting import refused, seen, submit

from icl_bench.errors import CheckpointError, SpecError
from icl_bench.leaderboard import entries
from icl_bench.leaderboard.board_data import board_data
from icl_bench.leaderboard.entries import board_of, recorded_entries
from icl_bench.ranking import divisions
from icl_bench.records import store
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.specs.recipe import RECIPE_FILE, Recipe, load_recipe
from icl_bench.submissions import recorded
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.recorded import installed_submissions
from icl_bench.submissions.sandboxed import evaluate_run
from icl_bench.suites import Suite, catalogue, load_suite
from icl_bench.suites.recipes import suite_recipe

pytestmark = pytest.mark.slow

STATEMENT = "https://github.com/example/icl-bench/pull/7#issuecomment-42"
SEEDS = (0, 1, 2)


@pytest.fixture
def with_recipe(tiny: Suite, tmp_path, monkeypatch) -> Suite:
    """The tiny suite, with the recipe of mini-v1."""
    recipe = load_suite_recipe()
    shutil.copytree(tiny.folder, tmp_path / "tasks" / SUITE)
    text = dump_plain({"schema": 1, "default": recipe.to_dict(), "tasks": {}})
    (tmp_path / "tasks" / SUITE / RECIPE_FILE).write_text(text)
    monkeypatch.setattr(catalogue, "data_folder", lambda name: tmp_path / "tasks")
    return load_suite("tiny")


def load_suite_recipe() -> Recipe:
    folder = Path(__file__).resolve().parents[2] / "tasks/mini-v1"
    return load_recipe(folder / RECIPE_FILE, "linear_regression", ["linear_regression", *OTHERS])


OTHERS = ["sparse_linear_regression", "two_layer_mlp", "decision_tree", "sparse_parity", "vector_mqar"]


def by_recipe(suite: Suite, seed: int) -> dict:
    """What a checkpoint says that was trained by the suite's recipe, which ends at 5,000 steps."""
    recipe = suite_recipe(suite, "linear_regression")
    return trained(seed) | {"recipe": recipe.to_dict()}


@pytest.fixture
def closed(with_recipe: Suite, tmp_path) -> Submitted:
    """A submission of three seeds that declares it."""
    files = {
        seed: tiny_files(tmp_path / f"run-{seed}", seed, training=by_recipe(with_recipe, seed))
        for seed in SEEDS
    }
    runs = [run_entry(seed, files[seed], revision=f"{seed}a" * 20) for seed in SEEDS]
    value = submission_value(runs, division="closed")
    return Submitted(write(tmp_path / "submissions", value), value, files)


@pytest.fixture
def on_board(closed, with_recipe, tmp_path, monkeypatch) -> Submitted:
    """It with its results, recorded where the board looks for them."""
    closed.lay_out(tmp_path / "fetched")
    closed.evaluate(tmp_path / "fetched", tmp_path / "records", COMMIT)
    record_submission(closed.entry, tmp_path / "records", COMMIT)
    for module in (store, recorded):
        monkeypatch.setattr(module, "data_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(entries, "suite_models", lambda suite: [])
    return closed


def test_it_stands_in_its_division_and_is_confirmed_where_its_authors_say_so(on_board, with_recipe):
    on_board.change(lambda value: value.update(confirmed_by=STATEMENT))
    (entry,) = recorded_entries(with_recipe, installed_submissions())
    (row,) = board_data(board_of(with_recipe, [entry]), [entry]).models
    assert (row.division, row.state, row.submission.confirmed_by) == ("closed", "confirmed", STATEMENT)
    on_board.change(lambda value: value.update(division=None))
    (entry,) = recorded_entries(with_recipe, installed_submissions())
    assert entry.division == "open"  # where nothing is said
    on_board.change(lambda value: value["runs"][0].update(revision="f" * 40))
    (entry,) = recorded_entries(with_recipe, installed_submissions())
    (row,) = board_data(board_of(with_recipe, [entry]), [entry]).models
    assert row.state == "self-reported"  # a confirmation makes no result that cannot be computed again


def test_a_board_is_not_built_of_a_record_that_shows_otherwise(on_board, with_recipe):
    file = on_board.folder / f"results/{SUITE}-seed-1.json"
    edit(file, ("tasks", "vector_mqar", "checkpoint", "training", "recipe", "batch"), 128)
    naming = (
        "submission.yaml: division: closed",
        "seed 1",
        "tasks.vector_mqar",
        "batch=128",
        "division: open",
    )
    with raises(SpecError, "not-closed", naming=naming):
        recorded_entries(with_recipe, installed_submissions())


def test_runs_and_size_are_checked_before_anything_is_fetched(closed, monkeypatch):
    assert faults(closed.folder) == []
    closed.change(lambda value: value["runs"].pop())
    (fault,) = faults(closed.folder)
    assert f":{line_of(closed.folder, 'runs:')}: runs: linear_regression is trained 2 times" in fault
    assert "declare `division: open`" in fault
    closed.change(lambda value: value.update(division="open"))
    assert faults(closed.folder) == []


def test_a_spec_that_is_too_large_is_not_closed(closed, monkeypatch):
    monkeypatch.setattr(divisions.ClosedDivision, "_most_parameters", lambda self, task: 100)
    (fault,) = faults(closed.folder)
    assert f":{line_of(closed.folder, 'division:')}: spec has " in fault
    assert "at most 100; declare `division: open`" in fault


def test_one_checkpoint_for_all_tasks_is_not_closed(closed):
    """It would be trained by the recipe of one of them."""
    for run in closed.value["runs"]:
        run["files"] = {
            name.partition("/")[2]: digest
            for name, digest in run["files"].items()
            if name.startswith("linear")
        }
    closed.change(lambda value: None)
    (fault,) = faults(closed.folder)
    assert "runs: files at the root" in fault


def test_a_suite_without_a_recipe_is_open(closed, with_recipe):
    (with_recipe.folder / RECIPE_FILE).unlink()
    (fault,) = faults(closed.folder)
    assert "division: tiny-v1 has no recipe.yaml" in fault


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"division": "half"}, "division"),
        ({"confirmed_by": "https://example.org/we-agree"}, "confirmed_by"),
        ({"confirmed_by": "https://huggingface.co/other/model/discussions/3"}, "confirmed_by"),
        ({"confirmed_by": "https://github.com/example/icl-bench/pull/7"}, "confirmed_by"),
    ],
)
def test_what_is_no_division_and_no_statement_of_an_account_is_refused(closed, changes, named):
    closed.change(lambda value: value.update(changes))
    (fault,) = faults(closed.folder)
    assert f":{line_of(closed.folder, f'{named}:')}: {named}" in fault


@pytest.mark.parametrize("place", [STATEMENT, f"https://huggingface.co/{MODEL}/discussions/3"])
def test_a_comment_and_a_discussion_of_the_model_are_statements(closed, place):
    closed.change(lambda value: value.update(confirmed_by=place))
    assert faults(closed.folder) == []


def test_a_language_model_is_open(text_submitted):
    assert faults(text_submitted.folder) == []
    text_submitted.change(lambda value: value.update(division="closed"))
    (fault,) = faults(text_submitted.folder)
    assert f":{line_of(text_submitted.folder, 'division:')}: division: a language model" in fault


def otherwise(closed: Submitted) -> None:
    """Its seed 1 says of retrieval that it was trained with another batch."""
    config = "vector_mqar/config.json"
    value = json.loads(closed.files[1][config])
    value["training"]["recipe"]["batch"] = 128
    closed.add_run(1, "1a" * 20, closed.files[1] | {config: json.dumps(value).encode()})


def test_fetched_files_that_were_trained_otherwise_are_not_evaluated(closed, tmp_path):
    otherwise(closed)
    assert faults(closed.folder) == []
    closed.lay_out(tmp_path / "fetched")
    evaluate_run(closed.folder, f"{SUITE}-seed-0", tmp_path / "fetched" / f"{SUITE}-seed-0", None)
    naming = ("vector_mqar", "config.json", "training.recipe", "batch=128", "declare `division: open`")
    with raises(CheckpointError, "trained-otherwise", naming=naming):
        evaluate_run(closed.folder, f"{SUITE}-seed-1", tmp_path / "fetched" / f"{SUITE}-seed-1", None)


def test_a_record_that_says_otherwise_is_not_added(closed, tmp_path):
    closed.lay_out(tmp_path / "fetched")
    closed.evaluate(tmp_path / "fetched", tmp_path / "records")
    file = tmp_path / f"records/{SUITE}-seed-2.json"
    edit(file, ("tasks", "vector_mqar", "checkpoint", "training", "seed"), None)
    records, said = tmp_path / "records", ("training.seed", "declare `division: open`")
    not_recorded(closed, records, *said, code="trained-otherwise", commit=None)


@pytest.fixture
def on_hub(hub: HubServer, closed: Submitted) -> list[str]:
    """The names of its revisions on the Hub."""
    repo = hub.repo(MODEL, closed.files[0])
    names = [f"{MODEL}@{repo.refs['main']}"]
    for seed in SEEDS[1:]:
        names.append(f"{MODEL}@{repo.commit(closed.files[seed])}")
    (closed.folder / "submission.yaml").unlink()
    return names


@pytest.mark.usefixtures("in_tiny_folder")
def test_submit_writes_the_division_and_the_statement(on_hub, with_recipe, file):
    code, _, error = submit(*on_hub, "--division", "closed", "--confirmed-by", STATEMENT)
    assert code == 0, error
    submission = seen(file)
    assert (submission.division, submission.confirmed_by) == ("closed", STATEMENT)
    assert [run.seed for run in submission.runs] == list(SEEDS)
    submit(*on_hub, "--replace", "--description", "The same runs.")
    assert (seen(file).division, seen(file).confirmed_by) == ("closed", STATEMENT)
    refusal = refused(*on_hub[:2], "--replace")
    assert "declare `division: open`" in refusal
    assert submit(*on_hub[:2], "--replace", "--division", "open")[0] == 0
    assert (seen(file).division, seen(file).confirmed_by) == ("open", None)  # the authors saw other runs


@pytest.mark.usefixtures("in_tiny_folder")
def test_submit_refuses_a_run_that_was_trained_otherwise_before_it_is_evaluated(
    hub: HubServer, closed, on_hub, with_recipe, file, monkeypatch
):
    otherwise(closed)
    names = [on_hub[0], f"{MODEL}@{hub.repos[MODEL].commit(closed.files[1])}", on_hub[2]]
    file.unlink()
    refusal = refused(*names, "--division", "closed")
    assert "vector_mqar/config.json: training.recipe" in refusal
    assert not file.exists()
    assert not (Path("results")).exists()
