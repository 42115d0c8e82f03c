"""`icl-bench tasks export SUITE OUT`: a folder that `datasets` loads, whole or not at all."""

import json
import os

import pytest
import yaml
from hub_dataset.loading import loaded_hashes, locked_hashes
from huggingface_hub import DatasetCard
from raising import raises
from typer.testing import CliRunner

import icl_bench
from icl_bench.cli import app
from icl_bench.cli.export import export
from icl_bench.errors import InputError, StorageError, SuiteError
from icl_bench.hub_dataset.folder import write_dataset
from icl_bench.suites import lock


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tasks", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def bytes_below(folder) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_loaded_is_as_locked(tiny, tmp_path):
    code, stdout, stderr = run("export", "tiny", tmp_path / "out")
    assert (code, stdout) == (0, f"wrote tiny-v1 to {tmp_path / 'out'}: 4 tasks, 7 files\n")
    assert stderr.count("\n") == 1  # how far it is
    for task in tiny.tasks:
        assert loaded_hashes(str(tmp_path / "out"), tiny, task) == locked_hashes(tiny, task)


def test_queries_and_the_tasks_of_other_suites(own_suite, tmp_path):
    write_dataset(own_suite, tmp_path / "out")
    assert {"queries", "query_ys"} <= locked_hashes(own_suite, "linear_repeated").keys()
    for task in own_suite.tasks:
        assert loaded_hashes(str(tmp_path / "out"), own_suite, task) == locked_hashes(own_suite, task)


def test_texts_and_parameters_of_whole_numbers(text_suite, tmp_path):
    write_dataset(text_suite, tmp_path / "out")
    assert "texts" in locked_hashes(text_suite, "dnf3")
    assert loaded_hashes(str(tmp_path / "out"), text_suite, "dnf3") == locked_hashes(text_suite, "dnf3")


def test_the_same_bytes_at_every_export(tiny, tmp_path):
    for folder in ("a", "b", "a"):  # the second time in place of the first
        write_dataset(tiny, tmp_path / folder)
    assert bytes_below(tmp_path / "a") == bytes_below(tmp_path / "b")
    assert set(os.listdir(tmp_path / "a")) == {"README.md", "croissant.json", "eval.yaml", *tiny.tasks}


def test_the_card_defines_every_task(own_suite, tmp_path):
    write_dataset(own_suite, tmp_path / "out")
    card = DatasetCard.load(tmp_path / "out/README.md")
    data = card.data.to_dict()
    assert (data["license"], data["size_categories"]) == ("apache-2.0", "n<1K")
    assert data["configs"][1] == {
        "config_name": "linear_repeated",
        "data_files": [{"split": "test", "path": "linear_repeated/eval.parquet"}],
    }
    for name, task in own_suite.tasks.items():
        part = card.text.split(f"### `{name}`")[1].split("###")[0].replace("\\_", "_")
        shown = (task.function_class.formula, task.function_class.prior, task.baseline, task.exact)
        for value in (*shown, task.exact_note, f"points {task.points}", own_suite.full_name(name)):
            assert str(value).replace("`", "'") in part
        for digest in own_suite.lock.tasks[name].hashes().values():
            assert digest in part
    assert own_suite.tasks["linear_repeated"].shift.changes in card.text.replace("`", "")
    assert own_suite.hash in card.text
    assert "icl-bench tasks verify --suite own-v2" in card.text
    assert "`Repeats <b>an</b> example.`" in card.text  # nothing that a suite says is markup


def test_the_card_cites_as_the_citation_file(tiny, tmp_path):
    file = next(p for p in (tmp_path.cwd(), *tmp_path.cwd().parents) if (p / "CITATION.cff").is_file())
    citation = yaml.safe_load((file / "CITATION.cff").read_text())
    write_dataset(tiny, tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    for words in (citation["message"], citation["title"], citation["authors"][0]["name"]):
        assert words.rstrip(".") in card
    assert f"Version {icl_bench.__version__}, suite tiny-v1, hash {tiny.hash}" in card


def test_the_hash_in_the_card_is_that_of_the_loaded_array(tiny, tmp_path, monkeypatch):
    write_dataset(tiny, tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    blocks = [block.split("```")[0] for block in card.split("```python\n")[1:]]
    assert len(blocks) == 2
    names: dict = {}
    for block in blocks:
        exec(block.replace("PATH/OF/THIS/FOLDER", str(tmp_path / "out")), names)  # noqa: S102  our own words
    assert names["digest"] == tiny.lock.tasks[next(iter(tiny.tasks))].xs


def test_the_benchmark_file_has_every_task(tiny, tmp_path):
    write_dataset(tiny, tmp_path / "out")
    benchmark = yaml.safe_load((tmp_path / "out/eval.yaml").read_text())
    assert set(benchmark) == {"name", "description", "evaluation_framework", "tasks"}
    assert benchmark["tasks"] == [{"id": task, "config": task, "split": "test"} for task in tiny.tasks]


@pytest.mark.parametrize(
    ("name", "out", "words"),
    [
        (
            "tiny",
            "prompts.npz",
            "name a folder for a suite",
        ),
        ("tiny/linear_regression", "prompts", "end the name in .npz"),
        ("tinny", "prompts", "tiny"),
        ("tiny/", "prompts", "unknown task"),
    ],
)
def test_names_that_do_not_go_together(tiny, tmp_path, name, out, words):
    code, stdout, stderr = run("export", name, tmp_path / out)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert words in stderr
    assert list(tmp_path.iterdir()) == []


def test_a_suite_does_not_go_into_the_file_of_a_task(tiny, tmp_path):
    with raises(InputError, "suite-into-file", naming=("tiny", "SUITE/TASK")):
        export("tiny", tmp_path / "tiny.npz")


def test_a_folder_of_something_else_stays(tiny, tmp_path):
    for name in ("notes.txt", "README.md", "task/notes.txt"):
        path = tmp_path / name.partition("/")[0].partition(".")[0] / name
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        folder = tmp_path / path.relative_to(tmp_path).parts[0]
        with raises(StorageError, "not-a-dataset-folder", naming=folder):
            write_dataset(tiny, folder)
        assert path.read_text() == "mine"
    write_dataset(tiny, tmp_path / "out")
    (tmp_path / "out/linear_regression/notes.txt").write_text("mine")
    with raises(StorageError, "not-a-dataset-folder"):
        write_dataset(tiny, tmp_path / "out")
    assert (tmp_path / "out/linear_regression/notes.txt").exists()


def test_prompts_that_are_not_as_locked_leave_what_was_there(tiny, tmp_path, monkeypatch):
    write_dataset(tiny, tmp_path / "out")
    before = bytes_below(tmp_path / "out")
    monkeypatch.setattr(lock, "texts_hash", None)
    changed = lock.generate
    monkeypatch.setattr(
        lock, "generate", lambda task, *stream: changed(task, *stream)._replace(ys=changed(task, *stream).xs)
    )
    with raises(SuiteError, "prompts-differ"):
        write_dataset(tiny, tmp_path / "out")
    assert bytes_below(tmp_path / "out") == before
    assert os.listdir(tmp_path) == ["out"]


def test_a_suite_without_a_lock(own_suite, tmp_path):
    own_suite.lock_path.unlink()
    with raises(SuiteError, "no-lock", naming="icl-bench tasks lock own-v2"):
        write_dataset(own_suite, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_paths_that_are_returned_are_those_that_are_there(tiny, tmp_path):
    assert sorted(write_dataset(tiny, tmp_path / "out")) == sorted(bytes_below(tmp_path / "out"))
    assert json.loads((tmp_path / "out/croissant.json").read_text())["name"] == "tiny-v1"
