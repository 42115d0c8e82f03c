"""For every test: the named axes of public functions are checked at each call, threads are few, and git
looks at the folders of the test, inside a hook too. Slow tests come first."""

import os
import pkgutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# numba compiles plain functions, not checked ones
UNCHECKED = {"icl_bench.blocks.kernels", "icl_bench.baselines.kernels"}


def _modules() -> list[str]:
    root = Path(find_spec("icl_bench").origin).parent
    parts = [module.name for module in pkgutil.iter_modules([str(root)])]
    opened = {part for part in parts for name in UNCHECKED if name.startswith(f"icl_bench.{part}.")}
    inside = [
        f"icl_bench.{part}.{module.name}"
        for part in sorted(opened)
        for module in pkgutil.iter_modules([str(root / part)])
    ]
    return [f"icl_bench.{part}" for part in parts if part not in opened] + inside


install_import_hook([name for name in _modules() if name not in UNCHECKED], "beartype.beartype")

import torch  # noqa: E402

from icl_bench.git import git_environment  # noqa: E402

torch.set_num_threads(1)
for name in os.environ.keys() - git_environment().keys():
    del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of slow tests first: at the end, no worker waits long for another that has a long one left."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _fresh_prompts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python objects are scored on prompts that are drawn anew: those of tests never vary."""
    monkeypatch.setattr("icl_bench.evaluation.run.new_seed", lambda: "5" * 40)
