"""`icl-bench submit` writes what `submissions validate` accepts, and overwrites nothing in silence."""

import json
import shutil
from pathlib import Path

import pytest
from hub_repository import GOOD_TOKEN
from raising import raises
from submissions.submitted import MODEL, SPEC, SUITE, TASKS, tiny_files
from submissions.submitting import CARD, FACTS, refused, seen, submit
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.errors import InputError
from icl_bench.submissions import submit as submit_module
from icl_bench.submissions.fetch import fetch_submission
from icl_bench.submissions.validate import checked_submission

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_tiny_folder")]


def test_one_command_writes_a_valid_file_and_says_how_to_go_on(repo, file):
    code, printed, _ = submit("--paper", "https://arxiv.org/abs/2411.03945", "--description", "Small.")
    assert code == 0
    submission, commit = seen(file), repo.refs["main"]
    assert (submission.model, submission.suites, submission.licence) == (MODEL, [SUITE], "mit")
    (run,) = submission.runs
    assert (run.seed, run.revision, run.suite) == (0, commit, None)
    assert set(run.files) == {
        f"{task}/{name}" for task in TASKS for name in ("config.json", "model.safetensors")
    }
    assert submission.spec.to_dict() == SPEC
    assert submission.training_data == FACTS[-1]
    assert all(task in printed for task in TASKS)
    assert printed.endswith(
        "next, in a clone of the repository, once the file is there too:\n"
        "git fetch origin main\n"
        f"git switch --no-track --create submit-someone__model-{commit[:8]} origin/main\n"
        "git add -- submissions/someone__model/submission.yaml\n"
        "git commit --message 'Submit someone/model' -- submissions/someone__model/submission.yaml\n"
        "gh pr create --title 'Submit someone/model' --body "
        f"'someone/model: tiny-v1-seed-0 at {commit[:12]}.'\n"
    )


def test_the_file_is_plain_data_in_the_order_of_the_schema_and_the_same_each_time(repo, file):
    submit()
    text = file.read_text(encoding="utf-8")
    keys = [line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert keys == ["schema", "model", "suites", "runs", "spec", "licence", "authors", "training_data"]
    assert not [mark for mark in ("#", "&", "*", "!!", "{", "null") if mark in text]
    file.unlink()
    submit()
    assert file.read_text(encoding="utf-8") == text
    code, printed, _ = submit()
    assert (code, "is already up to date" in printed) == (0, True)


def test_records_stand_for_evaluating_again(repo, file, monkeypatch):
    assert (
        CliRunner().invoke(app, ["evaluate", MODEL, "--suite", "tiny", "--output", "r.json"]).exit_code == 0
    )
    newer = repo.commit({**repo.commits[repo.refs["main"]], "README.md": b"newer"})
    monkeypatch.setattr(submit_module, "evaluate_source", pytest.fail)
    assert submit("--record", "r.json")[0] == 0
    assert seen(file).runs[0].revision != newer
    assert "is not submitted; name it, or leave it out" in refused(
        f"{MODEL}@{newer}", "--record", "r.json", "--replace"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda record: record["model"].update(id="someone/else"),
            "r.json is of someone/else, not of someone/model on the",
        ),
        (
            lambda record: record["model"].update(revision=None),
            "r.json is of someone/model, not of someone/model on the Hub",
        ),
        (
            lambda record: record["tasks"].pop("vector_mqar"),
            "has other tasks than the submission lists files for",
        ),
        (
            lambda record: record["tasks"]["vector_mqar"]["checkpoint"].update(sha256="0" * 64),
            "was not answered by vector_mqar/model.safetensors as listed",
        ),
        (
            lambda record: record["tasks"]["vector_mqar"]["estimates"]["score"].update(value=0.9),
            "the file was changed, evaluate again",
        ),
    ],
)
def test_a_record_that_is_not_of_the_run_is_refused(repo, file, change, message):
    CliRunner().invoke(app, ["evaluate", MODEL, "--suite", "tiny", "--output", "r.json"])
    whole = json.loads(Path("r.json").read_text())
    change(whole)
    Path("r.json").write_text(json.dumps(whole))
    assert message in refused("--record", "r.json")
    assert not file.exists()


def test_every_revision_is_a_run_of_its_seed(repo, file, tmp_path):
    first = repo.refs["main"]
    second = repo.commit(tiny_files(tmp_path / "seed-7", seed=7))
    repo.refs["seven"] = second
    assert submit(f"{MODEL}@seven", f"{MODEL}@{first}")[0] == 0
    assert {run.seed: run.revision for run in seen(file).runs} == {0: first, 7: second}
    same = repo.commit({**repo.commits[first], "README.md": b"again"})
    message = refused(f"{MODEL}@{first}", f"{MODEL}@{same}")
    assert f"{first[:12]} and {same[:12]} of {MODEL} are both of seed 0; name one revision a seed" in message


def test_one_training_is_not_submitted_as_two_seeds(repo, file, tmp_path):
    first = repo.refs["main"]
    copies = tiny_files(tmp_path / "copy", seed=0, training={"seed": 1})
    second = repo.commit(copies)
    message = refused(f"{MODEL}@{first}", f"{MODEL}@{second}")
    assert f"{first[:12]} and {second[:12]} have the same weights for linear_regression" in message
    assert not file.exists()


def test_a_checkpoint_whose_seed_is_not_known_can_be_submitted(hub, file, tmp_path):
    """As converted ones are: their notes say that there is none."""
    hub.repo(MODEL, tiny_files(tmp_path / "a", training={"seed": None}))
    assert submit()[0] == 0
    assert [str(path) for path in fetch_submission(checked_submission(file), tmp_path / "fetched")]


def test_a_run_that_tells_no_seed_has_the_lowest_that_is_free(hub, file, tmp_path):
    repo = hub.repo(MODEL, tiny_files(tmp_path / "a", training=None))
    first = repo.refs["main"]
    second = repo.commit(tiny_files(tmp_path / "b", seed=5, training={"seed": 0}))
    assert submit(f"{MODEL}@{first}", f"{MODEL}@{second}")[0] == 0
    assert {run.seed: run.revision for run in seen(file).runs} == {0: second, 1: first}


def test_what_cannot_be_said_is_reported_before_anything_is_fetched(repo, hub, file):
    for arguments, message in (
        (("--licence", "apache"), "licence: unknown licence 'apache'; did you mean"),
        (("--code", "http://x.org"), "links.code: 'http://x.org' is not a link"),
    ):
        assert message in refused(*arguments)
    assert hub.requests == []


def test_all_that_is_missing_is_named_in_one_line(repo, hub):
    assert refused(facts=()).endswith(f"of {MODEL} than is known; give --licence, --author, --training-data")
    assert refused(facts=FACTS[:2]).endswith("give --author, --training-data")
    assert hub.asked_files() == set()


def test_the_licence_may_be_that_of_the_models_card(hub, file, tmp_path):
    hub.repo(MODEL, tiny_files(tmp_path / "seed-0") | {"README.md": CARD})
    assert submit(facts=FACTS[2:])[0] == 0
    assert seen(file).licence == "Apache-2.0"
    hub.repo(MODEL, {**tiny_files(tmp_path / "seed-0"), "README.md": b"---\nlicense: other\n---\n"})
    shutil.rmtree(file.parent)
    assert "give --licence (the card's licence 'other' is not among" in refused(facts=FACTS[2:])


def test_a_cards_licence_is_not_faulted_where_something_else_is_missing(hub, tmp_path):
    hub.repo(MODEL, {**tiny_files(tmp_path / "seed-0"), "README.md": b"---\nlicense: mit\n---\n"})
    assert refused(facts=()).endswith("than is known; give --author, --training-data")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--description", "<script>alert(1)</script>"), "description: the text holds markup"),
        (("--author", "Ana \u202e"), "authors[1]: the text holds U+202E"),
        (
            ("--code", "javascript:alert(1)"),
            "links.code: 'javascript:alert(1)' is not a link that is accepted",
        ),
        (("--licence", "apache"), "unknown licence 'apache'; did you mean 'apache-2.0'?"),
        (
            (f"{MODEL}@main", "someone/else"),
            "someone/model and someone/else are two models; submit each on its",
        ),
        (("someone/model;reboot",), "'someone/model;reboot' is not the name of a model on the Hub"),
        ((f"{MODEL}@main", "--revision", "v1"), "name revisions twice; keep one of them"),
        ((f"{MODEL}@nowhere",), "has no revision 'nowhere'"),
    ],
)
def test_what_cannot_be_submitted_is_reported_before_anything_is_evaluated(
    repo, file, monkeypatch, arguments, message
):
    monkeypatch.setattr(submit_module, "evaluate_source", pytest.fail)
    assert message in refused(*arguments)
    assert not file.exists()


def test_a_repository_that_is_not_public_is_refused(repo, hub, file, monkeypatch):
    repo.private = True
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    assert "is private, gated or not there; a submission is of a model that is public" in refused()
    assert not file.exists()


def with_another_mqar(folder: Path) -> dict[str, bytes]:
    """Files of a model whose spec for vector_mqar is another."""
    wider = tiny_files(folder / "b", width=16)
    return tiny_files(folder / "a") | {name: wider[name] for name in wider if name.startswith("vector")}


def test_a_task_may_have_a_spec_of_its_own(hub, file, tmp_path):
    hub.repo(MODEL, with_another_mqar(tmp_path))
    assert submit()[0] == 0
    submission = seen(file)
    assert (submission.spec.width, {task: spec.width for task, spec in submission.specs.items()}) == (
        8,
        {"vector_mqar": 16},
    )
    text = file.read_text()
    submit()
    assert file.read_text() == text


def test_seeds_of_a_task_that_have_different_specs_are_two_models(hub, tmp_path):
    repo = hub.repo(MODEL, tiny_files(tmp_path))
    first = repo.refs["main"]
    second = repo.commit(with_another_mqar(tmp_path))
    message = refused(f"{MODEL}@{first}", f"{MODEL}@{second}")
    assert "vector_mqar holds different specs in the revisions" in message


def test_from_python_the_result_says_what_was_written_and_nothing_is_printed(repo, file, capsys):
    facts = {"licence": "mit", "authors": "Ana Ω", "training_data": "Prompts."}
    result = icl_bench.submit(MODEL, suite="tiny", **facts)
    assert result.file.absolute() == file
    assert result.submission == seen(file)
    assert (result.changed, result.checkout) == (True, None)
    assert result.commands[-1][:3] == ["gh", "pr", "create"]
    ((run, record),) = result.records.items()
    assert run == "tiny-v1-seed-0"
    assert set(icl_bench.load_record(record).tasks) == set(TASKS)
    with raises(InputError, "no-model"):
        icl_bench.submit([], suite="tiny")
    reported = []
    again = icl_bench.submit(MODEL, suite="tiny", records=[record], report=reported.append)
    assert (again.changed, again.records) == (False, {run: record})
    assert reported[-1] == f"{result.file} is already up to date"
    assert capsys.readouterr() == ("", "")
