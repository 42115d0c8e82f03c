"""What `import icl_bench` offers: every public function is found, documented, and its example runs."""

import ast
import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import icl_bench

pytestmark = pytest.mark.slow

PUBLIC = [name for name in icl_bench.__all__ if name != "__version__"]
NAMES = [name for name in PUBLIC if not isinstance(getattr(icl_bench, name), type)]


def examples(name: str) -> doctest.DocTest:
    documented = icl_bench if name == "icl_bench" else getattr(icl_bench, name)
    text = inspect.getdoc(documented)
    return doctest.DocTestParser().get_doctest(text, {"icl_bench": icl_bench, "torch": torch}, name, None, 0)


@pytest.mark.parametrize("name", ["icl_bench", *NAMES])
def test_an_example_prints_what_its_docstring_says(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = examples(name)
    assert test.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.REPORT_NDIFF)
    output: list[str] = []
    runner.run(test, out=output.append)
    assert runner.failures == 0, "".join(output)


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_names_every_argument_and_the_errors(name: str) -> None:
    function = getattr(icl_bench, name)
    text = inspect.getdoc(function) or ""
    for argument in inspect.signature(function).parameters:
        assert f"{argument}:" in text, f"{name} does not say what {argument} is"
    assert "Raises " in text


def test_the_errors_are_public_too() -> None:
    errors = {name for name, value in vars(icl_bench.errors).items() if name.endswith("Error")}
    assert len(errors) > 5
    assert errors - set(PUBLIC) == set()
    with pytest.raises(icl_bench.InputError):
        icl_bench.load_suite("nothing")


def test_tab_completion_and_import_offer_the_public_functions() -> None:
    assert set(dir(icl_bench)) == set(icl_bench.__all__)
    done = subprocess.run(
        [sys.executable, "-c", "from icl_bench import *; print(sorted(set(dir()) - {'__version__'}))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {name for name in ast.literal_eval(done.stdout) if not name.startswith("__")}
    assert imported == set(PUBLIC)
    with pytest.raises(AttributeError, match="has no attribute 'evalaute'"):
        _ = icl_bench.evalaute
