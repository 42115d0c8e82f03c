"""Imports point downwards only, no files import each other, and nothing is imported before it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import icl_bench

PACKAGE = Path(icl_bench.__file__).parent
MODULES = {
    ".".join(("icl_bench", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if "_bundled" not in path.parts
}

# A part may import from its own level or from one further down (a smaller number).
LEVELS = {
    "errors": 0,
    "charts": 1,
    "compiled": 1,
    "files": 1,
    "git": 1,
    "interruptions": 1,
    "locks": 1,
    "resources": 1,
    "predictor": 1,
    "progress": 1,
    "temporary": 1,
    "workers": 2,
    "specs": 2,
    "views": 2,
    "cluster": 3,
    "environment": 3,
    "function_classes": 3,
    "shifts": 4,
    "blocks": 3,
    "baselines": 4,
    "suites": 5,
    "scoring": 6,
    "models": 6,
    "text": 6,
    "frozen": 7,
    "entries": 7,
    "evaluation": 8,
    "records": 9,
    "probes": 10,
    "ranking": 10,
    "display": 10,
    "model_card": 11,
    "training": 11,
    "hub_dataset": 12,
    "submissions": 12,
    "leaderboard": 13,
    "__init__": 14,
    "cli": 15,
    "__main__": 16,
}


def imported_parts(path: Path) -> set[str]:
    """The parts of the package that a file imports anywhere, inside functions too."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "icl_bench":  # `from icl_bench import x` means the part x, or a name of the top
                names = [f"icl_bench.{a.name if a.name in LEVELS else '__init__'}" for a in node.names]
            assert node.level == 0, f"{path}: relative import"
        parts |= {name.split(".")[1] for name in names if name.startswith("icl_bench.")}
        if "icl_bench" in names:
            parts.add("__init__")
    return parts


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_part_has_a_level() -> None:
    parts = {part_of(path) for path in PACKAGE.rglob("*.py") if "_bundled" not in path.parts}
    assert parts <= set(LEVELS)


def test_imports_point_downwards() -> None:
    upward = [
        f"{path.relative_to(PACKAGE)} imports {part}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for part in sorted(imported_parts(path))
        if part_of(path) != "__init__" and LEVELS[part] > LEVELS[part_of(path)]
    ]
    assert upward == []


def imported_modules(source: str) -> set[str]:
    """The files of the package that code imports where it runs, inside functions too.

    A package that is imported stands for its `__init__.py`.
    """
    modules = set()
    for node in run_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules |= {name if name in MODULES else node.module for name in names}
    return modules & MODULES.keys()


def run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all that is in it, but for what type checkers alone read."""
    yield node
    for child in ast.iter_child_nodes(node):
        checked_only = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
        for inner in child.orelse if checked_only else [child]:
            yield from run_nodes(inner)


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Files that import each other, the first one again at the end; none where there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_files_import_each_other() -> None:
    imports = {name: imported_modules(path.read_text()) - {name} for name, path in MODULES.items()}
    assert circle(imports) == []


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import icl_bench.files", {"icl_bench.files"}),
        ("from icl_bench import files, evaluate", {"icl_bench.files", "icl_bench"}),
        ("from icl_bench.suites import Suite, lock", {"icl_bench.suites", "icl_bench.suites.lock"}),
        ("def read():\n    from icl_bench.files import sync", {"icl_bench.files"}),
        ("if typing.TYPE_CHECKING:\n    import icl_bench.files", set()),
        ("if TYPE_CHECKING:\n    import icl_bench.files\nelse:\n    import icl_bench.git", {"icl_bench.git"}),
        ("import numpy", set()),
    ],
)
def test_what_a_file_imports_is_seen_wherever_it_does(source: str, modules: set[str]) -> None:
    assert imported_modules(source) == modules


def test_a_circle_is_noticed_however_long_it_is() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


@pytest.mark.slow
def test_models_do_not_import_the_compiler() -> None:
    """It takes as long as torch itself; whoever compiles imports it."""
    code = "import sys, icl_bench.models.model; print('torch' in sys.modules, 'torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_help_imports_nothing_heavy() -> None:
    """`icl-bench --help` has half a second; torch alone takes longer."""
    heavy = "torch numpy pandas scipy sklearn datasets pydantic numba huggingface_hub"
    code = f"import sys, icl_bench, icl_bench.cli; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
