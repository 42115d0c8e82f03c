"""For every test: the named axes of functions are checked at each call, in the modules that name some (the
check takes longer than most functions), threads are few, and git looks at the folders of the test, inside a
hook too. Slow tests come first."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# numba compiles plain functions, not checked ones
UNCHECKED = ("icl_bench.blocks.kernels", "icl_bench.baselines.kernels")


def _with_axes() -> list[str]:
    """The modules whose functions name axes."""
    root = Path(find_spec("icl_bench").origin).parent
    named = [
        ".".join(["icl_bench", *path.relative_to(root).with_suffix("").parts])
        for path in sorted(root.rglob("*.py"))
        if "from jaxtyping import" in path.read_text(encoding="utf-8")
    ]
    return [name for name in named if not name.startswith(UNCHECKED)]


install_import_hook(_with_axes(), "beartype.beartype")

import torch  # noqa: E402

from icl_bench.git import git_environment  # noqa: E402

torch.set_num_threads(1)
for name in os.environ.keys() - git_environment().keys():
    del os.environ[name]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than processors, for tests of Slurm and of time limits mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of slow tests first: at the end, no worker waits long for another that has a long one left."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _fresh_prompts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python objects are scored on prompts that are drawn anew: those of tests never vary."""
    monkeypatch.setattr("icl_bench.evaluation.run.new_seed", lambda: "5" * 40)
