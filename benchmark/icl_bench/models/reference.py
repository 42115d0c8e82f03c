"""The references, the twelve architectures of the 2024 study: `reference/NAME`."""

from icl_bench.models.shipped import REFERENCE, bare_name, shipped_names, shipped_spec
from icl_bench.specs.architecture import ArchitectureSpec

PREFIX = f"{REFERENCE}/"


def reference_names(suite: str) -> list[str]:
    """The names of the references that have a spec for a suite, as `llama`, sorted."""
    return [bare_name(name) for name in shipped_names(REFERENCE, suite)]


def reference_spec(name: str, suite: str, task: str | None = None) -> ArchitectureSpec:
    """The spec of a reference at a suite's sizes, and at those of one of its tasks where they differ."""
    return shipped_spec(PREFIX + name, suite, task)
