"""`icl-bench models card` and `push`: the card's files, and the one commit that reaches the Hub."""

from pathlib import Path

import pytest
import yaml
from hub_repository import GOOD_TOKEN
from hub_server import HubServer
from huggingface_hub import ModelCard
from models.repositories import CONFIG, NAME, WEIGHTS
from models.small import files_of, saved, small_model
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.models.model import ICLModel
from icl_bench.scoring.metric import metrics

DATASET = ("--dataset", f"org/prompts@{'c0' * 20}")
CARD, ENTRIES = "README.md", ".eval_results/icl-bench-mini-v1.yaml"
# the client's own upload still calls httpx in a way that httpx has renamed
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["models", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def model(tmp_path) -> Path:
    """The folder of a checkpoint, with what training leaves beside it."""
    saved(tmp_path / "model", small_model("mini-v1/linear_regression", 5))
    (tmp_path / "model/state.pt").write_bytes(b"\x80")
    return tmp_path / "model"


@pytest.fixture
def record(model) -> Path:
    path = model.parent / "record.json"
    icl_bench.evaluate(model, tasks=["linear_regression"]).save(path)
    return path


@pytest.fixture
def pushed(hub: HubServer, monkeypatch):
    """The files at the head of a repository, for a user who is logged in."""
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)

    def files(name: str = NAME) -> dict[str, bytes]:
        repo = hub.repos[name]
        return repo.commits[repo.refs["main"]]

    return files


def test_a_card_lies_in_the_folder_and_is_pushed_as_it_is(model, record, pushed):
    code, stdout, stderr = run(
        "card", model, "--record", record, "--name", NAME, "--licence", "MIT", *DATASET
    )
    assert (code, stderr) == (0, "")
    assert stdout.splitlines() == [f"wrote {model / CARD}", f"wrote {model / ENTRIES}"]
    code, stdout, stderr = run("push", model, NAME)
    assert (code, stderr) == (0, "")
    assert stdout.splitlines()[-1] == f"score it with: icl-bench evaluate {NAME}"
    expected = files_of(model)
    del expected["state.pt"]
    assert pushed() == expected
    assert set(expected) == {CARD, ENTRIES, CONFIG, WEIGHTS}
    assert ModelCard(expected[CARD].decode()).data.license == "mit"
    assert ICLModel.from_pretrained(NAME).task == "mini-v1/linear_regression"


def test_a_card_is_made_on_the_way(model, record, pushed, hub: HubServer):
    before = files_of(model)
    code, stdout, _ = run(
        "push", model, NAME, "--record", record, "--licence", "apache-2.0", "--private", *DATASET
    )
    assert (code, hub.repos[NAME].private) == (0, True)
    assert stdout.splitlines()[0] == f"{hub.url}/{NAME}/commit/{hub.repos[NAME].refs['main']}"
    assert set(pushed()) == {CARD, ENTRIES, CONFIG, WEIGHTS}
    data = ModelCard(pushed()[CARD].decode()).data
    expected = metrics(icl_bench.load_suite("mini").tasks["linear_regression"])
    assert (data.model_name, data.license) == (NAME, "apache-2.0")
    assert {result.metric_type for result in data.eval_results} == {
        metric.hub_type for metric in expected.values()
    }
    assert yaml.safe_load(pushed()[ENTRIES])[0]["dataset"] == {
        "id": "org/prompts",
        "task_id": "linear_regression",
        "revision": "c0" * 20,
    }
    assert files_of(model) == before
    assert len(hub.repos[NAME].commits) == 2  # that of the repository's making, and one of everything


def test_without_a_card(model, pushed):
    (model / CARD).write_text("notes of mine")
    assert run("push", model, NAME, "--no-card")[0] == 0
    assert set(pushed()) == {CONFIG, WEIGHTS}


def test_a_folder_a_task(by_task, tmp_path, pushed):
    assert run("push", tmp_path / "by_task", NAME)[0] == 2  # d is not the task's, so that no card can be made
    assert run("push", tmp_path / "by_task", NAME, "--no-card")[0] == 0
    assert set(pushed()) == {
        f"{task}/{name}" for task in ("linear_regression", "decision_tree") for name in (CONFIG, WEIGHTS)
    }


def test_a_file_that_is_no_card_of_ours_stays(model, record, tmp_path, pushed):
    (model / CARD).write_text("---\nlibrary_name: other\n---\nnotes of mine")
    code, stdout, stderr = run("card", model, "--record", record)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert "is not a card of icl-bench; name another place with --out" in stderr
    assert (model / CARD).read_text().endswith("notes of mine")
    assert run("card", model, "--record", record, "--out", tmp_path / "card.md", *DATASET)[0] == 0
    assert run("card", model, "--out", tmp_path / "card.md")[0] == 0  # ours is replaced
    assert (tmp_path / ENTRIES).is_file()
    assert "is pushed as it is; leave out --record" in run("push", model, NAME, "--record", record)[2]
    assert run("push", model, NAME)[0] == 0
    assert pushed()[CARD].endswith(b"notes of mine")


def test_where_a_card_goes(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("card", "reference/gpt2")[0] == 0
    assert "# reference/gpt2" in (tmp_path / CARD).read_text()
    assert "unknown licence 'apache'" in run("card", model, "--licence", "apache")[2]
    assert not (model / CARD).exists()


def test_who_is_not_logged_in(model, hub: HubServer):
    code, stdout, stderr = run("push", model, NAME)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert "may not be written; log in by `hf auth login`" in stderr


def test_names_that_are_none(model, pushed):
    assert "is not a name on the Hub" in run("push", model, "a b/c")[2]
    assert "holds no config.json" in run("push", model.parent.parent / "nowhere", NAME, "--no-card")[2]
