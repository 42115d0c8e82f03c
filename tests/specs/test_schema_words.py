"""Messages about a file that breaks a schema are in the words of its author, not in those of a library."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from raising import raises

import icl_bench
from icl_bench.errors import SpecError
from icl_bench.resources import data_folder
from icl_bench.specs.architecture import load_architecture
from icl_bench.specs.names import PATTERN_WORDS
from icl_bench.specs.recipe import load_recipe
from icl_bench.specs.schema import Strict
from icl_bench.specs.submission import parse_submission
from icl_bench.specs.suite import load_suite_lock, load_suite_spec, load_task_spec


@pytest.fixture
def spec() -> dict:
    """The content of a spec's file that is right."""
    path = next((data_folder("submissions") / "reference").rglob("gpt2.yaml"))
    return yaml.safe_load(path.read_text())


def message_of(tmp_path: Path, spec: dict) -> str:
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    with pytest.raises(SpecError) as caught:
        load_architecture(tmp_path / "spec.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", ["GPT2", "my model", "gpt²", "-x", "x" * 65])
def test_the_letters_of_a_name_are_reported(tmp_path, spec, name):
    message = message_of(tmp_path, spec | {"name": name})
    assert "name: write at most 64 small letters (a to z), digits, '.', '_' and '-'" in message
    assert "pattern" not in message
    assert "^" not in message


def schemas() -> Iterator[type[BaseModel]]:
    """Every schema of the package."""
    for module in pkgutil.walk_packages(icl_bench.__path__, "icl_bench."):
        if module.name.split(".")[1] in ("specs", "leaderboard", "blocks", "baselines", "function_classes"):
            importlib.import_module(module.name)
    waiting: list[type[BaseModel]] = [Strict]
    while waiting:
        schema = waiting.pop()
        waiting += schema.__subclasses__()
        yield schema


def test_every_pattern_has_its_words():
    """Pydantic would show the regular expression."""

    def patterns(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            for inner in value.values():
                yield from patterns(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from patterns(inner)

    used = {pattern for schema in schemas() for pattern in patterns(schema.model_json_schema())}
    assert used
    assert used <= set(PATTERN_WORDS)


def test_a_spec_of_a_newer_icl_bench_says_so(tmp_path, spec):
    """Before its keys, which this one cannot know, are reported as wrong."""
    message = message_of(tmp_path, spec | {"schema": 2, "memory": 7})
    assert "schema: 2 was made by a newer icl-bench, and this one reads 1; update icl-bench" in message
    assert "schema: " in message_of(tmp_path, spec | {"schema": 0})
    assert "newer icl-bench" not in message_of(tmp_path, spec | {"schema": "2"})


def test_every_other_file_of_a_newer_icl_bench_says_so(tmp_path):
    with raises(SpecError, "newer-schema", naming=99):
        parse_submission({"schema": 99}, "submission.yaml")
    suite = data_folder("tasks") / "mini-v1"
    for file in ("suite.yaml", "linear_regression.yaml", "recipe.yaml"):
        content = yaml.safe_load((suite / file).read_text())
        (tmp_path / file).write_text(yaml.safe_dump(content | {"schema": 99, "unheard": 1}))
    lock = json.loads((suite / "lock.json").read_text())
    (tmp_path / "lock.json").write_text(json.dumps(lock | {"schema": 99}))
    with raises(SpecError, "newer-schema", naming=99):
        load_suite_spec(tmp_path)
    with raises(SpecError, "newer-schema", naming=99):
        load_task_spec(tmp_path, "linear_regression", pytest.fail)
    with raises(SpecError, "newer-schema", naming=99):
        load_recipe(tmp_path / "recipe.yaml", "linear_regression", ["linear_regression"])
    with raises(SpecError, "newer-schema", naming=99):
        load_suite_lock(tmp_path)


def test_a_pointer_of_git_lfs_is_reported(tmp_path):
    (tmp_path / "spec.yaml").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with raises(SpecError, "lfs-pointer", naming="`git lfs pull`"):
        load_architecture(tmp_path / "spec.yaml")
