"""Suites and tasks are found by name, and a wrong name or file is reported in one line."""

import json
import shutil

import pytest
from raising import raises

from icl_bench.errors import InputError, SpecError, SuiteError, UnknownNameError
from icl_bench.suites import find_task, load_suite, suite_names


def new_version(tasks_folder, name: str) -> None:
    shutil.copytree(tasks_folder / "tiny-v1", tasks_folder / name)
    path = tasks_folder / name / "suite.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("tiny-v1", name), encoding="utf-8")


def test_both_suites_are_there():
    assert {"mini-v1", "paper-v1"} <= set(suite_names())


def test_a_family_name_means_its_newest_version(tasks_folder):
    for name in ("tiny-v2", "tiny-v10", "other-v11"):
        new_version(tasks_folder, name)
    assert suite_names() == ["other-v11", "tiny-v1", "tiny-v2", "tiny-v10"]
    assert load_suite("tiny").name == "tiny-v10"
    assert load_suite("tiny-v2").name == "tiny-v2"


def test_a_task_is_found_by_its_path():
    suite, task = find_task("paper/linear_regression")
    assert (suite.name.rpartition("-")[0], task.name, task.points) == ("paper", "linear_regression", 41)
    assert find_task(f"{suite.name}/linear_regression") == (suite, task)


@pytest.mark.parametrize(
    ("name", "code", "data"),
    [
        ("papr/linear_regression", "unknown-suite", ("'papr'", "did you mean 'paper'")),
        ("mini/sparse_partiy", "unknown-task", ("'sparse_partiy'", "mini-v")),
        ("../tasks/linear_regression", "unknown-suite", "'..'"),
    ],
)
def test_an_unknown_name_gives_the_nearest(name, code, data):
    with raises(UnknownNameError, code, naming=data):
        find_task(name)


def test_a_name_without_a_task():
    with raises(InputError, "not-suite-task", naming="'mini'"):
        find_task("mini")


def test_tasks_keep_the_order_of_the_suite():
    suite = load_suite("paper")
    assert list(suite.tasks) == suite.spec.tasks


def test_a_suite_without_a_lock_says_how_to_get_one(tasks_folder):
    suite = load_suite("tiny")
    for get in (lambda: suite.lock, lambda: suite.lock_hash):
        with raises(SuiteError, "no-lock", naming="`icl-bench tasks lock"):
            get()


def test_a_folder_and_its_suite_have_one_name(tasks_folder):
    (tasks_folder / "tiny-v1").rename(tasks_folder / "tiny-v3")
    with raises(SpecError, "other-name", naming="'tiny-v1'"):
        load_suite("tiny-v3")


def test_an_edited_suite_is_refused(tiny):
    """More prompts under the old lock would be another suite under the old name."""
    path = tiny.folder / "suite.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("prompts: 40", "prompts: 41"), encoding="utf-8")
    with raises(SuiteError, "lock-differs", naming=tiny.lock_path):
        load_suite("tiny").lock  # noqa: B018


def test_a_lock_of_other_tasks_is_refused(tiny):
    lock = json.loads(tiny.lock_path.read_text(encoding="utf-8"))
    del lock["tasks"]["sparse_parity"]
    tiny.lock_path.write_text(json.dumps(lock), encoding="utf-8")
    with raises(SuiteError, "lock-differs", naming=tiny.lock_path):
        tiny.lock  # noqa: B018


def test_a_task_file_that_is_missing(tasks_folder):
    (tasks_folder / "tiny-v1" / "sparse_parity.yaml").unlink()
    with raises(SpecError, "no-file", naming="sparse_parity.yaml"):
        load_suite("tiny")
