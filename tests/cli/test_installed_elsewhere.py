"""What help texts and notes say holds where the working folder is not the checkout that is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from known_commands import verbs

from icl_bench.resources import data_folder, other_checkout

ROOT = data_folder("tasks").parent


@pytest.mark.parametrize("name", [" ".join(words) for words in verbs()])
def test_a_help_text_names_no_path_that_only_a_checkout_has(name: str) -> None:
    """`submissions/user__model`, of a pull request, is a path in a checkout of one's own."""
    help_text = verbs()[tuple(name.split())].help or ""
    options = " ".join(getattr(param, "help", None) or "" for param in verbs()[tuple(name.split())].params)
    words = [word.strip(",.;()`") for word in f"{help_text} {options}".split()]
    paths = [word for word in words if "/" in word and not word.startswith("results/")]  # made by runs
    assert [path for path in paths if (ROOT / path).is_file()] == []
    assert "submissions/reference" not in help_text


def test_another_checkout_is_noticed_from_any_folder_of_it(tmp_path: Path) -> None:
    other = tmp_path / "second"
    (other / "benchmark" / "icl_bench").mkdir(parents=True)
    (other / "benchmark" / "icl_bench" / "resources.py").touch()
    assert other_checkout(other) == other_checkout(other / "benchmark") == other
    assert other_checkout(tmp_path) is None
    assert other_checkout(ROOT) is other_checkout(ROOT / "tasks") is None


def test_in_another_checkout_it_is_said_which_tasks_are_read(tmp_path: Path) -> None:
    """With the environment of the first one the tasks of the first one are scored."""
    (tmp_path / "benchmark" / "icl_bench").mkdir(parents=True)
    (tmp_path / "benchmark" / "icl_bench" / "resources.py").touch()
    path = f"{ROOT / 'benchmark'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        [sys.executable, "-m", "icl_bench", "baselines", "list", "--json"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("[")
    assert str(data_folder("tasks")) in done.stderr
    assert f"pip install --editable {tmp_path}" in done.stderr
    assert done.stderr.count("\n") == 1
